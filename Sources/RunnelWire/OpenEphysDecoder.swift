import RunnelCore

/// Reads what Open Ephys's ZMQ Interface publishes (docs/foreign-formats.md §2): one channel a message, joined here by
/// the number of the first sample.
///
///     CH1 12800  ─▶ kept          CH1 13440  ─▶ kept
///     CH2 12800  ─▶ 640 rows      TTL event  ─▶ ignored          CH2 13440  ─▶ 640 rows
///
/// A block is whole when each channel that the configuration lists has come. Where another block begins before, what did
/// not come is NaN in it: a gap of those channels alone. Channels are known by name; where a plugin of before 2025
/// names none, `channel_num` is the place in the list. The number of a sample is its index, so a loss is exact;
/// `timestamp` says when the message was sent, which its first row is older than by the block's length.
///
/// A class, for it remembers. Allocates nothing once it has seen the largest block, but for another stream's name, a name
/// with escapes and a JSON cut short.
public final class OpenEphysDecoder {
  public let limits: WireLimits
  private let channels: [[UInt8]]
  /// The block that fills, and the one that was lent last.
  private var open: ChannelBlock
  private var lent: ChannelBlock

  /// - Parameter channels: their names, in the order of the rows made; at least one.
  public init(limits: WireLimits = WireLimits(), channels: [String]) {
    precondition(!channels.isEmpty, "a block has at least one channel")
    self.limits = limits
    self.channels = channels.map { Array($0.utf8) }
    open = ChannelBlock(channels: channels.count)
    lent = ChannelBlock(channels: channels.count)
  }

  /// Samples where this message makes a block whole or begins another one; valid until the next message.
  public func decode(_ parts: MessageParts) throws(DecodeError) -> DecodedMessage {
    try limits.check(parts)
    if parts[0].equals("EVENT\0") { return .ignored(.event) }
    guard parts[0].equals("DATA\0") else {
      throw Pickle.refusal(parts)
        ?? DecodeError(
          .topic, part: 0, byteOffset: 0, expected: "DATA or EVENT, and a byte of 0", found: excerpt(parts[0], at: 0))
    }
    guard parts.count == 3 else {
      throw DecodeError(
        .parts, part: min(parts.count, 3), byteOffset: 0, expected: "3 parts: envelope, JSON and samples",
        found: "\(Phrase.count(parts.count, "part"))")
    }
    let head = try OpenEphysHead(parts[1], part: 1, limits: limits)
    let body = parts[2]
    guard body.count == head.values * 4 else {
      throw DecodeError(
        .truncated, part: 2, byteOffset: body.count, expected: "\(head.values) × 4 bytes of f32",
        found: "\(body.count) bytes")
    }
    guard head.rows * channels.count * 4 <= limits.messageBytes else {
      throw DecodeError(
        .limit, part: 1, byteOffset: 0, expected: "a block of at most \(limits.messageBytes) bytes",
        found: "\(head.rows) rows of \(channels.count) channels")
    }
    guard let channel = channel(of: head, in: parts[1]) else { return .ignored(.otherChannel) }
    return try join(
      head, UnsafeRawBufferPointer(rebasing: body[..<(head.rows * 4)]), channel: channel,
      stream: head.stream.map { UnsafeRawBufferPointer(rebasing: parts[1][$0.range]) }
        ?? UnsafeRawBufferPointer(start: nil, count: 0))
  }

  /// The block that is not whole, when nothing more will come.
  public func drain() -> DecodedMessage? { open.count > 0 ? .samples(finish()) : nil }

  private func join(
    _ head: OpenEphysHead, _ values: UnsafeRawBufferPointer, channel: Int, stream: UnsafeRawBufferPointer
  ) throws(DecodeError) -> DecodedMessage {
    var finished: SampleMessage?
    if open.count > 0 {
      if head.first != open.first || open.contains(channel) || !stream.equals(open.stream) {
        finished = finish()
      } else if head.rows != open.rows {
        throw DecodeError(
          .malformed, part: 1, byteOffset: 0, expected: "\(open.rows) samples, as the block's other channels have",
          found: "\(head.rows)")
      }
    }
    if open.count == 0 { open.begin(head, stream: stream) }
    open.take(values, channel: channel)
    // A block of one channel is never left open, so not both.
    if let finished { return .samples(finished) }
    return open.isWhole ? .samples(finish()) : .kept
  }

  private func finish() -> SampleMessage {
    swap(&open, &lent)
    return lent.finish()
  }

  /// Its place in the rows, or nil where the configuration does not list it.
  private func channel(of head: OpenEphysHead, in json: UnsafeRawBufferPointer) -> Int? {
    guard let name = head.channelName else {
      return head.channelNumber.flatMap { $0 < Int64(channels.count) ? Int($0) : nil }
    }
    let raw = UnsafeRawBufferPointer(rebasing: json[name.range])
    if name.isEscaped {
      let text = JSONScanner(json).text(name.range, escaped: true)
      return channels.firstIndex { $0.elementsEqual(text.utf8) }
    }
    // Channels come in their order: the next one is tried first.
    for offset in 0..<channels.count {
      let place = (open.count + offset) % channels.count
      if raw.equals(channels[place]) { return place }
    }
    return nil
  }
}

extension OpenEphysHead {
  /// Unix ns of the first row: the block was complete when it was sent. Nil where the rate that tells its length, or
  /// the time, is not said.
  var timestamp: Int64? {
    guard let sent, sent.magnitude < 1 << 42, let rate, rate > 0 else { return nil }
    return UnixTime.time(-Double(rows) / rate * 1e9, after: sent * 1_000_000)
  }
}
