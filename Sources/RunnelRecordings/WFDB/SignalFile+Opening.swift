extension SignalFile {
  /// Opens every signal file of a header of one segment.
  ///
  /// - Throws: `malformed` and `unsupported` with the line that is wrong; `notFound` and so on.
  static func open(_ header: WFDBHeader, path: String) throws(RecordingError) -> [SignalFile] {
    var files: [SignalFile] = []
    var offset = 0
    for signals in try groups(header, path: path) {
      let name = signals.first?.format == 0 ? nil : signals.first?.file
      let file = SignalFile(
        try name.map { name throws(RecordingError) in try OpenFile(path.folder + name, regularOnly: true) },
        signals: signals, offset: offset)
      files.append(file)
      offset += file.width
    }
    return files
  }

  /// The signals of each file, before any is opened.
  private static func groups(
    _ header: WFDBHeader, path: String
  ) throws(RecordingError) -> [ArraySlice<WFDBHeader.Signal>] {
    if let first = header.signals.first, header.signals.allSatisfy({ $0.file == "~" }) {
      throw failure(
        .unsupported, first, path, "a signal file, found '~' (a layout header has no samples)",
        remedy: "name the record whose header lists the segments")
    }
    var groups: [ArraySlice<WFDBHeader.Signal>] = []
    var seen: Set<String> = []
    var rest = header.signals[...]
    while let first = rest.first {
      let group = rest.prefix { $0.file == first.file && $0.format == first.format }
      for signal in group { try check(signal, with: first, path: path) }
      guard first.format == 0 || seen.insert(first.file).inserted else {
        throw failure(
          .malformed, first, path,
          "signals of one file on neighbouring lines, in one format; '\(first.file)' comes back",
          remedy: "put the lines of one file together")
      }
      groups.append(group)
      rest = rest.dropFirst(group.count)
    }
    return groups
  }

  /// The record's frames: the header's number, which every file must match, or else what the files hold.
  static func rows(_ header: WFDBHeader, _ files: [SignalFile], path: String) throws(RecordingError) -> Int {
    if let rows = header.rows {
      for file in files { try file.checkLength(rows: rows, header: path) }
      return rows
    }
    var known: (rows: Int, path: String)?
    for file in files {
      guard let rows = try file.rowsFromSize(), let path = file.file?.path else { continue }
      guard known.map({ $0.rows == rows }) ?? true else {
        throw RecordingError(
          .length, file: path, "holds \(rows) rows, \(known!.path) holds \(known!.rows)",
          remedy: "copy the record again, or give the number of samples in the header")
      }
      known = (rows, path)
    }
    return known?.rows ?? 0
  }

  private static func check(
    _ signal: WFDBHeader.Signal, with first: WFDBHeader.Signal, path: String
  ) throws(RecordingError) {
    if signal.file == "-" {
      throw failure(
        .unsupported, signal, path, "a signal file, found '-' (standard input)", remedy: "write the samples to a file")
    }
    if signal.file == "~", signal.format != 0 {
      throw failure(
        .unsupported, signal, path, "a signal file, found '~' (a layout header has no samples)",
        remedy: "name the record whose header lists the segments")
    }
    if signal.file.hasPrefix("/") || signal.file.split(separator: "/").contains("..") {
      throw failure(
        .unsupported, signal, path, "a signal file in the header's folder, found '\(signal.file)'",
        remedy: "put the file beside the header")
    }
    if WFDBFormat(rawValue: signal.format) == nil, signal.format != 0 {
      let known = WFDBFormat.allCases.map { "\($0.rawValue)" }.joined(separator: ", ")
      throw failure(
        .unsupported, signal, path, "signal format \(known), found format \(signal.format)",
        remedy: "convert the record to format 16, for example with xform or wfdb.wrsamp")
    }
    guard signal.samplesPerFrame <= 1 << 16, signal.skew <= 1 << 20 else {
      throw failure(
        .unsupported, signal, path, "at most 65536 samples a frame and a skew of at most 1048576",
        remedy: "correct the header")
    }
    if signal.byteOffset != first.byteOffset {
      throw failure(
        .malformed, signal, path, "the byte offset of the line before, which names the same file",
        remedy: "give all signals of a file the same")
    }
  }

  private static func failure(
    _ kind: RecordingError.Kind, _ signal: WFDBHeader.Signal, _ path: String, _ expected: String, remedy: String
  ) -> RecordingError {
    RecordingError(kind, file: path, at: .line(signal.line, column: nil), "expected \(expected)", remedy: remedy)
  }
}
