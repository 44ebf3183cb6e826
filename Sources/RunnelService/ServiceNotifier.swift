import Glibc

/// Tells systemd how the daemon is doing: plain datagrams to the socket named in `NOTIFY_SOCKET` (sd_notify(3)).
/// Without that variable, as on a terminal, every call does nothing.
///
///     let notifier = ServiceNotifier()
///     notifier.ready("3 streams, 12 lanes")      // Type=notify: dependents may start now
///     notifier.stopping("draining")
///
/// A notification that cannot be delivered is no reason to stop labelling, so none throws.
public struct ServiceNotifier: Sendable {
  /// A path, or `@name` in the abstract namespace.
  private let socketName: String?
  /// How often `watchdog()` is to be called: half of what systemd waits; nil when it does not watch this process.
  public let watchdogInterval: Duration?

  /// What systemd put into the environment.
  public init() {
    func variable(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }
    self.init(
      socketName: variable("NOTIFY_SOCKET"), watchdogMicroseconds: variable("WATCHDOG_USEC"),
      watchdogProcess: variable("WATCHDOG_PID"))
  }

  public init(socketName: String?, watchdogMicroseconds: String? = nil, watchdogProcess: String? = nil) {
    let isUsable = socketName.map { ($0.hasPrefix("/") || $0.hasPrefix("@")) && $0.utf8.count > 1 } ?? false
    self.socketName = isUsable ? socketName : nil
    let isForUs = watchdogProcess == nil || watchdogProcess == String(getpid())
    let microseconds = watchdogMicroseconds.flatMap { Int64($0) } ?? 0
    watchdogInterval = isUsable && isForUs && microseconds > 0 ? .microseconds(microseconds / 2) : nil
  }

  /// Models are checked and sockets bound.
  @discardableResult
  public func ready(_ status: String = "") -> Bool { notify("READY=1", status) }

  /// One sentence for `systemctl status`.
  @discardableResult
  public func status(_ status: String) -> Bool { notify("", status) }

  @discardableResult
  public func stopping(_ status: String = "") -> Bool { notify("STOPPING=1", status) }

  /// Still alive; sent only where systemd watches.
  @discardableResult
  public func watchdog() -> Bool { watchdogInterval != nil && notify("WATCHDOG=1", "") }

  /// True when the datagram was handed over.
  private func notify(_ state: String, _ status: String) -> Bool {
    guard let socketName else { return false }
    // One line each: a line break in a status would begin another assignment.
    let line = status.map { $0.isNewline ? " " : String($0) }.joined()
    let message = [state, line.isEmpty ? "" : "STATUS=\(line)"].filter { !$0.isEmpty }.joined(separator: "\n")
    guard !message.isEmpty else { return false }

    let descriptor = socket(
      AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue), 0)
    guard descriptor >= 0 else { return false }
    defer { close(descriptor) }
    guard let (address, length) = Self.address(of: socketName) else { return false }
    let sent = withUnsafePointer(to: address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        sendto(descriptor, message, message.utf8.count, Int32(MSG_NOSIGNAL), $0, length)
      }
    }
    return sent == message.utf8.count
  }

  /// In the abstract namespace the first byte is 0 in place of the `@`, and the length, not a zero, ends the name.
  private static func address(of name: String) -> (sockaddr_un, socklen_t)? {
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    let bytes = Array(name.utf8)
    let room = MemoryLayout.size(ofValue: address.sun_path)
    let isAbstract = bytes[0] == UInt8(ascii: "@")
    guard bytes.count < room else { return nil }
    withUnsafeMutableBytes(of: &address.sun_path) { path in
      path.copyBytes(from: bytes)
      if isAbstract { path[0] = 0 }
    }
    let prefix = MemoryLayout<sockaddr_un>.size - room
    return (address, socklen_t(prefix + bytes.count + (isAbstract ? 0 : 1)))
  }
}
