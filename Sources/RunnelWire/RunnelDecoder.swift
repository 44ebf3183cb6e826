import RunnelCore

/// Reads the `runnel` format (docs/wire-format.md §3 to §6): sample messages, heartbeats and ends of topic `s/…/`,
/// descriptions of topic `m/…/`. Every field is checked, nothing is guessed; what it returns points into the message.
///
///     let decoder = RunnelDecoder(limits: limits)
///     switch try decoder.decode(parts) {
///     case .samples(let message): admit(message)
///     …
///     }
///
/// A pure function of the message: order, gaps and sessions are the stream's business. Descriptions allocate, as do
/// errors; samples and heartbeats do not.
public struct RunnelDecoder: Sendable {
  public var limits: WireLimits

  public init(limits: WireLimits = WireLimits()) { self.limits = limits }

  /// - Throws: with the part, the byte and what was expected there; reasons `parts`, `truncated`, `version`,
  ///   `malformed`, `checksum`, `dtype`, `limit` and `topic`.
  // Inlined, as is what it calls: each function that a message comes back from moves it twice.
  @inline(__always)
  public func decode(_ parts: MessageParts) throws(DecodeError) -> DecodedMessage {
    try limits.check(parts)
    switch try topic(parts[0]) {
    case .samples, .conditioned:
      try check(parts, count: 3, "topic, header and payload")
      return try samples(topic: parts[0], header: parts[1], payload: parts[2])
    case .description:
      try check(parts, count: 2, "topic and JSON")
      let description = try StreamDescription(parts[1], part: 1, limits: limits)
      try check(description, topic: parts[0])
      return .description(description)
    case .labels, .verdicts:
      throw DecodeError(
        .topic, part: 0, byteOffset: 0, expected: "a topic of samples or a description", found: excerpt(parts[0], at: 0)
      )
    }
  }

  /// Where the rows of a message belong that could not be decoded: what came was not lost. Nil where it holds no samples, or
  /// does not say it, or a checksum shows that it was damaged.
  public func rejected(_ parts: MessageParts) -> RejectedSamples? { SampleHeader.rejected(parts) }

  private func topic(_ raw: UnsafeRawBufferPointer) throws(DecodeError) -> Topic.Kind {
    guard raw.count <= limits.nameBytes else {
      throw DecodeError(
        .limit, part: 0, byteOffset: limits.nameBytes, expected: "a topic of at most \(limits.nameBytes) bytes",
        found: "\(raw.count) bytes")
    }
    do throws(TopicError) { return try Topic.check(raw) } catch {
      throw DecodeError(error, in: raw)
    }
  }

  private func check(_ parts: MessageParts, count: Int, _ names: StaticString) throws(DecodeError) {
    guard parts.count == count else {
      throw DecodeError(
        .parts, part: min(parts.count, count), byteOffset: 0, expected: "\(count) parts: \(names)",
        found: "\(Phrase.count(parts.count, "part"))")
    }
  }

  @inline(__always)
  private func samples(
    topic: UnsafeRawBufferPointer, header: UnsafeRawBufferPointer, payload: UnsafeRawBufferPointer
  ) throws(DecodeError) -> DecodedMessage {
    let fields = try SampleHeader(header, limits: limits)
    switch fields.kind {
    case .samples:
      let chunk = try chunk(fields, payload: payload)
      try fields.verify(topic: topic, header: header, payload: payload)
      return .samples(
        SampleMessage(
          topic: topic, epoch: fields.epoch, sequence: fields.sequence, first: fields.first,
          timestamp: fields.timestamp, rate: fields.rate, discontinuity: fields.discontinuity, chunk: chunk))
    case .heartbeat:
      let heartbeat = try heartbeat(fields, topic: topic, payload: payload)
      try fields.verify(topic: topic, header: header, payload: payload)
      return .heartbeat(heartbeat)
    case .end:
      // A later version may say in the payload why; there is nothing to know in it now.
      try fields.verify(topic: topic, header: header, payload: payload)
      return .end(
        EndOfStream(topic: topic, epoch: fields.epoch, nextSequence: fields.sequence, nextIndex: fields.first))
    }
  }

  private func chunk(_ fields: SampleHeader, payload: UnsafeRawBufferPointer) throws(DecodeError) -> Chunk {
    guard let element = fields.element else { preconditionFailure("the header of samples has a dtype") }
    let size = byteCount(rows: fields.rows, channels: fields.channels, element)
    guard size == payload.count else {
      throw DecodeError(
        .truncated, part: 2, byteOffset: min(payload.count, size ?? payload.count),
        expected: "\(fields.channels) channels × \(fields.rows) rows × \(element.size) bytes of \(element.name)",
        found: "\(payload.count) bytes")
    }
    return Chunk(
      payload: payload, element: element, layout: fields.layout, rows: fields.rows, channels: fields.channels)
  }

  /// Payload: u64 oldest seq, u64 dropped messages, replay endpoint.
  private func heartbeat(
    _ fields: SampleHeader, topic: UnsafeRawBufferPointer, payload: UnsafeRawBufferPointer
  ) throws(DecodeError) -> Heartbeat {
    guard payload.count >= 16 else {
      throw DecodeError(
        .truncated, part: 2, byteOffset: payload.count, expected: "at least 16 bytes", found: "\(payload.count) bytes")
    }
    let oldest = UInt64(littleEndian: payload.loadUnaligned(as: UInt64.self))
    guard oldest <= fields.sequence else {
      throw DecodeError(
        .malformed, part: 2, byteOffset: 0, expected: "an oldest seq of at most the next, \(fields.sequence)",
        found: "\(oldest)")
    }
    let dropped = UInt64(littleEndian: payload.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
    guard dropped < WireLimits.largestIndex else {
      throw DecodeError(.malformed, part: 2, byteOffset: 8, expected: "a count below 2^62", found: "\(dropped)")
    }
    return Heartbeat(
      topic: topic, epoch: fields.epoch, nextSequence: fields.sequence, nextIndex: fields.first, oldestSequence: oldest,
      droppedMessages: dropped, replayEndpointBytes: try endpoint(payload), rate: fields.rate,
      channels: fields.channels)
  }

  private func endpoint(_ payload: UnsafeRawBufferPointer) throws(DecodeError) -> UnsafeRawBufferPointer {
    let endpoint = UnsafeRawBufferPointer(rebasing: payload[16...])
    guard endpoint.count <= limits.nameBytes else {
      throw DecodeError(
        .limit, part: 2, byteOffset: 16 + limits.nameBytes,
        expected: "a replay endpoint of at most \(limits.nameBytes) bytes", found: "\(endpoint.count) bytes")
    }
    guard JSONScanner.isUTF8(endpoint) else {
      throw DecodeError(
        .malformed, part: 2, byteOffset: 16, expected: "a replay endpoint in UTF-8", found: excerpt(endpoint, at: 0))
    }
    return endpoint
  }

  /// A description must be of the stream whose topic it came under, and of one epoch: read by that of another run, samples
  /// would have another scale.
  private func check(_ description: StreamDescription, topic: UnsafeRawBufferPointer) throws(DecodeError) {
    let name: String
    do throws(TopicError) { name = try Topic(topic).stream } catch { throw DecodeError(error, in: topic) }
    guard name == description.stream else {
      throw DecodeError(
        .malformed, part: 1, byteOffset: 0, expected: "\"stream\": \"\(name)\", as in the topic",
        found: "\"\(description.stream)\"")
    }
    guard description.epoch != nil else {
      throw DecodeError(
        .malformed, part: 1, byteOffset: 0, expected: "\"epoch\", as in the header of the samples it describes",
        found: "none")
    }
  }
}

/// Bytes of a payload; nil where the product does not fit.
func byteCount(rows: Int, channels: Int, _ element: ElementType) -> Int? {
  let (values, overflowed) = rows.multipliedReportingOverflow(by: channels)
  let (bytes, overflowedToo) = values.multipliedReportingOverflow(by: element.size)
  return overflowed || overflowedToo ? nil : bytes
}

extension DecodeError {
  init(_ error: TopicError, in topic: UnsafeRawBufferPointer, part: Int = 0) {
    self.init(
      .topic, part: part, byteOffset: error.byteOffset, expected: error.expected,
      found: "'\(excerpt(topic, at: 0))'")
  }
}
