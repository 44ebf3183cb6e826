import RunnelCore
import RunnelWire
import RunnelZeroMQ

/// One endpoint of one input: its socket, what watches its connections, and the decoder of its format.
final class InputSocket {
  let input: InputConfiguration
  /// The endpoint as configured, or with the port that `*` became.
  let endpoint: String
  let socket: Socket
  var monitor: SocketMonitor
  /// Messages that one connection may have waiting in the socket.
  let queueMessages: Int
  private let decoder: MessageDecoder
  /// Where this input's streams are admitted.
  let intake: Int
  private let pattern: TopicPattern?
  /// In the runnel format the pattern of the same streams' descriptions.
  private let description: TopicPattern?
  /// In a format without epochs the endpoint's number: each endpoint has streams of its own, since nothing tells whether
  /// two of one name are copies. 0 in the others.
  let source: Int

  init(
    _ input: InputConfiguration, endpoint address: EndpointAddress, number: Int, intake: Int, context: ZeroMQContext
  ) throws {
    self.input = input
    self.intake = intake
    source = input.format == .runnel ? 0 : number
    pattern = input.topic
    description = input.format == .runnel ? pattern?.with(.description) : nil
    let kind: SocketKind = input.kind == .sub ? .sub : .pull
    var options = SocketOptions(for: kind)
    options.apply(input.socket)
    queueMessages = options.receiveHighWater
    socket = try Socket(kind, in: context, options: options)
    monitor = try SocketMonitor(of: socket, in: context)
    switch input.format {
    case .runnel: decoder = .runnel(RunnelDecoder(limits: WireLimits()))
    case .array:
      decoder = .array(
        ArrayDecoder(
          limits: WireLimits(), layout: input.layout == .interleaved ? .timeMajor : .channelMajor,
          expectedChannels: input.channels?.count))
    }
    if kind == .sub { for prefix in Self.prefixes(input) { try socket.subscribe(prefix) } }
    switch input.socket.attachment {
    case .bind: endpoint = try socket.bind(address.text)
    case .connect: endpoint = try socket.connect(address.text)
    }
  }

  /// SUB filters by prefix; a wildcard's tail is checked on receipt.
  private static func prefixes(_ input: InputConfiguration) -> [String] {
    let samples = input.topic?.prefix ?? []
    let all = input.format == .runnel ? [samples, input.topic?.with(.description).prefix ?? []] : [samples]
    return all.map { String(decoding: $0, as: UTF8.self) }
  }

  /// What this message says. Borrowed from the parts.
  func decode(_ parts: MessageParts) throws(DecodeError) -> DecodedMessage { try decoder.decode(parts) }

  /// The topic part, empty where the format's messages came without one.
  func topic(of parts: MessageParts) -> UnsafeRawBufferPointer {
    let withTopic = input.format == .runnel || parts.count == 3
    return withTopic && parts.count > 0 ? parts[0] : UnsafeRawBufferPointer(start: nil, count: 0)
  }

  /// The bytes that tell this input's streams apart: in the runnel format the topic without its first letter, so that
  /// samples and description of a stream meet.
  func key(of topic: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
    guard !topic.isEmpty else { return UnsafeRawBufferPointer(start: nil, count: 0) }
    return input.format == .runnel ? UnsafeRawBufferPointer(rebasing: topic.dropFirst()) : topic
  }

  func streamName(of topic: UnsafeRawBufferPointer) -> String {
    let name =
      topic.isEmpty ? input.name : (try? Topic(topic))?.stream ?? String(decoding: topic, as: UTF8.self)
    let isShared = input.format != .runnel && input.socket.endpoints.count > 1
    return isShared ? "\(name)@\(source + 1)" : name
  }

  /// Whether the topic is one of this input's; SUB delivers by prefix, which is more.
  func claims(_ topic: UnsafeRawBufferPointer) -> Bool {
    guard let pattern else { return true }
    return pattern.matches(topic) || description?.matches(topic) == true
  }
}
