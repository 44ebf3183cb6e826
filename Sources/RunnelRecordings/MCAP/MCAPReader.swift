import RunnelCore

/// The messages of an MCAP file in the order in which they were recorded (docs/foreign-formats.md §11), a chunk at a
/// time.
///
///     var reader = try MCAPReader("morning.mcap")
///     while let item = try reader.next() {
///       if case .message(let message) = item { print(reader.channels[message.channel]!.topic, message.data.count) }
///     }
///
/// Chunks may be bare, `zstd` or `lz4`; records of unknown kinds are passed over. It reads from the front, so that a file
/// that was cut gives all that is in it: `end` then says where and why it stopped, and of the last chunk what is whole
/// is given. A checksum that is wrong is kept in `wrongChecksums`, and reading goes on.
public struct MCAPReader: Sendable {
  public enum Item: Sendable {
    case message(MCAPMessage)
    /// The content of an attachment's record, checked but for its checksum, and of a metadata record.
    case attachment([UInt8])
    case metadata([UInt8])
  }

  /// How the file ended.
  public enum End: Sendable, Hashable {
    /// With its footer and the magic behind it.
    case whole
    /// In the middle of the record at this byte, or with nothing but zeros from there on, as after a loss of power.
    case cut(at: Int)
    /// At this byte, before something that is no record: what was expected, what was found.
    case damaged(at: Int, expected: String, found: String)
  }

  public let path: String
  public private(set) var channels: [UInt16: MCAPChannel] = [:]
  public private(set) var schemas: [UInt16: MCAPSchema] = [:]
  /// Nil until `next` has given nil.
  public private(set) var end: End?
  /// Places of chunks and attachments, and of the data's end, whose checksum is not that of their bytes.
  public private(set) var wrongChecksums: [Int] = []
  /// Messages of channels that the file does not describe.
  public private(set) var orphans = 0
  public private(set) var chunkCount = 0
  /// Whether the end of the data was read: what follows are indexes and sums of what came before.
  public private(set) var hasAllData = false
  /// Of the record that the last item came from, at the file's own level: its chunk, or itself.
  public private(set) var place = 0
  /// Of the next one.
  public private(set) var position: Int
  public let size: Int

  private let file: OpenFile
  /// The records of the open chunk, the next one, and how the file ends where they do not end whole.
  private var chunk: (bytes: [UInt8], position: Int, ending: End?)?
  /// Of every byte up to `summed`, as long as the file is read from its front.
  private var checksum = ZipChecksum()
  private var summed = 0
  private var isOrdered = true

  /// Bytes of a chunk's records, and of any record that is looked into.
  static let longest = 256 << 20
  private static let remedy = "check that it is an MCAP file and was copied whole"

  /// - Throws: `malformed` for what does not begin as an MCAP file.
  public init(_ path: String) throws(RecordingError) {
    self.path = path
    file = try OpenFile(path, regularOnly: true)
    size = file.size
    let head = try file.bytes(at: 0, count: MCAPMagic.bytes.count)
    guard head == MCAPMagic.bytes else {
      let isCut = MCAPMagic.bytes.starts(with: head)
      throw RecordingError(
        .malformed, file: path, at: .byte(isCut ? head.count : 0),
        isCut ? "the file ends before its first record" : "expected the first bytes of an MCAP file",
        remedy: Self.remedy)
    }
    position = head.count
    checksum.update(head)
    summed = head.count
  }

  /// Goes to the record at a place that was `place` before.
  mutating func seek(to place: Int) {
    position = place
    chunk = nil
    end = nil
    isOrdered = false
  }

  /// The next item; nil at the end.
  ///
  /// - Throws: `malformed` for records that break the format inside, `unsupported` for compressions that are not known.
  public mutating func next() throws(RecordingError) -> Item? {
    while end == nil {
      if let item = try nextInChunk() { return .message(item) }
      if let item = try nextRecord() { return item }
    }
    return nil
  }

  // MARK: inside a chunk

  private mutating func nextInChunk() throws(RecordingError) -> MCAPMessage? {
    guard case (let bytes, var position, let ending)? = chunk else { return nil }
    chunk = nil
    while position < bytes.count {
      guard let length = Self.length(bytes, at: position), bytes.count - position - 9 >= length else {
        end = ending ?? damaged("whole records in the chunk", "one across its end")
        return nil
      }
      let opcode = bytes[position]
      let range = position + 9..<position + 9 + length
      position = range.upperBound
      if opcode == MCAPOpcode.message {
        if let message = try message(bytes, range) {
          chunk = (bytes, position, ending)
          return message
        }
      } else {
        try describe(opcode, Array(bytes[range]))
      }
    }
    end = ending
    return nil
  }

  /// Of the record at a place; nil where there is no room for one.
  private static func length(_ bytes: [UInt8], at place: Int) -> Int? {
    guard bytes.count - place >= 9 else { return nil }
    let length = (0..<8).reduce(UInt64(0)) { $0 | UInt64(bytes[place + 1 + $1]) << (8 * UInt64($1)) }
    return Int(exactly: length)
  }

  private mutating func message(
    _ bytes: [UInt8], _ range: Range<Int>
  ) throws(RecordingError) -> MCAPMessage? {
    guard range.count >= 22 else {
      throw wrong("a message of at least 22 bytes", "\(range.count)")
    }
    func integer<T: FixedWidthInteger>(_ offset: Int, _: T.Type) -> T {
      (0..<MemoryLayout<T>.size).reduce(T(0)) {
        $0 | T(truncatingIfNeeded: bytes[range.lowerBound + offset + $1]) << T(8 * $1)
      }
    }
    let channel = integer(0, UInt16.self)
    guard channels[channel] != nil else {
      orphans += 1
      return nil
    }
    return MCAPMessage(
      channel: channel, sequence: integer(2, UInt32.self), logTime: integer(6, UInt64.self),
      publishTime: integer(14, UInt64.self), data: bytes[range.lowerBound + 22..<range.upperBound])
  }

  /// Takes a schema or channel.
  private mutating func describe(_ opcode: UInt8, _ content: [UInt8]) throws(RecordingError) {
    var fields = FileFields(content, file: path, base: place, remedy: Self.remedy)
    switch opcode {
    case MCAPOpcode.schema:
      let id = try fields.integer(UInt16.self, "a schema's number")
      guard id != 0 else { throw wrong("a schema's number above 0", "0") }
      let (name, encoding) = (try fields.mcapString("a schema's name"), try fields.mcapString("a schema's encoding"))
      let size = Int(try fields.integer(UInt32.self, "a schema's size"))
      schemas[id] = MCAPSchema(name: name, encoding: encoding, data: Array(try fields.take(size, "a schema")))
    case MCAPOpcode.channel:
      let (id, schema) = (
        try fields.integer(UInt16.self, "a channel's number"), try fields.integer(UInt16.self, "a schema's number")
      )
      let (topic, encoding) = (try fields.mcapString("a topic"), try fields.mcapString("an encoding"))
      let channel = MCAPChannel(
        topic: topic, encoding: encoding, schema: schema, metadata: try fields.mcapMap("a channel's metadata"))
      guard channels[id] ?? channel == channel else {
        throw wrong("channel \(id) as it was described first", "topic \(Quoted.name(topic))")
      }
      channels[id] = channel
    default: break
    }
  }

  // MARK: the file's own records

  private mutating func nextRecord() throws(RecordingError) -> Item? {
    place = position
    let head = try file.bytes(at: position, count: 9)
    guard head.count == 9, let length = Self.length(head, at: 0) else {
      end = head.isEmpty || head.count < 9 ? .cut(at: position) : damaged("a record's length", "2^63 bytes or more")
      return nil
    }
    let opcode = head[0]
    guard opcode != 0 else {
      end = try isZero(from: position) ? .cut(at: position) : damaged("a record", "opcode 0")
      return nil
    }
    let content = position + 9
    guard length <= size - content else {
      if opcode == MCAPOpcode.chunk { try openCut(content) }
      if chunk == nil { end = .cut(at: position) }
      return nil
    }
    position = content + length
    switch opcode {
    case MCAPOpcode.message, MCAPOpcode.schema, MCAPOpcode.channel, MCAPOpcode.chunk, MCAPOpcode.attachment,
      MCAPOpcode.metadata:
      guard length <= Self.longest else {
        if opcode == MCAPOpcode.attachment {
          isOrdered = false
          return nil
        }
        throw RecordingError(
          .unsupported, file: path, at: .byte(place),
          "a record of \(length) bytes; at most \(Self.longest) are read", remedy: "record with smaller chunks")
      }
      return try item(opcode, try load(content, length))
    case MCAPOpcode.dataEnd:
      guard length == 4 else { throw wrong("an end of data of 4 bytes", "\(length)") }
      try checkData(try file.bytes(at: content, count: 4))
      hasAllData = true
    case MCAPOpcode.footer:
      let isEnded = try file.bytes(at: position, count: MCAPMagic.bytes.count) == MCAPMagic.bytes
      end = isEnded ? .whole : .cut(at: place)
    default: _ = try load(content, length)
    }
    return nil
  }

  private func isZero(from place: Int) throws(RecordingError) -> Bool {
    var place = place
    while case let block = try file.bytes(at: place, count: 1 << 20), !block.isEmpty {
      guard block.allSatisfy({ $0 == 0 }) else { return false }
      place += block.count
    }
    return true
  }

  private mutating func item(_ opcode: UInt8, _ content: [UInt8]) throws(RecordingError) -> Item? {
    switch opcode {
    case MCAPOpcode.message: return try message(content, content.indices).map(Item.message)
    case MCAPOpcode.chunk:
      chunkCount += 1
      try open(content)
      return nil
    case MCAPOpcode.attachment:
      guard content.count >= 4 else { throw wrong("an attachment", "\(content.count) bytes") }
      let stated = content.suffix(4).reversed().reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
      if stated != 0, stated != ZipChecksum.of(content.dropLast(4)) { wrongChecksums.append(place) }
      return .attachment(content)
    case MCAPOpcode.metadata: return .metadata(content)
    default:
      try describe(opcode, content)
      return nil
    }
  }

  /// The content of a record, which the checksum of the data section covers.
  private mutating func load(_ content: Int, _ length: Int) throws(RecordingError) -> [UInt8] {
    if isOrdered, place == summed { checksum.update(try file.bytes(at: place, count: 9)) }
    // What is not looked into may be long.
    guard length <= Self.longest else {
      isOrdered = false
      return []
    }
    let bytes = try file.bytes(at: content, count: length)
    guard bytes.count == length else {
      throw RecordingError(
        .length, file: path, at: .byte(content + bytes.count), "the file was cut short while it was read",
        remedy: "wait until nobody writes it, or copy it again")
    }
    if isOrdered, place == summed {
      checksum.update(bytes)
      summed = content + length
    }
    return bytes
  }

  private mutating func checkData(_ stated: [UInt8]) throws(RecordingError) {
    let sum = stated.reversed().reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
    if sum != 0, isOrdered, summed == place, sum != checksum.value { wrongChecksums.append(place) }
    isOrdered = false
  }

  // MARK: chunks

  private struct ChunkHead {
    var size: Int
    var checksum: UInt32
    var compression: MCAPCompression
    var length: Int

    init(_ fields: inout FileFields) throws(RecordingError) {
      _ = try fields.take(16, "the times of a chunk")
      let stated = try fields.integer(UInt64.self, "the size of a chunk's records")
      checksum = try fields.integer(UInt32.self, "the checksum of a chunk's records")
      let name = try fields.mcapString("a chunk's compression")
      guard let compression = MCAPCompression(rawValue: name) else {
        throw RecordingError(
          .unsupported, file: fields.file, at: .byte(fields.base),
          "expected a chunk that is bare, zstd or lz4, found \(Quoted.name(name))",
          remedy: "compress it anew, for example with mcap compress")
      }
      self.compression = compression
      guard stated <= UInt64(MCAPReader.longest) else {
        throw fields.malformed("a chunk of at most \(MCAPReader.longest) bytes", found: "\(stated)")
      }
      size = Int(stated)
      length = Int(clamping: try fields.integer(UInt64.self, "the length of a chunk"))
    }
  }

  private mutating func open(_ content: [UInt8]) throws(RecordingError) {
    var fields = FileFields(content, file: path, base: place + 9, remedy: Self.remedy)
    let head = try ChunkHead(&fields)
    let records = try fields.take(head.length, "the records of a chunk")
    let unpacked = records.withUnsafeBytes { head.compression.unpacked($0, limit: head.size) }
    guard let unpacked, unpacked.isWhole, unpacked.bytes.count == head.size else {
      // What can be had of it is given, then reading ends.
      let ending = damaged("\(head.size) bytes in the chunk", "\(unpacked?.bytes.count ?? 0)")
      chunk = (unpacked?.bytes ?? [], 0, ending)
      return
    }
    if head.checksum != 0, head.checksum != ZipChecksum.of(unpacked.bytes) { wrongChecksums.append(place) }
    chunk = (unpacked.bytes, 0, nil)
  }

  /// A chunk that the file's end cuts: the records that are whole.
  private mutating func openCut(_ content: Int) throws(RecordingError) {
    let bytes = try file.bytes(at: content, count: Self.longest)
    var fields = FileFields(bytes, file: path, base: content, remedy: Self.remedy)
    // Cut inside its head it has nothing to give.
    guard let head = try? ChunkHead(&fields) else { return }
    let records = bytes[fields.position...].prefix(head.length)
    guard let unpacked = records.withUnsafeBytes({ head.compression.unpacked($0, limit: head.size) }) else { return }
    chunkCount += 1
    chunk = (unpacked.bytes, 0, .cut(at: place))
  }

  private func damaged(_ expected: String, _ found: String) -> End {
    .damaged(at: place, expected: expected, found: found)
  }

  private func wrong(_ expected: String, _ found: String) -> RecordingError {
    RecordingError(
      .malformed, file: path, at: .byte(place), "expected \(expected), found \(found)", remedy: Self.remedy)
  }
}
