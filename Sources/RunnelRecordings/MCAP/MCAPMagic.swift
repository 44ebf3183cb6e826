import RunnelCore

/// The first and the last bytes of an MCAP file (docs/foreign-formats.md §11).
enum MCAPMagic { static let bytes: [UInt8] = [0x89, 0x4D, 0x43, 0x41, 0x50, 0x30, 0x0D, 0x0A] }

/// Which record follows.
enum MCAPOpcode {
  static let header: UInt8 = 0x01
  static let footer: UInt8 = 0x02
  static let schema: UInt8 = 0x03
  static let channel: UInt8 = 0x04
  static let message: UInt8 = 0x05
  static let chunk: UInt8 = 0x06
  static let messageIndex: UInt8 = 0x07
  static let chunkIndex: UInt8 = 0x08
  static let attachment: UInt8 = 0x09
  static let attachmentIndex: UInt8 = 0x0A
  static let statistics: UInt8 = 0x0B
  static let metadata: UInt8 = 0x0C
  static let metadataIndex: UInt8 = 0x0D
  static let summaryOffset: UInt8 = 0x0E
  static let dataEnd: UInt8 = 0x0F
}

/// What the messages of a channel mean.
public struct MCAPSchema: Sendable, Hashable {
  public var name: String
  public var encoding: String
  public var data: [UInt8]

  public init(name: String, encoding: String, data: [UInt8]) {
    self.name = name
    self.encoding = encoding
    self.data = data
  }
}

/// One topic of a recording.
public struct MCAPChannel: Sendable, Hashable {
  public var topic: String
  public var encoding: String
  /// Of its schema; 0 where there is none.
  public var schema: UInt16
  public var metadata: [String: String]

  public init(topic: String, encoding: String, schema: UInt16 = 0, metadata: [String: String] = [:]) {
    self.topic = topic
    self.encoding = encoding
    self.schema = schema
    self.metadata = metadata
  }
}

/// One message of a channel.
public struct MCAPMessage: Sendable {
  public var channel: UInt16
  public var sequence: UInt32
  /// When it was recorded, in Unix nanoseconds.
  public var logTime: UInt64
  public var publishTime: UInt64
  public var data: ArraySlice<UInt8>

  public init(
    channel: UInt16, sequence: UInt32, logTime: UInt64, publishTime: UInt64, data: ArraySlice<UInt8>
  ) {
    self.channel = channel
    self.sequence = sequence
    self.logTime = logTime
    self.publishTime = publishTime
    self.data = data
  }
}

/// How much of everything a file has.
struct MCAPStatistics {
  var messages: UInt64
  var schemas: UInt16
  var attachments: UInt32
  var metadata: UInt32
  var chunks: UInt32
  var times: ClosedRange<UInt64>
  /// Messages of each channel, from number 1 on.
  var counts: [UInt64]
}

/// The fields of records, as they are written.
struct MCAPBytes {
  private(set) var bytes: [UInt8] = []

  var count: Int { bytes.count }

  mutating func clear() { bytes.removeAll(keepingCapacity: true) }

  mutating func put<T: FixedWidthInteger>(_ value: T) {
    withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
  }

  mutating func put(_ text: String) {
    put(UInt32(text.utf8.count))
    bytes.append(contentsOf: text.utf8)
  }

  /// In the order of the keys, so that the same map is the same bytes.
  mutating func put(_ map: [String: String]) {
    var entries = MCAPBytes()
    for (key, value) in map.sorted(by: { $0.key < $1.key }) {
      entries.put(key)
      entries.put(value)
    }
    put(UInt32(entries.count))
    append(entries.bytes)
  }

  mutating func append(_ more: some Sequence<UInt8>) { bytes.append(contentsOf: more) }

  mutating func put(opcode: UInt8, length: Int) {
    bytes.append(opcode)
    put(UInt64(length))
  }

  mutating func put(opcode: UInt8, _ build: (inout MCAPBytes) -> Void) {
    var content = MCAPBytes()
    build(&content)
    put(opcode: opcode, length: content.count)
    append(content.bytes)
  }
}

extension MCAPBytes {
  mutating func put(_ statistics: MCAPStatistics) {
    var counts = MCAPBytes()
    for (index, count) in statistics.counts.enumerated() {
      counts.put(UInt16(index + 1))
      counts.put(count)
    }
    put(opcode: MCAPOpcode.statistics) {
      $0.put(statistics.messages)
      $0.put(statistics.schemas)
      $0.put(UInt32(statistics.counts.count))
      $0.put(statistics.attachments)
      $0.put(statistics.metadata)
      $0.put(statistics.chunks)
      $0.put(statistics.times.lowerBound)
      $0.put(statistics.times.upperBound)
      $0.put(UInt32(counts.count))
      $0.append(counts.bytes)
    }
  }

  mutating func put(_ schema: MCAPSchema, _ number: UInt16) {
    put(opcode: MCAPOpcode.schema) {
      $0.put(number)
      $0.put(schema.name)
      $0.put(schema.encoding)
      $0.put(UInt32(schema.data.count))
      $0.append(schema.data)
    }
  }

  mutating func put(_ channel: MCAPChannel, _ number: UInt16) {
    put(opcode: MCAPOpcode.channel) {
      $0.put(number)
      $0.put(channel.schema)
      $0.put(channel.topic)
      $0.put(channel.encoding)
      $0.put(channel.metadata)
    }
  }
}

extension FileFields {
  mutating func mcapString(_ what: String) throws(RecordingError) -> String {
    try text(Int(try integer(UInt32.self, what)), what)
  }

  mutating func mcapMap(_ what: String) throws(RecordingError) -> [String: String] {
    let size = Int(try integer(UInt32.self, what))
    guard size <= rest else { throw malformed("\(what) of at most \(rest) bytes", found: "\(size)") }
    let end = position + size
    var map: [String: String] = [:]
    while position < end { map[try mcapString(what)] = try mcapString(what) }
    guard position == end else { throw malformed("the end of \(what)", found: "an entry across it") }
    return map
  }
}
