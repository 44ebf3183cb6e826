/// What the end of an MCAP file tells of all that lies before it (docs/foreign-formats.md §11): schemas and channels once
/// more, statistics, and where chunks, attachments and metadata lie. It grows as they are written.
///
///     summary.enter(chunk)
///     file.append(summary.encoded(at: size, …).bytes)    // groups, their offsets, footer, magic
struct MCAPSummary {
  private var chunkIndexes = MCAPBytes()
  private var chunkCount: UInt32 = 0
  private var attachmentIndexes = MCAPBytes()
  private var attachmentCount: UInt32 = 0
  private var metadataIndexes = MCAPBytes()
  private var metadataCount: UInt32 = 0
  private var times: ClosedRange<UInt64>?
  /// Bytes of schemas and channels, their counts too.
  private var describedSize = 0

  /// Where a chunk lies, what it holds, and where each channel's messages are listed behind it.
  struct Chunk {
    /// Of its messages; nil where it has none.
    var times: ClosedRange<UInt64>?
    var place: Int
    var length: Int
    var plain: Int
    var packed: Int
    var compression: MCAPCompression
    /// Bytes of the lists.
    var indexes: Int
    /// (channel, place of its list) of each.
    var offsets: MCAPBytes
  }

  struct Attachment {
    var place: Int
    var length: Int
    var logTime: UInt64
    var createTime: UInt64
    var dataSize: UInt64
    var name: String
    var mediaType: String
  }

  /// Bytes so far, or a little less, without what is the same in every file.
  var size: Int { chunkIndexes.count + attachmentIndexes.count + metadataIndexes.count + describedSize }

  // MARK: what is in the file

  mutating func enter(_ schema: MCAPSchema) {
    describedSize += schema.name.utf8.count + schema.encoding.utf8.count + schema.data.count + 32
  }

  mutating func enter(_ channel: MCAPChannel) {
    describedSize += channel.metadata.reduce(64 + channel.topic.utf8.count + channel.encoding.utf8.count) {
      $0 + $1.key.utf8.count + $1.value.utf8.count + 8
    }
  }

  mutating func enter(_ chunk: Chunk) {
    let span = chunk.times ?? 0...0
    chunkIndexes.put(opcode: MCAPOpcode.chunkIndex) {
      $0.put(span.lowerBound)
      $0.put(span.upperBound)
      $0.put(UInt64(chunk.place))
      $0.put(UInt64(chunk.length))
      $0.put(UInt32(chunk.offsets.count))
      $0.append(chunk.offsets.bytes)
      $0.put(UInt64(chunk.indexes))
      $0.put(chunk.compression.rawValue)
      $0.put(UInt64(chunk.packed))
      $0.put(UInt64(chunk.plain))
    }
    chunkCount += 1
    guard chunk.times != nil else { return }
    times = Self.extended(Self.extended(times, by: span.lowerBound), by: span.upperBound)
  }

  mutating func enter(_ attachment: Attachment) {
    attachmentIndexes.put(opcode: MCAPOpcode.attachmentIndex) {
      $0.put(UInt64(attachment.place))
      $0.put(UInt64(attachment.length))
      $0.put(attachment.logTime)
      $0.put(attachment.createTime)
      $0.put(attachment.dataSize)
      $0.put(attachment.name)
      $0.put(attachment.mediaType)
    }
    attachmentCount += 1
  }

  mutating func enterMetadata(_ name: String, place: Int, length: Int) {
    metadataIndexes.put(opcode: MCAPOpcode.metadataIndex) {
      $0.put(UInt64(place))
      $0.put(UInt64(length))
      $0.put(name)
    }
    metadataCount += 1
  }

  static func extended(_ range: ClosedRange<UInt64>?, by time: UInt64) -> ClosedRange<UInt64> {
    guard let range else { return time...time }
    return min(range.lowerBound, time)...max(range.upperBound, time)
  }

  // MARK: the end of the file

  /// All that follows the data: the groups, where each begins, the footer and the magic.
  ///
  /// - Parameters:
  ///   - start: where it will lie in the file.
  ///   - counts: messages of each channel.
  func encoded(
    at start: Int, schemas: [MCAPSchema], channels: [MCAPChannel], messages: UInt64, counts: [UInt64]
  ) -> MCAPBytes {
    var statistics = MCAPBytes()
    statistics.put(
      MCAPStatistics(
        messages: messages, schemas: UInt16(schemas.count), attachments: attachmentCount, metadata: metadataCount,
        chunks: chunkCount, times: times ?? 0...0, counts: counts))
    var summary = MCAPBytes()
    var offsets = MCAPBytes()
    for (opcode, group) in groups(schemas, channels, statistics) where group.count > 0 {
      offsets.put(opcode: MCAPOpcode.summaryOffset) {
        $0.put(opcode)
        $0.put(UInt64(start + summary.count))
        $0.put(UInt64(group.count))
      }
      summary.append(group.bytes)
    }
    let offsetStart = start + summary.count
    summary.append(offsets.bytes)
    summary.put(opcode: MCAPOpcode.footer, length: 20)
    summary.put(UInt64(start))
    summary.put(UInt64(offsetStart))
    // The checksum covers the footer up to itself.
    let sum = ZipChecksum.of(summary.bytes)
    summary.put(sum)
    summary.append(MCAPMagic.bytes)
    return summary
  }

  /// In the order of the official Python writer.
  private func groups(
    _ schemas: [MCAPSchema], _ channels: [MCAPChannel], _ statistics: MCAPBytes
  ) -> [(UInt8, MCAPBytes)] {
    var (described, listed) = (MCAPBytes(), MCAPBytes())
    for (index, schema) in schemas.enumerated() { described.put(schema, UInt16(index + 1)) }
    for (index, channel) in channels.enumerated() { listed.put(channel, UInt16(index + 1)) }
    return [
      (MCAPOpcode.schema, described), (MCAPOpcode.channel, listed), (MCAPOpcode.statistics, statistics),
      (MCAPOpcode.chunkIndex, chunkIndexes), (MCAPOpcode.attachmentIndex, attachmentIndexes),
      (MCAPOpcode.metadataIndex, metadataIndexes),
    ]
  }
}
