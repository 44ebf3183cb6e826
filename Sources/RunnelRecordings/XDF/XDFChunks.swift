/// The chunks of an XDF file, one after the other (docs/foreign-formats.md §12).
struct XDFChunks {
  enum Tag {
    static let fileHeader: UInt16 = 1
    static let streamHeader: UInt16 = 2
    static let samples: UInt16 = 3
    static let clockOffset: UInt16 = 4
    static let boundary: UInt16 = 5
  }

  struct Chunk {
    var tag: UInt16
    /// Of the content behind the tag.
    var place: Int
    var size: Int
  }

  let file: OpenFile
  private(set) var place = 4
  /// Bytes that were damaged and left out, and whether the last chunk is cut.
  private(set) var skipped = 0
  private(set) var isCut = false

  /// Bytes of a chunk; LabRecorder writes one every half second.
  private static let longest = 1 << 28
  private static let boundary: [UInt8] = [
    0x43, 0xA5, 0x46, 0xDC, 0xCB, 0xF5, 0x41, 0x0F, 0xB3, 0x0E, 0xD5, 0x46, 0x73, 0x83, 0xCB, 0xE4,
  ]

  init(_ file: OpenFile) throws(RecordingError) {
    self.file = file
    guard try file.bytes(at: 0, count: 4).elementsEqual(Array("XDF:".utf8)) else {
      throw RecordingError(
        .malformed, file: file.path, at: .byte(0), "expected the first bytes of an XDF file, 'XDF:'",
        remedy: "check that it is an XDF file")
    }
  }

  /// Nil at the end of the file, or where it is cut. Behind damage it goes on at the next boundary.
  mutating func next() throws(RecordingError) -> Chunk? {
    while place < file.size {
      let head = try file.bytes(at: place, count: 11)
      if let (chunk, end) = Self.chunk(head, at: place) {
        guard end <= file.size else {
          isCut = true
          return nil
        }
        if chunk.size <= Self.longest {
          place = end
          return chunk
        }
      }
      guard let resume = try boundary(after: place) else {
        isCut = true
        return nil
      }
      skipped += resume - place
      place = resume
    }
    return nil
  }

  /// [u8 n ∈ {1, 4, 8}] [n bytes of length] [u16 tag]; nil where the bytes are no such head.
  private static func chunk(_ head: [UInt8], at place: Int) -> (Chunk, end: Int)? {
    guard let width = head.first.map(Int.init), [1, 4, 8].contains(width), head.count >= 1 + width + 2 else {
      return nil
    }
    let length = (0..<width).reduce(UInt64(0)) { $0 | UInt64(head[1 + $1]) << (8 * UInt64($1)) }
    guard length >= 2, length < 1 << 60 else { return nil }
    let tag = UInt16(head[1 + width]) | UInt16(head[2 + width]) << 8
    guard (1...6).contains(tag) else { return nil }
    let content = place + 1 + width + 2
    return (Chunk(tag: tag, place: content, size: Int(length) - 2), content + Int(length) - 2)
  }

  /// Behind the next boundary chunk's content.
  private func boundary(after start: Int) throws(RecordingError) -> Int? {
    var offset = start
    while offset < file.size {
      let block = try file.bytes(at: offset, count: 1 << 20)
      if let found = block.firstRange(of: Self.boundary) { return offset + found.upperBound }
      guard block.count == 1 << 20 else { return nil }
      offset += block.count - Self.boundary.count
    }
    return nil
  }
}
