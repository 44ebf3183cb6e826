import RunnelCore

/// Writes the `runnel` format (docs/wire-format.md §3 to §6) for one stream: what a replay, a generator or a test
/// publishes.
///
///     var encoder = try RunnelEncoder(description, epoch: now, element: .int16)
///     encoder.withDescription { socket.send($0) }
///     encoder.withSamples(payload, rows: 36, timestamp: nil) { socket.send($0) }     // counts seq and index
///     encoder.withHeartbeat { socket.send($0) }
///     encoder.withEnd { socket.send($0) }
///
/// It counts: each sample message takes the next sequence number and as many indexes as it has rows. Who publishes a
/// stream with losses sets `nextSequence` and `nextIndex` forward. The parts are lent to the closure; the payload
/// is passed through where it lies, and once warm nothing is allocated.
public struct RunnelEncoder: Sendable {
  public let description: StreamDescription
  public let epoch: UInt64
  public let element: ElementType
  public let layout: SampleLayout
  /// Whether each message carries its CRC-32C.
  public var checksums: Bool
  /// Of the next sample message.
  public var nextSequence: UInt64 = 0
  /// Of the next row.
  public var nextIndex: Int64 = 0

  public let topic: Topic
  private let descriptionTopic: Topic
  private let channels: Int
  private let rate: Double
  private var header = [UInt8](repeating: 0, count: SampleHeader.size)
  private var body: [UInt8] = []
  private var json = JSONWriter()

  /// - Parameter description: names the stream and at least one channel; its epoch and element become these ones; its rate is
  ///   0 or in `WireLimits.rates`.
  /// - Throws: where the stream's name cannot stand in a topic.
  public init(
    _ description: StreamDescription, epoch: UInt64, element: ElementType, layout: SampleLayout = .interleaved,
    checksums: Bool = false
  ) throws(TopicError) {
    precondition(!description.channels.isEmpty, "a stream has at least one channel")
    let rate = description.rate ?? 0
    precondition(rate == 0 || WireLimits.rates.contains(rate), "a rate that a decoder takes")
    self.description = StreamDescription(
      stream: description.stream, epoch: epoch, rate: description.rate, element: element,
      channels: description.channels, subject: description.subject, device: description.device,
      synthetic: description.synthetic)
    self.epoch = epoch
    self.element = element
    self.layout = layout
    self.checksums = checksums
    topic = try .samples(description.stream)
    descriptionTopic = try .description(description.stream)
    channels = description.channels.count
    self.rate = rate
    self.description.write(to: &json)
  }

  /// - Parameter payload: rows × channels values of the element, little-endian, in the layout.
  public mutating func withSamples<R, E: Error>(
    _ payload: UnsafeRawBufferPointer, rows: Int, timestamp: Int64? = nil, discontinuity: Bool = false,
    _ send: (MessageParts) throws(E) -> R
  ) throws(E) -> R {
    precondition(payload.count == rows * channels * element.size, "a payload has channels × rows × size bytes")
    let fields = fields(.samples, rows: rows, timestamp: timestamp, discontinuity: discontinuity)
    nextSequence += 1
    nextIndex += Int64(rows)
    return try with(fields, payload, send)
  }

  /// - Parameters:
  ///   - oldest: the oldest message that can be asked for; nil where none can.
  ///   - endpoint: where to ask; empty where nothing is replayed.
  public mutating func withHeartbeat<R, E: Error>(
    oldest: UInt64? = nil, dropped: UInt64 = 0, endpoint: String = "", _ send: (MessageParts) throws(E) -> R
  ) throws(E) -> R {
    body.removeAll(keepingCapacity: true)
    append(oldest ?? nextSequence)
    append(dropped)
    body.append(contentsOf: endpoint.utf8)
    let fields = fields(.heartbeat, rows: 0, timestamp: nil, discontinuity: false)
    let bytes = body
    return try bytes.withUnsafeBufferPointer { (buffer: UnsafeBufferPointer<UInt8>) throws(E) -> R in
      try with(fields, UnsafeRawBufferPointer(buffer), send)
    }
  }

  public mutating func withEnd<R, E: Error>(_ send: (MessageParts) throws(E) -> R) throws(E) -> R {
    let fields = fields(.end, rows: 0, timestamp: nil, discontinuity: false)
    return try with(fields, UnsafeRawBufferPointer(start: nil, count: 0), send)
  }

  public func withDescription<R, E: Error>(_ send: (MessageParts) throws(E) -> R) throws(E) -> R {
    try descriptionTopic.bytes.withUnsafeBufferPointer { (topic: UnsafeBufferPointer<UInt8>) throws(E) -> R in
      try json.withBytes { (json: UnsafeRawBufferPointer) throws(E) -> R in
        try MessageParts.with(UnsafeRawBufferPointer(topic), json, send)
      }
    }
  }

  private func fields(_ kind: SampleHeader.Kind, rows: Int, timestamp: Int64?, discontinuity: Bool) -> SampleHeader {
    SampleHeader(
      kind: kind, element: element, layout: layout, discontinuity: discontinuity, epoch: epoch,
      sequence: nextSequence, first: nextIndex, timestamp: timestamp, rate: rate, channels: channels, rows: rows)
  }

  private mutating func with<R, E: Error>(
    _ fields: SampleHeader, _ payload: UnsafeRawBufferPointer, _ send: (MessageParts) throws(E) -> R
  ) throws(E) -> R {
    header.withUnsafeMutableBytes { fields.write(to: $0) }
    if checksums { sign(payload) }
    return try topic.bytes.withUnsafeBufferPointer { (topic: UnsafeBufferPointer<UInt8>) throws(E) -> R in
      try header.withUnsafeBufferPointer { (header: UnsafeBufferPointer<UInt8>) throws(E) -> R in
        try MessageParts.with(UnsafeRawBufferPointer(topic), UnsafeRawBufferPointer(header), payload, send)
      }
    }
  }

  private mutating func sign(_ payload: UnsafeRawBufferPointer) {
    let checksum = topic.bytes.withUnsafeBytes { topic in
      header.withUnsafeBytes { SampleHeader.checksum(topic: topic, header: $0, payload: payload) }
    }
    header.withUnsafeMutableBytes {
      $0.storeBytes(of: checksum.littleEndian, toByteOffset: SampleHeader.checksumOffset, as: UInt32.self)
    }
  }

  private mutating func append(_ value: UInt64) {
    for shift in stride(from: 0, to: 64, by: 8) { body.append(UInt8(truncatingIfNeeded: value >> UInt64(shift))) }
  }
}
