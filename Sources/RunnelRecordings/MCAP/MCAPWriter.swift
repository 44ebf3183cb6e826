import RunnelCore

/// Writes an MCAP file (docs/foreign-formats.md §11): chunks of compressed messages with their indexes, statistics and
/// a summary.
///
///     var writer = try MCAPWriter("morning.mcap")
///     let bed7 = writer.addChannel(MCAPChannel(topic: "s/bed7/", encoding: "runnel.v1"))
///     try writer.append(bed7, sequence: 1, logTime: now, publishTime: now, data)
///     try writer.finish()
///
/// A chunk is closed when it passes 1 MiB, or before a message that was recorded a second after its first; who records
/// also calls `closeChunk` every second, so that a crash costs at most that. The file appears whole with `finish`, or
/// grows under its own name where it is visible: what is then there after a crash, `MCAPRecovery` makes a file again.
/// Such a file is brought to the disk by who records: the writer waits for it only where the file is not visible.
/// Where writing fails, nothing of the chunk counts as written, and `salvage` ends the file behind the last whole one.
public struct MCAPWriter: ~Copyable {
  /// Messages so far, those of the open chunk among them.
  public private(set) var messageCount: UInt64 = 0
  /// Bytes so far, without what waits in the open chunk.
  public private(set) var size = 0
  /// What the file would have if it were finished now, or a little less: what waits is compressed then.
  public var finishedSize: Int {
    size + chunk.records.count + chunk.messageCount * Self.indexEntry + summary.size + Self.endSize
  }

  private var file: AtomicFile
  private let packer: MCAPPacker
  private var checksum = ZipChecksum()
  private var schemas: [MCAPSchema] = []
  private var channels: [Channel] = []
  private var chunk = OpenChunk()
  private var summary = MCAPSummary()
  private var record = MCAPBytes()

  private struct Channel {
    var described: MCAPChannel
    /// Whether the records that describe it are in the file.
    var isWritten = false
    /// Messages in chunks that are written.
    var count: UInt64 = 0
    /// (log time, place) of its messages in the open chunk.
    var index = MCAPBytes()
  }

  private struct OpenChunk {
    var records = MCAPBytes()
    var times: ClosedRange<UInt64>?
    var first: UInt64 = 0
    var messageCount = 0
  }

  static let mostChannels = Int(UInt16.max)
  private static let chunkSize = 1 << 20
  private static let chunkSpan: UInt64 = 1_000_000_000
  /// A time and a place.
  private static let indexEntry = 16
  /// At most: the end of the data, statistics, the offsets, the footer and the index of one chunk more.
  private static let endSize = 1024

  /// - Parameters:
  ///   - library: who writes it, such as `runnel 0.1.0`.
  ///   - isVisible: the file is new and grows under its own name.
  /// - Throws: `permission`, `cannotCreate`, `writeFailed`.
  public init(
    _ path: String, library: String = "runnel", profile: String = "", compression: MCAPCompression = .zstd,
    isVisible: Bool = false
  ) throws(RecordingError) {
    var head = MCAPBytes()
    head.append(MCAPMagic.bytes)
    head.put(opcode: MCAPOpcode.header) {
      $0.put(profile)
      $0.put(library)
    }
    var output = try AtomicFile(path, isVisible: isVisible)
    try output.append(head.bytes)
    if isVisible { try output.flush() }
    file = output
    packer = MCAPPacker(compression)
    checksum.update(head.bytes)
    size = head.count
  }

  /// - Returns: the number by which channels name it, from 1 on.
  public mutating func addSchema(_ schema: MCAPSchema) -> UInt16 {
    precondition(schemas.count < Int(UInt16.max), "a file has at most 65535 schemas")
    schemas.append(schema)
    summary.enter(schema)
    return UInt16(schemas.count)
  }

  /// - Returns: the number by which messages name it, from 1 on.
  public mutating func addChannel(_ channel: MCAPChannel) -> UInt16 {
    precondition(channels.count < Self.mostChannels, "a file has at most 65535 channels")
    precondition(channel.schema <= schemas.count, "a channel names a schema that was added, or 0")
    channels.append(Channel(described: channel))
    summary.enter(channel)
    return UInt16(channels.count)
  }

  /// Appends one message, whose data may come in pieces.
  ///
  /// - Throws: `writeFailed`.
  public mutating func append(
    _ channel: UInt16, sequence: UInt32, logTime: UInt64, publishTime: UInt64, _ data: UnsafeRawBufferPointer...
  ) throws(RecordingError) {
    try begin(
      channel, sequence: sequence, logTime: logTime, publishTime: publishTime,
      length: 22 + data.reduce(0) { $0 + $1.count })
    for piece in data { chunk.records.append(piece) }
    if chunk.records.count >= Self.chunkSize { try closeChunk() }
  }

  /// The same of a message of another file.
  public mutating func append(_ message: MCAPMessage, as channel: UInt16) throws(RecordingError) {
    try begin(
      channel, sequence: message.sequence, logTime: message.logTime, publishTime: message.publishTime,
      length: 22 + message.data.count)
    chunk.records.append(message.data)
    if chunk.records.count >= Self.chunkSize { try closeChunk() }
  }

  private mutating func begin(
    _ number: UInt16, sequence: UInt32, logTime: UInt64, publishTime: UInt64, length: Int
  ) throws(RecordingError) {
    if chunk.times != nil, logTime >= chunk.first.addingReportingOverflow(Self.chunkSpan).partialValue {
      try closeChunk()
    }
    let index = Int(number) - 1
    if !channels[index].isWritten { describe(index) }
    if chunk.times == nil { chunk.first = logTime }
    chunk.times = MCAPSummary.extended(chunk.times, by: logTime)
    channels[index].index.put(logTime)
    channels[index].index.put(UInt64(chunk.records.count))
    messageCount += 1
    chunk.messageCount += 1
    chunk.records.put(opcode: MCAPOpcode.message, length: length)
    chunk.records.put(number)
    chunk.records.put(sequence)
    chunk.records.put(logTime)
    chunk.records.put(publishTime)
  }

  /// Puts a channel, and its schema before it, in front of its first message.
  private mutating func describe(_ index: Int) {
    let schema = channels[index].described.schema
    if schema > 0, !channels.contains(where: { $0.isWritten && $0.described.schema == schema }) {
      chunk.records.put(schemas[Int(schema) - 1], schema)
    }
    chunk.records.put(channels[index].described, UInt16(index + 1))
    channels[index].isWritten = true
  }

  // MARK: chunks

  /// Writes what is open as a chunk with its indexes, and hands it to the kernel. Nothing where nothing is open.
  public mutating func closeChunk() throws(RecordingError) {
    guard chunk.records.count > 0 else { return }
    let packed = packer.pack(chunk.records.bytes)
    let times = chunk.times ?? 0...0
    record.put(opcode: MCAPOpcode.chunk, length: 40 + packer.compression.rawValue.utf8.count + packed.count)
    record.put(times.lowerBound)
    record.put(times.upperBound)
    record.put(UInt64(chunk.records.count))
    record.put(ZipChecksum.of(chunk.records.bytes))
    record.put(packer.compression.rawValue)
    record.put(UInt64(packed.count))
    record.append(packed)
    let length = record.count
    let offsets = putIndexes()
    let place = size
    let indexes = record.count - length
    try writeRecord()
    // The chunk is in the file: the summary will tell of it, and the next begins.
    summary.enter(
      MCAPSummary.Chunk(
        times: chunk.times, place: place, length: length, plain: chunk.records.count, packed: packed.count,
        compression: packer.compression, indexes: indexes, offsets: offsets))
    for index in channels.indices where channels[index].index.count > 0 {
      channels[index].count += UInt64(channels[index].index.count / Self.indexEntry)
    }
    dropChunk()
  }

  /// The places of the open chunk's messages, a record for each channel; (channel, place of that record) of each.
  private mutating func putIndexes() -> MCAPBytes {
    var offsets = MCAPBytes()
    for index in channels.indices where channels[index].index.count > 0 {
      offsets.put(UInt16(index + 1))
      offsets.put(UInt64(size + record.count))
      record.put(opcode: MCAPOpcode.messageIndex, length: 6 + channels[index].index.count)
      record.put(UInt16(index + 1))
      record.put(UInt32(channels[index].index.count))
      record.append(channels[index].index.bytes)
    }
    return offsets
  }

  private mutating func dropChunk() {
    chunk.records.clear()
    chunk.times = nil
    chunk.messageCount = 0
    for index in channels.indices where channels[index].index.count > 0 { channels[index].index.clear() }
  }

  /// Writes what `record` holds, and hands it to the kernel: where that fails, nothing of it counts.
  private mutating func writeRecord() throws(RecordingError) {
    defer { record.clear() }
    try file.append(record.bytes)
    try file.flush()
    checksum.update(record.bytes)
    size += record.count
  }

  // MARK: beside the messages

  /// A file beside the messages: the model, the configuration.
  public mutating func attach(
    _ name: String, mediaType: String, logTime: UInt64, _ data: [UInt8]
  ) throws(RecordingError) {
    var content = MCAPBytes()
    content.put(logTime)
    content.put(logTime)
    content.put(name)
    content.put(mediaType)
    content.put(UInt64(data.count))
    content.append(data)
    content.put(UInt32(0))
    try attach(content.bytes)
  }

  /// An attachment as `MCAPReader` gives it. Its checksum is made anew: what was kept in spite of a wrong one is no longer wrong.
  mutating func attach(_ content: [UInt8]) throws(RecordingError) {
    var fields = FileFields(content, file: file.path)
    let (log, create) = (try fields.integer(UInt64.self, "a time"), try fields.integer(UInt64.self, "a time"))
    let (name, type) = (try fields.mcapString("a name"), try fields.mcapString("a type"))
    let dataSize = try fields.integer(UInt64.self, "a size")
    try closeChunk()
    let place = size
    record.put(opcode: MCAPOpcode.attachment, length: content.count)
    record.append(content.dropLast(4))
    record.put(ZipChecksum.of(content.dropLast(4)))
    try writeRecord()
    summary.enter(
      MCAPSummary.Attachment(
        place: place, length: size - place, logTime: log, createTime: create, dataSize: dataSize, name: name,
        mediaType: type))
  }

  /// Names and values beside the messages.
  public mutating func addMetadata(_ name: String, _ values: [String: String]) throws(RecordingError) {
    var content = MCAPBytes()
    content.put(name)
    content.put(values)
    try addMetadata(content.bytes)
  }

  /// A metadata record as `MCAPReader` gives it.
  mutating func addMetadata(_ content: [UInt8]) throws(RecordingError) {
    var fields = FileFields(content, file: file.path)
    let name = try fields.mcapString("a name")
    try closeChunk()
    let place = size
    record.put(opcode: MCAPOpcode.metadata, length: content.count)
    record.append(content)
    try writeRecord()
    summary.enterMetadata(name, place: place, length: size - place)
  }

  // MARK: the end

  /// Writes the open chunk, the summary and the footer. Nothing may be appended afterwards.
  public mutating func finish() throws(RecordingError) {
    try closeChunk()
    try finishFile()
  }

  /// After writing has failed: cuts off what was begun and ends the file behind the last whole chunk. What waited in the
  /// open chunk is lost.
  ///
  /// - Returns: how many messages that were.
  /// - Throws: `writeFailed` where there is no room for the summary either; the chunks are readable all the same.
  public mutating func salvage() throws(RecordingError) -> UInt64 {
    let written = channels.reduce(0) { $0 + $1.count }
    let lost = messageCount - written
    messageCount = written
    dropChunk()
    try file.cut(to: size)
    try finishFile()
    return lost
  }

  private mutating func finishFile() throws(RecordingError) {
    let data = (size: size, sum: checksum.value)
    record.put(opcode: MCAPOpcode.dataEnd) { $0.put(data.sum) }
    record.append(
      summary.encoded(
        at: size + record.count, schemas: schemas, channels: channels.map(\.described), messages: messageCount,
        counts: channels.map(\.count)
      ).bytes)
    do throws(RecordingError) { try writeRecord() } catch {
      // Without its end it is as a crash leaves it: every chunk can be read.
      try file.cut(to: data.size)
      throw error
    }
    try file.finish()
  }
}
