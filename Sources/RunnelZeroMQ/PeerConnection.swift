import Glibc

/// One tcp or ipc connection of a socket, known by the descriptor that libzmq works with.
///
///     for connection in monitor.connections { print(connection.peer, connection.unsentBytes ?? 0) }
///
/// The descriptor belongs to libzmq, which may close it at any time, and the kernel may then give its number to
/// something else before the monitor tells: what is asked of it here only reads, and may be of another file once.
public struct PeerConnection: Sendable, Hashable {
  public let descriptor: Int32
  /// The endpoint of our socket, as `bind` and `connect` returned it.
  public let endpoint: String
  /// Who is at the other end: `127.0.0.1:40321`, `[::1]:40321`, or `process 4711` over ipc.
  public let peer: String

  init(descriptor: Int32, endpoint: String) {
    self.descriptor = descriptor
    self.endpoint = endpoint
    peer = Self.peer(of: descriptor)
  }

  /// Bytes that the kernel still holds for the peer: unsent, or (tcp) sent and not acknowledged. Nil when the
  /// connection is gone.
  public var unsentBytes: Int? {
    var count: Int32 = 0
    // SIOCOUTQ of linux/sockios.h has the number of TIOCOUTQ, and works on sockets of both kinds.
    guard ioctl(descriptor, UInt(TIOCOUTQ), &count) == 0 else { return nil }
    return Int(count)
  }

  private static func peer(of descriptor: Int32) -> String {
    var address = sockaddr_storage()
    var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
    let numeric = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address -> String? in
        guard getpeername(descriptor, address, &length) == 0 else { return nil }
        return address.pointee.sa_family == sa_family_t(AF_UNIX) ? process(descriptor) : text(address, length)
      }
    }
    return numeric ?? "a peer that has gone"
  }

  private static func text(_ address: UnsafePointer<sockaddr>, _ length: socklen_t) -> String? {
    var host = [CChar](repeating: 0, count: 64)
    var port = [CChar](repeating: 0, count: 16)
    let result = getnameinfo(
      address, length, &host, socklen_t(host.count), &port, socklen_t(port.count), NI_NUMERICHOST | NI_NUMERICSERV)
    guard result == 0 else { return nil }
    func string(_ characters: [CChar]) -> String {
      String(decoding: characters.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
    let name = string(host)
    return name.contains(":") ? "[\(name)]:\(string(port))" : "\(name):\(string(port))"
  }

  /// The end of an ipc connection has no address; the kernel knows its process. `struct ucred` begins with its pid.
  private static func process(_ descriptor: Int32) -> String {
    var credentials: (pid: Int32, user: UInt32, group: UInt32) = (0, 0, 0)
    var length = socklen_t(MemoryLayout.size(ofValue: credentials))
    guard getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &credentials, &length) == 0, credentials.pid > 0 else {
      return "a local program"
    }
    return "process \(credentials.pid)"
  }
}
