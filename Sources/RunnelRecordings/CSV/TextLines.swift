/// The lines of a text file, one after the other, in bounded memory. Lines end in LF or CRLF.
struct TextLines {
  struct Line {
    /// Without its end.
    var bytes: ArraySlice<UInt8>
    /// Of its first byte in the file.
    var place: Int
    /// 1-based.
    var number: Int
  }

  let file: OpenFile
  private var buffer: [UInt8] = []
  /// Of the next byte, in the buffer; and the buffer's in the file.
  private var position = 0
  private var base: Int
  private var number: Int

  private static let blockSize = 1 << 16
  /// Bytes of a line; more is no table of numbers.
  private static let longest = 1 << 20

  /// - Parameters:
  ///   - place: of the first line's first byte.
  ///   - number: of that line.
  init(_ file: OpenFile, at place: Int = 0, number: Int = 1) {
    self.file = file
    base = place
    self.number = number
  }

  /// Nil at the end of the file.
  mutating func next() throws(RecordingError) -> Line? {
    var searched = position
    while true {
      if let end = buffer[searched...].firstIndex(of: 0x0A) { return line(end, next: end + 1) }
      searched = buffer.count
      guard searched - position < Self.longest else {
        throw RecordingError(
          .unsupported, file: file.path, at: .line(number, column: nil),
          "the line has more than \(Self.longest) bytes", remedy: "check that it is a table of numbers")
      }
      let more = try file.bytes(at: base + buffer.count, count: Self.blockSize)
      if more.isEmpty { return position < buffer.count ? line(buffer.count, next: buffer.count) : nil }
      buffer.removeFirst(position)
      base += position
      searched -= position
      position = 0
      buffer += more
    }
  }

  private mutating func line(_ end: Int, next: Int) -> Line {
    let last = end > position && buffer[end - 1] == 0x0D ? end - 1 : end
    defer {
      position = next
      number += 1
    }
    return Line(bytes: buffer[position..<last], place: base + position, number: number)
  }
}
