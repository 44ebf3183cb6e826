import RunnelZeroMQ

/// Whether anybody answers at an endpoint, from what the monitor told: the first question when nothing arrives.
///
///     while let report = try monitor.next() { peer.note(report.event) }
///     peer.state        // .nobody, .silent, .failed(why), .connected, .gone
public struct PeerStatus: Sendable, Hashable {
  public enum State: Sendable, Hashable {
    /// No connection came about: nobody listens there, or the machine cannot be reached.
    case nobody
    /// Something took the connection and has not greeted as ZeroMQ programs do.
    case silent
    case failed(HandshakeFailure)
    /// A fitting ZeroMQ socket: messages could flow.
    case connected
    /// There was one, and it went away.
    case gone
  }

  public private(set) var state = State.nobody
  /// Connections that stand.
  private var established = 0

  public init() {}

  public mutating func note(_ event: ConnectionEvent) {
    switch event {
    case .connected, .accepted: if case .nobody = state { state = .silent }
    case .handshakeSucceeded:
      established += 1
      state = .connected
    case .handshakeFailed(let failure): if established == 0 { state = .failed(failure) }
    case .disconnected:
      established -= 1
      if established <= 0 { (established, state) = (0, .gone) }
    case .listening, .bindFailed, .acceptFailed, .connectDelayed, .connectRetried, .closed, .closeFailed, .stopped:
      break
    }
  }

  /// Whether a fitting peer was there at any time.
  public var wasConnected: Bool { state == .connected || state == .gone }

  /// What is known of the peer, as the first half of a sentence about silence.
  ///
  /// - Parameter bound: we listen, and the publisher is to connect.
  public func sentence(of endpoint: String, kind: SocketKind, bound: Bool = false) -> String {
    switch state {
    case .nobody where bound: "nobody has connected to \(endpoint)"
    case .nobody:
      "nobody answers at \(endpoint): no publisher runs there, or \(endpoint.hasPrefix("ipc:") ? "the path" : "host or port") is wrong"
    case .silent:
      "something at \(endpoint) takes connections but does not greet as ZeroMQ programs do: the port may be of another program"
    case .failed(.kinds) where kind == .sub:
      "\(endpoint) is a ZeroMQ socket, but no PUB or XPUB; if the publisher is a PUSH, it is read with a PULL (--pull "
        + "of discover, type: pull in a configuration)"
    case .failed(.kinds) where kind == .pull:
      "\(endpoint) is a ZeroMQ socket, but no PUSH; a PUB is read without --pull"
    case .failed(let failure): "no handshake with \(endpoint): \(failure.explanation)"
    case .connected: "connected to \(endpoint)"
    case .gone: "the publisher at \(endpoint) went away; it is tried again and again"
    }
  }
}
