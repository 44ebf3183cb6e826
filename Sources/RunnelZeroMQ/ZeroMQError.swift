import CZeroMQ
import Glibc

/// What the world refused a socket: a reason to branch on, and one sentence with the remedy for the operator.
///
/// A full queue and an empty one are no errors; `SendResult` and `MultipartReceiver.Received` have values for them.
public struct ZeroMQError: Error, Sendable, Equatable, CustomStringConvertible {
  public enum Reason: Sendable, Equatable {
    case addressInUse
    case noSuchInterface
    case badEndpoint
    /// Of an ipc path.
    case noDirectory
    case unsupportedTransport
    case permission
    case contextTerminated
    /// The process or the context has as many sockets or files as it may.
    case tooManySockets
    /// Anything else, by its errno.
    case other(Int32)
  }

  public let reason: Reason
  /// The endpoint it happened at; empty where there is none.
  public let endpoint: String
  public let description: String

  init(_ reason: Reason, _ endpoint: String, _ description: String) {
    self.reason = reason
    self.endpoint = endpoint
    self.description = description
  }

  /// The error that libzmq just reported on this thread; `action` reads like "bind" or "send".
  static func last(_ action: String, _ endpoint: String = "") -> ZeroMQError {
    ZeroMQError(number: zmq_errno(), action, endpoint)
  }

  init(number: Int32, _ action: String, _ endpoint: String) {
    let place = endpoint.isEmpty ? action : "\(action) \(endpoint)"
    switch number {
    case EADDRINUSE: self = .addressInUse(endpoint)
    // EAGAIN: what becomes of ENODEV where a monitor hears of it.
    case EADDRNOTAVAIL, ENODEV, EAGAIN:
      self.init(
        .noSuchInterface, endpoint,
        "cannot \(place): this machine has no such interface or address; `ip address` lists those it has")
    case EINVAL:
      self.init(
        .badEndpoint, endpoint, "cannot \(place): libzmq does not accept it; check the host name and the port")
    case EPROTONOSUPPORT:
      self.init(.unsupportedTransport, endpoint, "cannot \(place): this libzmq lacks the transport; use tcp or ipc")
    case EACCES, EPERM:
      self.init(
        .permission, endpoint,
        "cannot \(place): permission denied; choose a port above 1023, or a directory this user may write to")
    case ENOENT, ENOTDIR:
      self.init(.noDirectory, endpoint, "cannot \(place): its directory does not exist; create it first")
    case ETERM:
      self.init(.contextTerminated, endpoint, "cannot \(place): runnel is shutting its sockets down")
    case EMFILE, ENFILE:
      self.init(
        .tooManySockets, endpoint,
        "cannot \(place): too many open sockets; raise the limit (`ulimit -n`, LimitNOFILE=)")
    default:
      self.init(.other(number), endpoint, "cannot \(place): \(String(cString: zmq_strerror(number))) (\(number))")
    }
  }

  static func addressInUse(_ endpoint: String) -> ZeroMQError {
    ZeroMQError(
      .addressInUse, endpoint,
      "cannot bind \(endpoint): another program already listens there; choose another port or path, or stop it")
  }
}
