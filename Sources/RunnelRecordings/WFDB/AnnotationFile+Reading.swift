import RunnelCore

extension AnnotationFile {
  /// Reads the bytes of a file; `file` is the name that errors give. Bytes after the end mark are not looked at.
  ///
  /// Throws `length` where the end mark is missing or a word is cut, `malformed` where a word has no meaning: both
  /// with the byte's offset.
  public init(parsing bytes: [UInt8], file: String) throws(RecordingError) {
    self.init()
    var words = AnnotationWords(bytes, file: file)
    var at: Int64 = 0
    var number: Int8 = 0
    var channel: UInt8 = 0
    while true {
      let offset = words.position
      let word = try words.next()
      if word == 0 { break }
      let (code, value) = (word >> 10, word & 0x3FF)
      switch code {
      case Word.skip: at += Int64(try words.interval())
      case ...49:
        at += Int64(value)
        let kind = AnnotationCode(rawValue: UInt8(code))
        annotations.append(Annotation(at: at, code: kind, channel: channel, number: number))
      case Word.number...Word.text:
        guard !annotations.isEmpty else {
          throw words.failure(at: offset, expected: "an annotation first", found: "code \(code), which belongs to one")
        }
        let last = annotations.count - 1
        let low = UInt8(truncatingIfNeeded: value)
        switch code {
        case Word.number:
          number = Int8(bitPattern: low)
          annotations[last].number = number
        case Word.subtype: annotations[last].subtype = Int8(bitPattern: low)
        case Word.channel:
          channel = low
          annotations[last].channel = low
        default: annotations[last].text = try words.text(count: Int(value))
        }
      default:
        throw words.failure(at: offset, expected: "a code of 0 to 49 or 59 to 63", found: "code \(code)")
      }
    }
    takeResolution()
  }

  /// Takes the note that states the resolution, and the place holder that follows it, out of the list.
  private mutating func takeResolution() {
    guard let first = annotations.first, first.code == .comment, first.at == 0,
      first.text.hasPrefix(Self.resolutionText.dropLast())
    else { return }
    let stated = first.text.dropFirst(Self.resolutionText.count - 1).drop { $0 == " " }.prefix { $0 != " " }
    guard let value = Double(stated), value > 0, value.isFinite else { return }
    resolution = value
    annotations.removeFirst()
    if let next = annotations.first, next.code.rawValue == 0, next.at == 0 { annotations.removeFirst() }
  }
}

/// The words of an annotation file, one after the other.
private struct AnnotationWords {
  let bytes: [UInt8]
  let file: String
  var position = 0

  init(_ bytes: [UInt8], file: String) {
    self.bytes = bytes
    self.file = file
  }

  mutating func next() throws(RecordingError) -> UInt16 {
    guard position + 2 <= bytes.count else { throw cut("the end mark (two zero bytes)") }
    defer { position += 2 }
    return UInt16(bytes[position]) | UInt16(bytes[position + 1]) << 8
  }

  /// A signed 32-bit number in PDP-11 order: the high word, then the low one, each little-endian.
  mutating func interval() throws(RecordingError) -> Int32 {
    guard position + 4 <= bytes.count else { throw cut("the four bytes of a long interval") }
    let (high, low) = (UInt32(try next()), UInt32(try next()))
    return Int32(bitPattern: high << 16 | low)
  }

  /// So many bytes of text, and the zero that makes them even.
  mutating func text(count: Int) throws(RecordingError) -> String {
    guard position + count <= bytes.count else { throw cut("\(count) bytes of text") }
    defer { position += count + count % 2 }
    var end = position + count
    while end > position, bytes[end - 1] == 0 { end -= 1 }
    return HeaderLine.text(bytes[position..<end])
  }

  private func cut(_ expected: String) -> RecordingError {
    RecordingError(
      .length, file: file, at: .byte(bytes.count), "expected \(expected), found the end of the file",
      remedy: "copy the file again; it is cut short")
  }

  func failure(at offset: Int, expected: String, found: String) -> RecordingError {
    RecordingError(
      .malformed, file: file, at: .byte(offset), "expected \(expected), found \(found)",
      remedy: "check that it is an annotation file in the MIT format")
  }
}
