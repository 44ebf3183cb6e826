import RunnelCore

/// Reads what GNU Radio's ZMQ PUB and PUSH sinks send: perhaps a key, then one part of items, with a tag header before
/// them where the sink has pass_tags on (docs/foreign-formats.md §1).
///
/// An item is a row: a vector of as many values as there are channels, a complex item two channels of f32. The header's
/// offset is the index of the first row, and the only thing in it that shows a loss; `rx_time` gives the time and
/// `rx_rate` the rate where a message has them, from there on. Without tags there is none of it, and none is made up.
///
/// The header announces itself to nobody: a reader that is set wrongly takes its bytes for samples. So both ways round
/// are looked for, and refused in a sentence that says what to set.
public struct GNURadioDecoder: Sendable {
  public var limits: WireLimits
  /// Little-endian and interleaved, as GNU Radio's hosts have it.
  public var shape: RawShape
  /// As the sink has it.
  public var passTags: Bool
  /// Rows a second, to count from the row that has a time to the first; nil where only `rx_rate` may say it.
  public var rate: Double?

  public init(limits: WireLimits = WireLimits(), shape: RawShape, passTags: Bool, rate: Double? = nil) {
    self.limits = limits
    self.shape = shape
    self.passTags = passTags
    self.rate = rate
  }

  /// Always `.samples`. Allocates only to complain.
  public func decode(_ parts: MessageParts) throws(DecodeError) -> DecodedMessage {
    try limits.check(parts)
    guard parts.count <= 2 else {
      throw Pickle.refusal(parts)
        ?? DecodeError(
          .parts, part: 2, byteOffset: 0, expected: "1 part (items), or 2 with the sink's key first",
          found: "\(parts.count) parts")
    }
    let part = parts.count - 1
    if Pickle.isCertain(parts[part]) { throw Pickle.refusal(part: part) }
    let topic = part > 0 ? parts[0] : UnsafeRawBufferPointer(start: nil, count: 0)
    return .samples(passTags ? try tagged(parts[part], part, topic) : try bare(parts[part], part, topic))
  }

  private func bare(
    _ data: UnsafeRawBufferPointer, _ part: Int, _ topic: UnsafeRawBufferPointer
  ) throws(DecodeError) -> SampleMessage {
    if TagHeader.begins(data), (try? TagHeader(data, part: part, limits: limits)) != nil {
      throw DecodeError(
        .malformed, part: part, byteOffset: 0, expected: "bare items, as pass_tags: false says",
        found: "a tag header: the sink has its tags on, so write pass_tags: true")
    }
    return SampleMessage(topic: topic, chunk: try shape.chunk(data, part: part, limits: limits))
  }

  private func tagged(
    _ data: UnsafeRawBufferPointer, _ part: Int, _ topic: UnsafeRawBufferPointer
  ) throws(DecodeError) -> SampleMessage {
    guard TagHeader.begins(data) else {
      throw DecodeError(
        data.count < TagHeader.size ? .truncated : .version, part: part, byteOffset: 0,
        expected: "a tag header, which begins F0 5F 01",
        found: "none: switch pass_tags on in the sink, or write pass_tags: false")
    }
    let header = try TagHeader(data, part: part, limits: limits)
    let chunk = try shape.chunk(
      UnsafeRawBufferPointer(rebasing: data[header.itemsStart...]), part: part, start: header.itemsStart,
      limits: limits)
    guard header.first + UInt64(chunk.rows) < WireLimits.largestIndex else {
      throw DecodeError(
        .malformed, part: part, byteOffset: 3, expected: "indexes below 2^62",
        found: "\(header.first) and \(chunk.rows) rows")
    }
    return SampleMessage(
      topic: topic, first: Int64(header.first), timestamp: timestamp(header, rows: chunk.rows), rate: header.rate,
      rateHolds: true, chunk: chunk)
  }

  /// Unix ns of the first row. A tag of another message's item says nothing of this one.
  private func timestamp(_ header: TagHeader, rows: Int) -> Int64? {
    guard let time = header.time, time.item >= header.first, time.item - header.first < UInt64(rows) else { return nil }
    guard time.item > header.first else { return time.nanoseconds }
    guard let rate = header.rate ?? rate, rate > 0 else { return nil }
    return UnixTime.time(-Double(time.item - header.first) / rate * 1e9, after: time.nanoseconds)
  }
}
