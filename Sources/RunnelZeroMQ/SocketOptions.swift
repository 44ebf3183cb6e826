/// Every option that decides what a socket does when the world is slow, large, silent or gone. All of them are set on
/// every socket, so that no default of a libzmq version decides for us.
///
/// Never offered: an unlimited queue, an infinite linger (shutdown would hang), and conflate (it keeps the last *part*
/// and tears multipart messages, docs/wire-format.md §1).
public struct SocketOptions: Sendable, Hashable {
  /// Messages queued towards one peer before the socket drops (PUB, XPUB) or would block (all others).
  public var sendHighWater: Int
  /// Messages queued from one peer before libzmq stops reading its connection.
  public var receiveHighWater: Int
  /// How long unsent messages live after the socket was closed. Finite: it bounds the end of the program.
  public var linger: Duration
  /// Bytes of one received part; a peer that sends more is disconnected. This bounds memory, with the high-water mark.
  public var maximumMessageSize: Int
  /// How often a silent peer is asked for a sign of life; zero asks never (for peers that know no ZMTP 3.1).
  public var heartbeatInterval: Duration
  /// Silence after which the connection is taken for dead. A half-open tcp connection is not noticed otherwise.
  public var heartbeatTimeout: Duration
  /// What the peer is told to expect of us; in steps of 100 ms, at most 6553 s.
  public var heartbeatTimeToLive: Duration
  /// How long a peer may take to greet; a port scanner would hold a file descriptor for ever.
  public var handshakeInterval: Duration
  /// Kept up by the kernel too, for peers without heartbeats.
  public var keepalive: Bool
  /// Whole seconds of silence before the first probe, between probes, and how many of them go unanswered.
  public var keepaliveIdle: Duration
  public var keepaliveInterval: Duration
  public var keepaliveCount: Int
  /// Off, because libzmq then reports 127.0.0.1 as ::ffff:127.0.0.1. A literal such as tcp://[::1]:5556 turns it on.
  public var ipv6: Bool
  /// The wait before the first attempt to connect again, doubled up to the second value.
  public var reconnectMinimum: Duration
  public var reconnectMaximum: Duration
  /// Only connections that stand are queued to. On, a message for a peer that never came is not counted as sent;
  /// off, one that is away for a moment misses nothing. PUSH spreads over peers, and a dead one would keep its share.
  public var immediate: Bool
  /// XPUB: every subscription is seen, repeated ones too, so that each late subscriber can be sent the last label.
  public var verbose: Bool
  /// XPUB: a full subscriber makes the sender wait instead of losing messages; for a replayer that must not drop.
  /// libzmq calls an XPUB writable even then, so wait for a few milliseconds, not for `.writable`, and try again.
  public var noDrop: Bool
  /// ROUTER: a message for a peer that has gone, or is full, is said to be so instead of being dropped in silence.
  public var mandatory: Bool

  /// The defaults for a socket of this kind.
  public init(for kind: SocketKind) {
    // At ten messages a second, minutes; at ten thousand, the half second that a busy moment takes.
    sendHighWater = 4096
    receiveHighWater = 4096
    linger = .seconds(1)
    switch kind {
    case .sub, .pull, .dealer: maximumMessageSize = 64 << 20
    // What comes in here is small: subscriptions and requests.
    case .pub, .xpub, .push, .router: maximumMessageSize = 64 << 10
    }
    // Noticed dead within 7 s; one PING each 2 s costs nothing beside samples.
    heartbeatInterval = .seconds(2)
    heartbeatTimeout = .seconds(5)
    heartbeatTimeToLive = .seconds(6)
    handshakeInterval = .seconds(10)
    keepalive = true
    keepaliveIdle = .seconds(30)
    keepaliveInterval = .seconds(10)
    keepaliveCount = 3
    ipv6 = false
    // Quick after a restart of the peer; every 5 s is still no load when it is away for days.
    reconnectMinimum = .milliseconds(100)
    reconnectMaximum = .seconds(5)
    immediate = kind == .push
    verbose = kind == .xpub
    noDrop = false
    mandatory = kind == .router
  }
}

/// The patterns that runnel speaks.
public enum SocketKind: Sendable, Hashable, CaseIterable {
  case sub
  case xpub
  case pub
  case pull
  case push
  case router
  case dealer
}

extension Duration {
  /// Whole milliseconds, as libzmq wants them; a positive duration never becomes 0, which would mean "off".
  var milliseconds: Int32 {
    let (seconds, attoseconds) = components
    let exact = seconds.multipliedReportingOverflow(by: 1000)
    let total = exact.partialValue &+ attoseconds / 1_000_000_000_000_000
    precondition(!exact.overflow && total >= 0 && total <= Int32.max, "between 0 and 24 days")
    return self > .zero ? max(1, Int32(total)) : 0
  }
}
