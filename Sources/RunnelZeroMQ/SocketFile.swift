import Glibc

/// The file of an ipc endpoint that is about to be bound.
///
/// libzmq removes whatever stands at the path before it binds: a running program's socket, whose clients would then
/// wait for ever, or somebody's document. So the path is looked at first, and only a dead socket is left to it.
struct SocketFile {
  private let path: String

  init(_ path: String) { self.path = path }

  func makeFree(for endpoint: String) throws(ZeroMQError) {
    var status = stat()
    guard lstat(path, &status) == 0 else { return }
    guard status.st_mode & S_IFMT == S_IFSOCK else {
      throw ZeroMQError(
        .addressInUse, endpoint, "cannot bind \(endpoint): a file that is no socket is there; choose another path")
    }
    if isAnswered { throw .addressInUse(endpoint) }
  }

  /// Whether a program listens: the only way to know is to call it.
  private var isAnswered: Bool {
    let caller = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue), 0)
    guard caller >= 0 else { return false }
    defer { close(caller) }
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8.prefix($0.count - 1)) }
    let result = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(caller, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
    return result == 0 || errno == EAGAIN  // EAGAIN: it listens and is busy
  }
}
