import RunnelCore
import RunnelWire

/// The streams of one input: every distinct topic makes one, on its first message, up to `max_streams`.
///
/// Streams of a format with epochs are known by name, whichever endpoint they come from, so that a second endpoint
/// with the same epoch is an A/B feed (first copy wins) and one with another epoch a rival. Without epochs each
/// endpoint has its own.
public struct Intake {
  public let policy: StreamPolicy
  public private(set) var streams: [StreamAdmission] = []
  /// What never reached a stream: undecodable messages, foreign topics, too many streams.
  public private(set) var accounting = Accounting()

  /// By source: streams of different sources are never the same one.
  private var indexByName = [ByteTable()]
  /// Added to the index that the listener hears, so that several inputs share one numbering.
  private let numbering: () -> Int

  /// - Parameter numbering: called once a stream; gives the index under which the listener will know it.
  public init(policy: StreamPolicy, numbering: @escaping () -> Int) {
    self.policy = policy
    self.numbering = numbering
  }

  public enum Arrival {
    case taken
    case tooManyStreams
  }

  /// Admits one decoded message of the stream whose name these bytes spell.
  ///
  /// - Parameters:
  ///   - source: 0 in a format with epochs, the number of the endpoint in one without.
  ///   - isCounted: its messages came before, and `take` counted them.
  ///   - makeName: the stream's name in text; called once, when the stream is first seen.
  @discardableResult
  public mutating func admit(
    _ message: DecodedMessage, key: UnsafeRawBufferPointer, source: Int = 0, endpoint: String, now: Int64,
    isCounted: Bool = false, to listener: any StreamListener, makeName: () -> String
  ) -> Arrival {
    if isCounted { accounting.giveBack() }
    guard let position = position(of: key, source: source, endpoint: endpoint, makeName: makeName) else {
      accounting.messagesReceived += 1
      accounting.reject(.tooManyStreams)
      return .tooManyStreams
    }
    switch message {
    case .samples(let samples): streams[position].admit(samples, now: now, to: listener)
    case .heartbeat(let heartbeat): streams[position].admit(heartbeat, now: now, to: listener)
    case .end(let end): streams[position].admit(end, now: now, to: listener)
    case .description(let description): streams[position].admit(description, now: now, to: listener)
    case .kept: take()
    case .ignored(let reason): take(ignored: reason)
    }
    return .taken
  }

  /// A message that is kept by its decoder until others come, or that holds none of this input's samples.
  public mutating func take(ignored reason: IgnoreReason? = nil) { accounting.take(ignored: reason) }

  /// A message that could not be decoded, or that no stream of this input claims.
  public mutating func reject(_ error: DecodeError) {
    accounting.messagesReceived += 1
    accounting.reject(error.reason)
  }

  public mutating func tick(now: Int64, to listener: any StreamListener) {
    for position in streams.indices { streams[position].tick(now: now, to: listener) }
  }

  /// The connection to this endpoint was seen to drop.
  public mutating func disconnected(endpoint: String, now: Int64, to listener: any StreamListener) {
    for position in streams.indices where streams[position].identity.endpoint == endpoint {
      streams[position].disconnected(now: now, to: listener)
    }
  }

  public mutating func drain(to listener: any StreamListener) {
    for position in streams.indices { streams[position].drain(to: listener) }
  }

  /// Law 6 over the whole input.
  public var total: Accounting {
    var total = accounting
    // By index: an element taken out of the array would be copied whole.
    for position in streams.indices { total += streams[position].accounting }
    return total
  }

  private mutating func position(
    of key: UnsafeRawBufferPointer, source: Int, endpoint: String, makeName: () -> String
  ) -> Int? {
    while source >= indexByName.count { indexByName.append(ByteTable()) }
    if let known = indexByName[source][key] { return known }
    guard streams.count < policy.maxStreams else { return nil }
    let identity = StreamIdentity(input: policy.input, endpoint: endpoint, stream: makeName())
    streams.append(StreamAdmission(identity: identity, index: numbering(), policy: policy))
    indexByName[source][key] = streams.count - 1
    return streams.count - 1
  }
}
