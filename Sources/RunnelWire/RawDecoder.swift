import RunnelCore

/// Reads bare values, as any program sends them that puts a buffer on a socket: perhaps topic parts, then one part of
/// rows whose type, byte order and channels the configuration names (docs/foreign-formats.md §5).
///
///     socket.send(numpy.array([[1, 2], [3, 4]], "<i2"))                  two rows of two channels, i16
///
/// There is no index, sequence, rate or time in it, and none is made up: loss cannot be seen.
public struct RawDecoder: Sendable {
  public var limits: WireLimits
  public var shape: RawShape
  /// Parts before the data; nil takes any number. The first of them is the topic.
  public var topicParts: Int?

  public init(limits: WireLimits = WireLimits(), shape: RawShape, topicParts: Int? = nil) {
    self.limits = limits
    self.shape = shape
    self.topicParts = topicParts
  }

  /// Always `.samples`. Allocates only to complain.
  public func decode(_ parts: MessageParts) throws(DecodeError) -> DecodedMessage {
    try limits.check(parts)
    let part = parts.count - 1
    if let topicParts, topicParts != part {
      throw DecodeError(
        .parts, part: min(part, topicParts), byteOffset: 0,
        expected: "\(Phrase.count(topicParts, "topic part")) and one of data",
        found: "\(Phrase.count(parts.count, "part"))")
    }
    if Pickle.isCertain(parts[part]) { throw Pickle.refusal(part: part) }
    return .samples(
      SampleMessage(
        topic: part > 0 ? parts[0] : UnsafeRawBufferPointer(start: nil, count: 0),
        chunk: try shape.chunk(parts[part], part: part, limits: limits)))
  }
}
