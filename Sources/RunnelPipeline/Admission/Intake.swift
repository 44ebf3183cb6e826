import RunnelCore
import RunnelWire

/// The streams of one input: every distinct topic makes one, on its first message, up to `max_streams`.
///
/// Streams of a format with epochs are known by name, whichever endpoint they come from, so that a second endpoint
/// with the same epoch is an A/B feed (first copy wins) and one with another epoch a rival. Without epochs each
/// endpoint has its own.
public final class Intake {
  public let policy: StreamPolicy
  public private(set) var streams: [StreamAdmission] = []
  /// What never reached a stream: undecodable messages, foreign topics, too many streams.
  public private(set) var accounting = Accounting()

  /// Streams of different sources are never the same one.
  private var indexByName = ByteTable()
  /// Added to the index that the listener hears, so that several inputs share one numbering.
  private let numbering: () -> Int

  /// - Parameter numbering: called once a stream; gives the index under which the listener will know it.
  public init(policy: StreamPolicy, numbering: @escaping () -> Int) {
    self.policy = policy
    self.numbering = numbering
  }

  /// Admits one decoded message of the stream whose name these bytes spell; false where there are too many streams.
  ///
  /// - Parameters:
  ///   - source: 0 in a format with epochs, the number of the endpoint in one without.
  ///   - isCounted: its messages came before, and `take` counted them.
  ///   - makeName: the stream's name in text; called once, when the stream is first seen.
  @discardableResult
  public func admit(
    _ message: DecodedMessage, key: UnsafeRawBufferPointer, source: Int = 0, endpoint: String, now: Int64,
    isCounted: Bool = false, to listener: any StreamListener, makeName: () -> String
  ) -> Bool {
    if isCounted { accounting.giveBack() }
    guard let stream = stream(of: key, source: source, endpoint: endpoint, makeName: makeName) else { return false }
    switch message {
    case .samples(let samples): stream.admit(samples, now: now, to: listener)
    case .heartbeat(let heartbeat): stream.admit(heartbeat, now: now, to: listener)
    case .end(let end): stream.admit(end, now: now, to: listener)
    case .description(let description): stream.admit(description, now: now, to: listener)
    case .kept: take()
    case .ignored(let reason): take(ignored: reason)
    }
    return true
  }

  /// A message that is kept by its decoder until others come, or that holds none of this input's samples.
  public func take(ignored reason: IgnoreReason? = nil) { accounting.take(ignored: reason) }

  /// A message that could not be decoded, or that no stream of this input claims.
  public func reject(_ error: DecodeError) {
    accounting.messagesReceived += 1
    accounting.reject(error.reason)
  }

  /// Rows of such a message, where it says them: a stream that is known by this key does not count them as lost.
  public func noteUnused(_ rejected: RejectedSamples, key: UnsafeRawBufferPointer, source: Int = 0) {
    if let known = indexByName[key, of: source] { streams[known].noteUnused(rejected.rows, of: rejected.epoch) }
  }

  public func tick(now: Int64, to listener: any StreamListener) {
    for stream in streams { stream.tick(now: now, to: listener) }
  }

  /// The connection to this endpoint was seen to drop.
  public func disconnected(endpoint: String, now: Int64, to listener: any StreamListener) {
    for stream in streams where stream.identity.endpoint == endpoint { stream.disconnected(now: now, to: listener) }
  }

  public func drain(to listener: any StreamListener) {
    for stream in streams { stream.drain(to: listener) }
  }

  /// Law 6 over the whole input.
  public var total: Accounting {
    streams.reduce(into: accounting) { $0 += $1.accounting }
  }

  /// As in `admit`, for whoever knows what the message is: the stream to admit it to, or nil, and the message counted as
  /// rejected, where it would be one too many.
  public func stream(
    of key: UnsafeRawBufferPointer, source: Int, endpoint: String, makeName: () -> String
  ) -> StreamAdmission? {
    if let known = indexByName[key, of: source] { return streams[known] }
    guard streams.count < policy.maxStreams else {
      accounting.messagesReceived += 1
      accounting.reject(.tooManyStreams)
      return nil
    }
    let identity = StreamIdentity(input: policy.input, endpoint: endpoint, stream: makeName())
    let stream = StreamAdmission(identity: identity, index: numbering(), policy: policy)
    indexByName[key, of: source] = streams.count
    streams.append(stream)
    return stream
  }
}
