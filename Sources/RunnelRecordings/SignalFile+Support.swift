extension SignalFile {
  /// Refuses, in words, what a header may say and runnel does not read.
  static func checkSupport(_ header: WFDBHeader, path: String) throws(RecordingError) {
    if header.isMultiSegment {
      let layout = header.segments.first?.rows == 0 ? " with a layout record" : ""
      throw RecordingError(
        .unsupported, file: path,
        "'\(header.name)' is a multi-segment record\(layout), and records of one segment are read",
        remedy: "name one of its segments"
          + (header.segments.first { $0.name != "~" && $0.rows > 0 }.map { ", for example \($0.name)" } ?? ""))
    }
    var seen: Set<String> = []
    for (index, signal) in header.signals.enumerated() {
      let earlier = index > 0 && header.signals[index - 1].file == signal.file ? header.signals[index - 1] : nil
      try check(signal, after: earlier, path: path)
      guard earlier != nil || seen.insert(signal.file).inserted else {
        throw failure(
          .malformed, signal, path, "signals of one file on neighbouring lines; '\(signal.file)' comes back",
          remedy: "put the lines of one file together")
      }
    }
  }

  private static func check(_ signal: WFDBHeader.Signal, after earlier: WFDBHeader.Signal?, path: String)
    throws(RecordingError)
  {
    if signal.file == "~" {
      throw failure(
        .unsupported, signal, path, "a signal file, found '~' (a layout header has no samples)",
        remedy: "name the record of a segment")
    }
    if signal.file == "-" {
      throw failure(
        .unsupported, signal, path, "a signal file, found '-' (standard input)", remedy: "write the samples to a file")
    }
    if signal.file.hasPrefix("/") || signal.file.split(separator: "/").contains("..") {
      throw failure(
        .unsupported, signal, path, "a signal file in the header's folder, found '\(signal.file)'",
        remedy: "put the file beside the header")
    }
    if WFDBFormat(rawValue: signal.format) == nil {
      throw failure(
        .unsupported, signal, path, "signal format 212 or 16, found format \(signal.format)",
        remedy: "convert the record to format 16, for example with xform or wfdb.wrsamp")
    }
    if signal.samplesPerFrame != 1 {
      throw failure(
        .unsupported, signal, path, "one sample per frame, found \(signal.samplesPerFrame)",
        remedy: "convert the record to one rate, for example with xform -M or wfdb.rdrecord(smooth_frames=True)")
    }
    if signal.skew != 0 {
      throw failure(
        .unsupported, signal, path, "a skew of 0, found \(signal.skew)",
        remedy: "convert the record with xform, which removes skew")
    }
    if let earlier, earlier.format != signal.format || earlier.byteOffset != signal.byteOffset {
      throw failure(
        .malformed, signal, path, "the format and byte offset of the line before, which names the same file",
        remedy: "give all signals of a file the same")
    }
  }

  private static func failure(
    _ kind: RecordingError.Kind, _ signal: WFDBHeader.Signal, _ path: String, _ expected: String, remedy: String
  ) -> RecordingError {
    RecordingError(kind, file: path, at: .line(signal.line, column: nil), "expected \(expected)", remedy: remedy)
  }
}
