/// Bytes of a file read in order, field by field: the small headers of binary formats.
///
///     var fields = FileFields(bytes, file: path, base: 12)
///     let rate = try fields.integer(UInt32.self, "the sample rate")
///
/// What is cut short or wrong is told with its place in the file.
struct FileFields {
  let bytes: [UInt8]
  let file: String
  /// Place of the first byte in the file.
  let base: Int
  /// What to do about bytes that are wrong.
  let remedy: String
  /// Of the next byte, in `bytes`.
  var position = 0

  init(_ bytes: [UInt8], file: String, base: Int = 0, remedy: String = "copy the file again") {
    self.bytes = bytes
    self.file = file
    self.base = base
    self.remedy = remedy
  }

  var rest: Int { bytes.count - position }
  /// Of the next byte, in the file.
  var place: Int { base + position }

  mutating func integer<T: FixedWidthInteger>(_ type: T.Type, _ what: String) throws(RecordingError) -> T {
    let size = MemoryLayout<T>.size
    try need(size, what)
    var value: T = 0
    for byte in 0..<size { value |= T(truncatingIfNeeded: bytes[position + byte]) << T(8 * byte) }
    position += size
    return value
  }

  mutating func double(_ what: String) throws(RecordingError) -> Double {
    Double(bitPattern: try integer(UInt64.self, what))
  }

  mutating func take(_ count: Int, _ what: String) throws(RecordingError) -> ArraySlice<UInt8> {
    try need(count, what)
    defer { position += count }
    return bytes[position..<position + count]
  }

  /// Text of so many bytes: UTF-8, and Latin-1 where it is not that.
  mutating func text(_ count: Int, _ what: String) throws(RecordingError) -> String {
    HeaderLine.text(try take(count, what))
  }

  private func need(_ count: Int, _ what: String) throws(RecordingError) {
    guard count >= 0, count <= rest else {
      throw RecordingError(
        .length, file: file, at: .byte(base + bytes.count),
        "expected \(what) (\(count) bytes), found \(rest) bytes before the end", remedy: remedy)
    }
  }

  func malformed(at place: Int? = nil, _ expected: String, found: String) -> RecordingError {
    RecordingError(
      .malformed, file: file, at: .byte(place ?? self.place), "expected \(expected), found \(found)", remedy: remedy)
  }
}
