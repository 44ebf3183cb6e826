/// One line of a WFDB header, read field by field, and what to say where a field is wrong.
struct HeaderLine {
  struct Field {
    var text: String
    /// 1-based, in bytes.
    var column: Int
  }

  let file: String
  let number: Int
  private let bytes: [UInt8]
  private var position = 0

  init(_ bytes: [UInt8], file: String, number: Int) {
    self.bytes = bytes
    self.file = file
    self.number = number
  }

  /// Spaces and tabs separate fields.
  private static func separates(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }

  /// Where the next field would start, 1-based.
  var column: Int { position + 1 }

  mutating func next() -> Field? {
    skipSeparators()
    let start = position
    while position < bytes.count, !Self.separates(bytes[position]) { position += 1 }
    return start == position ? nil : Field(text: Self.text(bytes[start..<position]), column: start + 1)
  }

  /// What is left of the line, without separators around it; nil where nothing is.
  mutating func rest() -> String? {
    skipSeparators()
    var end = bytes.count
    while end > position, Self.separates(bytes[end - 1]) { end -= 1 }
    let left = bytes[position..<end]
    position = bytes.count
    return left.isEmpty ? nil : Self.text(left)
  }

  private mutating func skipSeparators() {
    while position < bytes.count, Self.separates(bytes[position]) { position += 1 }
  }

  /// UTF-8, and Latin-1 where it is not that: old headers write µV with one byte.
  static func text(_ bytes: some Collection<UInt8>) -> String {
    String(validating: bytes, as: UTF8.self)
      ?? String(String.UnicodeScalarView(bytes.map { Unicode.Scalar($0) }))
  }

  func failure(
    _ kind: RecordingError.Kind = .malformed, column: Int? = nil, expected: String, found: String? = nil,
    remedy: String = "correct the line"
  ) -> RecordingError {
    let found = found.map { "'\($0)'" } ?? "the end of the line"
    return RecordingError(
      kind, file: file, at: .line(number, column: column ?? self.column), "expected \(expected), found \(found)",
      remedy: remedy)
  }

  /// The next field as a whole number; nil where the line has ended.
  mutating func integer(_ what: String) throws(RecordingError) -> Int? {
    guard let field = next() else { return nil }
    guard let value = Int(field.text) else {
      throw failure(column: field.column, expected: "\(what), a whole number", found: field.text)
    }
    return value
  }
}
