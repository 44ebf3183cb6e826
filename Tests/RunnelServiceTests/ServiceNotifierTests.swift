import Glibc
import RunnelService
import Testing

@Suite struct ServiceNotifierTests {
  @Test(arguments: [false, true])
  func `readiness, status and the end arrive as systemd reads them`(isAbstract: Bool) throws {
    let systemd = try NotifySocket(isAbstract: isAbstract)
    let notifier = ServiceNotifier(socketName: systemd.name)
    #expect(notifier.ready("3 streams, 12 lanes"))
    #expect(systemd.next() == "READY=1\nSTATUS=3 streams, 12 lanes")
    #expect(notifier.ready())
    #expect(systemd.next() == "READY=1")
    #expect(notifier.status("µV are converted"))
    #expect(systemd.next() == "STATUS=µV are converted")
    #expect(notifier.stopping("draining"))
    #expect(systemd.next() == "STOPPING=1\nSTATUS=draining")
  }

  @Test func `a line break in a status begins no other assignment`() throws {
    let systemd = try NotifySocket(isAbstract: false)
    ServiceNotifier(socketName: systemd.name).status("a\nWATCHDOG=trigger\r\nb")
    #expect(systemd.next() == "STATUS=a WATCHDOG=trigger b")
  }

  @Test func `the watchdog is fed only where systemd watches this process`() throws {
    let systemd = try NotifySocket(isAbstract: false)
    let watched = ServiceNotifier(
      socketName: systemd.name, watchdogMicroseconds: "30000000", watchdogProcess: String(getpid()))
    #expect(watched.watchdogInterval == .seconds(15))
    #expect(watched.watchdog())
    #expect(systemd.next() == "WATCHDOG=1")

    let other = ServiceNotifier(socketName: systemd.name, watchdogMicroseconds: "30000000", watchdogProcess: "1")
    #expect(other.watchdogInterval == nil && !other.watchdog())
    #expect(!ServiceNotifier(socketName: systemd.name, watchdogMicroseconds: "nonsense").watchdog())
    #expect(systemd.next() == nil)
  }

  @Test(arguments: [nil, "", "@", "relative/path", "/nonexistent/notify", "/" + String(repeating: "x", count: 200)])
  func `without a socket that is there, nothing happens`(name: String?) {
    let notifier = ServiceNotifier(socketName: name)
    #expect(!notifier.ready() && !notifier.status("x") && !notifier.stopping() && !notifier.watchdog())
  }

  @Test func `nothing to say is not sent`() throws {
    let systemd = try NotifySocket(isAbstract: false)
    #expect(!ServiceNotifier(socketName: systemd.name).status(""))
    #expect(systemd.next() == nil)
  }
}

/// The other end: a datagram socket such as systemd's.
final class NotifySocket {
  let name: String
  private let descriptor: Int32

  struct Failed: Error {}

  init(isAbstract: Bool) throws {
    var template = Array("/tmp/runnel-notify-XXXXXX".utf8CString)
    let made = mkstemp(&template)
    guard made >= 0 else { throw Failed() }
    close(made)
    let path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    unlink(path)
    name = isAbstract ? "@" + path : path
    descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue), 0)

    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    let bytes = Array(name.utf8)
    withUnsafeMutableBytes(of: &address.sun_path) { path in
      path.copyBytes(from: bytes)
      if isAbstract { path[0] = 0 }
    }
    let length = socklen_t(2 + bytes.count + (isAbstract ? 0 : 1))
    let bound = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, length) }
    }
    guard bound == 0 else { throw Failed() }
  }

  /// The next datagram; local ones are there when the sender's call returns.
  func next() -> String? {
    var buffer = [UInt8](repeating: 0, count: 4096)
    let count = recv(descriptor, &buffer, buffer.count, 0)
    return count < 0 ? nil : String(decoding: buffer[..<count], as: UTF8.self)
  }

  deinit {
    close(descriptor)
    if name.hasPrefix("/") { unlink(name) }
  }
}
