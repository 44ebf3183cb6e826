import RunnelCore

extension AnnotationFile {
  /// The bytes of the file, in the order of `annotations`; one that lies before its predecessor is written with a
  /// negative skip. `file` is the name that errors give.
  ///
  /// Throws `unsupported` for a code above 49, a text above 255 bytes, and times too far apart.
  public func encoded(file: String) throws(RecordingError) -> [UInt8] {
    var output = AnnotationBytes(file: file)
    if let resolution {
      let stated = Int64(exactly: resolution).map { "\($0)" } ?? "\(resolution)"
      try output.append(Annotation(at: 0, code: .comment, text: Self.resolutionText + stated))
      // Ends the preamble as wfdb-python does: a place holder at no distance.
      try output.append(Annotation(at: 0, code: AnnotationCode(rawValue: 0)))
    }
    for annotation in annotations { try output.append(annotation) }
    output.append(word: 0)
    return output.bytes
  }
}

private struct AnnotationBytes {
  let file: String
  var bytes: [UInt8] = []
  private var at: Int64 = 0
  private var number: Int8 = 0
  private var channel: UInt8 = 0

  /// The farthest that one annotation may lie from the last: 2^40 ticks, in at most 512 skips.
  private static let farthest: Int64 = 1 << 40

  init(file: String) { self.file = file }

  mutating func append(word: UInt16) {
    bytes.append(UInt8(word & 0xFF))
    bytes.append(UInt8(word >> 8))
  }

  private mutating func append(code: UInt16, _ value: UInt16) { append(word: code << 10 | value) }

  mutating func append(_ annotation: Annotation) throws(RecordingError) {
    let code = UInt16(annotation.code.rawValue)
    guard code <= 49 else { throw refusal(annotation, "code \(code) is above 49") }
    let (distance, overflow) = annotation.at.subtractingReportingOverflow(at)
    guard !overflow, distance.magnitude <= Self.farthest else {
      throw refusal(annotation, "it lies too far from the annotation before it")
    }
    // Code 0 with an interval of 0 would end the file: such a word always carries an interval of 1 at least.
    let least: Int64 = code == 0 ? 1 : 0
    if (least...1023).contains(distance) {
      append(code: code, UInt16(distance))
    } else {
      skip(distance - least)
      append(code: code, UInt16(least))
    }
    at = annotation.at
    try appendModifiers(annotation)
  }

  /// In the order of wfdb-python: number, subtype, channel, text. Number and channel hold until changed.
  private mutating func appendModifiers(_ annotation: Annotation) throws(RecordingError) {
    if annotation.number != number {
      append(code: AnnotationFile.Word.number, UInt16(UInt8(bitPattern: annotation.number)))
    }
    if annotation.subtype != 0 {
      append(code: AnnotationFile.Word.subtype, UInt16(UInt8(bitPattern: annotation.subtype)))
    }
    if annotation.channel != channel { append(code: AnnotationFile.Word.channel, UInt16(annotation.channel)) }
    (channel, number) = (annotation.channel, annotation.number)
    let text = Array(annotation.text.utf8)
    if text.isEmpty { return }
    guard text.count <= 255 else { throw refusal(annotation, "its text has \(text.count) bytes, 255 are allowed") }
    append(code: AnnotationFile.Word.text, UInt16(text.count))
    bytes += text
    if text.count % 2 == 1 { bytes.append(0) }
  }

  private mutating func skip(_ distance: Int64) {
    var rest = distance
    while rest != 0 {
      let step = Int32(clamping: rest)
      append(code: AnnotationFile.Word.skip, 0)
      let bits = UInt32(bitPattern: step)
      append(word: UInt16(bits >> 16))
      append(word: UInt16(truncatingIfNeeded: bits))
      rest -= Int64(step)
    }
  }

  private func refusal(_ annotation: Annotation, _ problem: String) -> RecordingError {
    RecordingError(
      .unsupported, file: file, "the annotation at \(annotation.at) cannot be written: \(problem)",
      remedy: "leave it out or shorten it")
  }
}
