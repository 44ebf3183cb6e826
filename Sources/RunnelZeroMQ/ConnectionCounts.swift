/// How often each thing happened to the connections of one endpoint, and how many stand now.
///
/// libzmq does not say which connection a handshake belongs to, and of one failure it says nothing: when the kinds of
/// socket do not fit, the connection merely ends. So connections are followed by their descriptor: one that ends
/// while it waits for its handshake is a failed handshake. Where one waits beside others that stand, the handshake is
/// taken to be that of the oldest; only a misfit arriving within the same milliseconds can be mistaken.
public struct ConnectionCounts: Sendable, Hashable {
  /// Peers that reached us, or that we reached (tcp or ipc), ZeroMQ or not.
  public private(set) var connected = 0
  public private(set) var handshakesSucceeded = 0
  public private(set) var handshakesFailed = 0
  /// Connections that stood and broke.
  public private(set) var disconnected = 0
  public private(set) var retried = 0
  public private(set) var bindFailed = 0

  /// Connections that stand now.
  public var established: Int { handshakesSucceeded - disconnected }

  /// Descriptors without a handshake yet, oldest first.
  private var greeting: [Int32] = []
  /// libzmq tells of a failed handshake, then that its connection ended.
  private var endsToSkip = 0

  public init() {}

  /// Counts an event; `descriptor` is that of its connection where libzmq tells it. Returns the event as it is to be
  /// understood: nil for the mere end of what was reported as failed.
  mutating func count(_ event: ConnectionEvent, descriptor: Int32) -> ConnectionEvent? {
    switch event {
    case .accepted, .connected:
      connected += 1
      greeting.append(descriptor)
    case .handshakeSucceeded:
      handshakesSucceeded += 1
      if !greeting.isEmpty { greeting.removeFirst() }
    case .handshakeFailed:
      handshakesFailed += 1
      endsToSkip += 1
    case .disconnected: return end(of: descriptor)
    case .connectRetried: retried += 1
    case .bindFailed: bindFailed += 1
    case .listening, .acceptFailed, .connectDelayed, .closed, .closeFailed, .stopped: break
    }
    return event
  }

  private mutating func end(of descriptor: Int32) -> ConnectionEvent? {
    if endsToSkip > 0 {
      endsToSkip -= 1
      if let index = greeting.firstIndex(of: descriptor) ?? greeting.indices.first { greeting.remove(at: index) }
      return nil
    }
    if let index = greeting.firstIndex(of: descriptor) ?? (established == 0 ? greeting.indices.first : nil) {
      greeting.remove(at: index)
      handshakesFailed += 1
      return .handshakeFailed(.kinds)
    }
    guard established > 0 else { return nil }
    disconnected += 1
    return .disconnected
  }
}
