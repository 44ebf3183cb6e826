import CZeroMQ
import Glibc

/// Something that happened to a connection, as libzmq tells it.
public enum ConnectionEvent: Sendable, Hashable {
  case listening
  /// errno of bind.
  case bindFailed(Int32)
  /// A peer came to our bound endpoint; not yet one that speaks ZMTP.
  case accepted
  case acceptFailed(Int32)
  /// Our connect reached a listener; not yet one that speaks ZMTP.
  case connected
  /// Not at once; libzmq goes on trying.
  case connectDelayed
  /// The next attempt comes after so many milliseconds.
  case connectRetried(milliseconds: Int32)
  /// The peer is a ZeroMQ socket of a kind that fits: messages can flow.
  case handshakeSucceeded
  case handshakeFailed(HandshakeFailure)
  case disconnected
  case closed
  case closeFailed(Int32)
  /// The watched socket is gone; nothing more will come.
  case stopped
}

/// Why a connection did not become one between two ZeroMQ sockets.
public enum HandshakeFailure: Sendable, Hashable {
  /// The peers' kinds of socket do not fit. libzmq merely ends the connection; `ConnectionCounts` concludes it.
  case kinds
  /// The peer went away, said nothing in time, or said something else: errno, which often means little.
  case noDetail(Int32)
  /// ZeroMQ, but an old version, a security mechanism that does not fit, or broken: libzmq's protocol error.
  case protocolError(Int32)
  /// The peer's keys were refused: ZAP status 300, 400 or 500.
  case authentication(status: Int32)

  /// For logs: what was wrong, and what to look at.
  public var explanation: String {
    switch self {
    case .kinds: "the kinds of socket do not fit; SUB goes with PUB or XPUB, PULL with PUSH, DEALER with ROUTER"
    case .noDetail(EPIPE), .noDetail(ECONNRESET): "the peer hung up before it had greeted"
    case .noDetail: "the peer does not greet as ZeroMQ programs do; is it one, and is the port right?"
    case .protocolError(ZMQ_PROTOCOL_ERROR_ZMTP_MECHANISM_MISMATCH):
      "one side uses encryption and the other does not; compare their keys"
    case .protocolError(ZMQ_PROTOCOL_ERROR_ZMTP_CRYPTOGRAPHIC): "its messages do not decrypt; compare the keys"
    case .protocolError(let code): "the peer does not speak ZMTP properly (0x\(String(code, radix: 16)))"
    case .authentication(let status): "its key is not allowed (\(status))"
    }
  }
}

extension ConnectionEvent {
  /// nil for an event that a later libzmq invented.
  init?(number: Int32, value: Int32) {
    switch number {
    case ZMQ_EVENT_LISTENING: self = .listening
    case ZMQ_EVENT_BIND_FAILED: self = .bindFailed(value)
    case ZMQ_EVENT_ACCEPTED: self = .accepted
    case ZMQ_EVENT_ACCEPT_FAILED: self = .acceptFailed(value)
    case ZMQ_EVENT_CONNECTED: self = .connected
    case ZMQ_EVENT_CONNECT_DELAYED: self = .connectDelayed
    case ZMQ_EVENT_CONNECT_RETRIED: self = .connectRetried(milliseconds: value)
    case ZMQ_EVENT_HANDSHAKE_SUCCEEDED: self = .handshakeSucceeded
    case ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL: self = .handshakeFailed(.noDetail(value))
    case ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL: self = .handshakeFailed(.protocolError(value))
    case ZMQ_EVENT_HANDSHAKE_FAILED_AUTH: self = .handshakeFailed(.authentication(status: value))
    case ZMQ_EVENT_DISCONNECTED: self = .disconnected
    case ZMQ_EVENT_CLOSED: self = .closed
    case ZMQ_EVENT_CLOSE_FAILED: self = .closeFailed(value)
    case ZMQ_EVENT_MONITOR_STOPPED: self = .stopped
    default: return nil
    }
  }
}
