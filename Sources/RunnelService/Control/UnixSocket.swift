import Glibc

/// What a unix stream socket needs of the operating system: an address, a listener that only owner and group reach, a
/// caller. Every descriptor is closed on exec and, but for the caller's, never waits.
enum UnixSocket {
  /// Calls the socket at a path.
  ///
  /// - Parameter seconds: how long to wait for each thing the other end is to do.
  /// - Returns: a connected descriptor, of which whoever asked is the owner; nil where nobody answers.
  static func call(_ path: String, patience seconds: Int) throws(ServiceError) -> Int32? {
    let address = try address(of: path)
    let caller = try open()
    var limit = timeval(tv_sec: seconds, tv_usec: 0)
    for option in [SO_RCVTIMEO, SO_SNDTIMEO] {
      setsockopt(caller, SOL_SOCKET, option, &limit, socklen_t(MemoryLayout<timeval>.size))
    }
    guard withAddress(address, { connect(caller, $0, $1) }) != 0 else { return caller }
    let reason = errno
    close(caller)
    switch reason {
    case EACCES, EPERM:
      throw ServiceError(.permission, "\(path) is for its owner and group only: ask with sudo")
    default: return nil
    }
  }

  /// Listens at a path, in the place of a dead daemon's socket but never of a living one's.
  ///
  /// Nobody can connect between bind and listen, so the file has its permissions before anybody comes in.
  static func listen(at path: String) throws(ServiceError) -> Int32 {
    let address = try address(of: path)
    let listener = try open()
    never(wait: listener)
    if withAddress(address, { bind(listener, $0, $1) }) != 0 {
      guard errno == EADDRINUSE, try isDead(path), unlink(path) == 0,
        withAddress(address, { bind(listener, $0, $1) }) == 0
      else {
        let reason = String(cString: strerror(errno))
        close(listener)
        throw ServiceError(
          .cannotCreate,
          "no control socket at \(path): \(reason); give control.socket a path that this user may write to")
      }
    }
    guard chmod(path, 0o660) == 0, Glibc.listen(listener, 16) == 0 else {
      close(listener)
      throw ServiceError(.cannotCreate, "no control socket at \(path): \(String(cString: strerror(errno)))")
    }
    return listener
  }

  /// Whether a socket file is left of a daemon that is gone; the only way to know is to call it.
  private static func isDead(_ path: String) throws(ServiceError) -> Bool {
    var status = stat()
    guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFSOCK else {
      throw ServiceError(
        .cannotCreate,
        "no control socket at \(path): a file that is no socket is there; give control.socket another path")
    }
    let address = try address(of: path)
    let caller = try open()
    never(wait: caller)
    defer { close(caller) }
    // EAGAIN: it listens, and as many as it wants to have wait already.
    guard withAddress(address, { connect(caller, $0, $1) }) == 0 || errno == EAGAIN else { return true }
    throw ServiceError(
      .unavailable,
      "a daemon answers at \(path) already: stop it, or give control.socket another path (or none)")
  }

  /// The next that calls a listener; nil where nobody does, or there is no descriptor left for it.
  static func accept(from listener: Int32) -> Int32? {
    let descriptor = Glibc.accept(listener, nil, nil)
    guard descriptor >= 0 else { return nil }
    never(wait: descriptor)
    _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
    return descriptor
  }

  private static func never(wait descriptor: Int32) { _ = fcntl(descriptor, F_SETFL, O_NONBLOCK) }

  private static func open() throws(ServiceError) -> Int32 {
    let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else {
      throw ServiceError(.unavailable, "no unix socket: \(String(cString: strerror(errno))); allow more open files")
    }
    return descriptor
  }

  private static func address(of path: String) throws(ServiceError) -> sockaddr_un {
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    let bytes = Array(path.utf8)
    let room = MemoryLayout.size(ofValue: address.sun_path)
    guard !bytes.isEmpty, bytes.count < room, !bytes.contains(0) else {
      throw ServiceError(
        .configuration,
        "the control socket's path has \(bytes.count) bytes and Linux allows \(room - 1): give control.socket a shorter one"
      )
    }
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
    return address
  }

  private static func withAddress<R>(
    _ address: sockaddr_un, _ body: (UnsafePointer<sockaddr>, socklen_t) -> R
  ) -> R {
    withUnsafePointer(to: address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, socklen_t(MemoryLayout<sockaddr_un>.size)) }
    }
  }
}
