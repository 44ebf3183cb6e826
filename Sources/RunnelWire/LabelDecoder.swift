import RunnelCore

/// Reads label messages (docs/wire-format.md §8), from the wire for `watch` or from lines of a file for `score`. Both
/// forms, full and canonical. Keys of later versions are ignored, repeated ones refused, a `null` reads as absent.
public struct LabelDecoder: Sendable {
  public var limits: WireLimits

  public init(limits: WireLimits = WireLimits()) { self.limits = limits }

  /// - Parameter parts: topic and JSON; a third part is what the JSON says is attached, else PlotJuggler's time.
  public func decode(_ parts: MessageParts) throws(DecodeError) -> LabelMessage {
    try limits.check(parts)
    guard parts.count == 2 || parts.count == 3 else {
      throw DecodeError(
        .parts, part: min(parts.count, 3), byteOffset: 0, expected: "2 parts: topic and JSON",
        found: "\(Phrase.count(parts.count, "part"))")
    }
    let topic: Topic
    do throws(TopicError) { topic = try Topic(parts[0]) } catch { throw DecodeError(error, in: parts[0]) }
    var message = try decode(json: parts[1], part: 1)
    if parts.count == 3, let attachment = message.attachment, attachment.rows > 0 {
      message.attachment = try attachment.read(parts[2], limits: limits)
    }
    guard topic.kind == .labels, topic.names == [message.stream, message.pipeline, message.channel] else {
      throw DecodeError(
        .topic, part: 0, byteOffset: 0, expected: "l/<stream>/<pipeline>/<channel>/ of the label's own names",
        found: "'\(excerpt(parts[0], at: 0))'")
    }
    return message
  }

  /// Bytes of a line, in which samples may stand.
  private static let lineLimit = 16 << 20

  /// One line of a file.
  public func decode(_ line: String) throws(DecodeError) -> LabelMessage {
    let bytes = Array(line.utf8)
    var decoder = self
    decoder.limits.jsonBytes = max(limits.jsonBytes, Self.lineLimit)
    return try decoder.decode(line: bytes)
  }

  private func decode(line bytes: [UInt8]) throws(DecodeError) -> LabelMessage {
    try bytes.withUnsafeBufferPointer { (buffer: UnsafeBufferPointer<UInt8>) throws(DecodeError) in
      try decode(json: UnsafeRawBufferPointer(buffer), part: 0)
    }
  }

  /// - Parameter part: which part of its message the JSON is, for errors.
  public func decode(json: UnsafeRawBufferPointer, part: Int = 0) throws(DecodeError) -> LabelMessage {
    try JSONFields.checkKeys(json, part: part, limits: limits)
    var fields = try JSONFields(json, part: part, limits: limits)
    var draft = LabelDraft()
    var first = true
    while let key = try fields.key(&first) {
      if try draft.readOrigin(key, &fields) { continue }
      if try draft.readPosition(key, &fields) { continue }
      if try draft.readDecision(key, &fields) { continue }
      try fields.skip()
    }
    try fields.end()
    return try draft.finish(fields, limits)
  }
}
