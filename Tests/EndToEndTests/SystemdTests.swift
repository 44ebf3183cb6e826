import Glibc
import RunnelTesting
import RunnelZeroMQ
import Testing

/// What systemd sees of the daemon.
@Suite struct SystemdTests {
  private let folder = TemporaryFolder()

  @Test func `READY comes when models are checked and sockets bound, STOPPING when it drains`() throws {
    let expected = try Expected.shared.get()
    let systemd = try NotifySocket(folder.path + "/notify")
    let daemon = try RunningDaemon(
      Settings(input: "bind: tcp://127.0.0.1:*"), in: folder, environment: ["NOTIFY_SOCKET": systemd.name])
    #expect(try systemd.next() == "STATUS=checking models")
    #expect(try systemd.next() == "READY=1\nSTATUS=0 streams, 0 lanes, 0 labels, 0 rows lost")
    // Ready is what it says: somebody answers at both ends.
    let subscriber = try LabelSubscriber(daemon.labels)
    let replay = try daemon.replay(expected)
    try subscriber.receive("the end") { $0.contains(where: \.isEnd) }
    let published = subscriber.labels.count { $0.label != nil }
    try systemd.next("STATUS=1 stream, 1 lane, \(published) labels, 0 rows lost")
    #expect(try replay.ended() == 0)
    _ = try daemon.end()
    try systemd.next("STOPPING=1\nSTATUS=draining")
  }

  @Test func `signs of life come while it runs, where systemd watches`() throws {
    let systemd = try NotifySocket(folder.path + "/notify")
    let daemon = try RunningDaemon(
      Settings(input: "bind: tcp://127.0.0.1:*"), in: folder,
      environment: ["NOTIFY_SOCKET": systemd.name, "WATCHDOG_USEC": "100000"])
    for _ in 0..<3 { try systemd.next("WATCHDOG=1") }
    _ = try daemon.end()
  }

  /// `kill -HUP`, as after rotating logs, ended the service with 0, and systemd left it so.
  @Test func `a daemon without a terminal ignores SIGHUP`() throws {
    let expected = try Expected.shared.get()
    let daemon = try RunningDaemon(Settings(input: "bind: tcp://127.0.0.1:*"), in: folder)
    daemon.program.signal(SIGHUP)
    let subscriber = try LabelSubscriber(daemon.labels)
    let replay = try daemon.replay(expected)
    try subscriber.receive("the end") { $0.contains(where: \.isEnd) }
    #expect(try replay.ended() == 0)
    daemon.program.signal(SIGHUP)
    #expect(try daemon.end().used == Expected.rows)
  }

  @Test func `a terminal that is closed drains and ends the daemon that runs there`() throws {
    let terminal = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC)
    var (locked, number): (Int32, Int32) = (0, 0)
    // TIOCSPTLCK and TIOCGPTN; Swift knows neither these nor grantpt(3).
    try #require(terminal >= 0 && ioctl(terminal, 0x4004_5431, &locked) == 0)
    try #require(ioctl(terminal, 0x8004_5430, &number) == 0)
    let daemon = try RunningDaemon(
      Settings(input: "bind: tcp://127.0.0.1:*"), in: folder, input: "/dev/pts/\(number)")
    close(terminal)
    #expect(try daemon.program.ended() == 0, "\(daemon.program.messages)")
    #expect(Account(daemon.program.messages) != nil)
  }

  /// So that a group of the machine can be let in to labels over ipc; with 0077 only root came in.
  @Test func `under the unit's umask the sockets of the daemon are for its group too, and for nobody else`() throws {
    let unit = String(
      decoding: TemporaryFolder.read(Place.root + "/deploy/systemd/runnel.service"), as: UTF8.self)
    let umask = try #require(unit.firstMatch(of: /\nUMask=(\d+)\n/)).1
    let labels = folder.path + "/labels"
    let configuration = folder.write(
      Settings(input: "bind: tcp://127.0.0.1:*", labels: "ipc://\(labels)").text, to: "runnel.yaml")
    let daemon = try Program(
      "/bin/sh", ["-c", "umask \(umask); exec \(Program.runnel) run -c \(configuration)"],
      environment: ["RUNTIME_DIRECTORY": folder.path])
    try daemon.line(containing: "answers `runnel status`")
    for path in [labels, folder.path + "/control.sock"] {
      var status = stat()
      #expect(lstat(path, &status) == 0 && status.st_mode & 0o066 == 0o060, "\(path)")
    }
    daemon.signal(SIGTERM)
    #expect(try daemon.ended() == 0, "\(daemon.messages)")
  }

  @Test func `a daemon that cannot start never says READY`() throws {
    let systemd = try NotifySocket(folder.path + "/notify")
    var settings = Settings(input: "bind: tcp://127.0.0.1:*")
    settings.digest = ", sha256: \(String(repeating: "0", count: 64))"
    let configuration = folder.write(settings.text, to: "runnel.yaml")
    let daemon = try Program(
      Program.runnel, ["run", "-c", configuration], environment: ["NOTIFY_SOCKET": systemd.name])
    #expect(try daemon.ended() == 78, "\(daemon.messages)")
    #expect(!systemd.waiting.contains { $0.contains("READY") })
  }
}

/// The other end of NOTIFY_SOCKET.
final class NotifySocket {
  let name: String
  private let descriptor: Int32

  init(_ path: String) throws {
    name = path
    descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    var limit = timeval(tv_sec: Int(Program.limit.components.seconds), tv_usec: 0)
    setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: Array(path.utf8)) }
    let bound = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
    guard bound == 0 else { throw Program.Failed(description: "no socket at \(path): \(errno)") }
  }

  deinit {
    close(descriptor)
    unlink(name)
  }

  /// The next datagram.
  func next() throws -> String {
    guard let text = receive(0) else { throw Program.Failed(description: "no notification came") }
    return text
  }

  /// Reads up to the datagram that says this.
  func next(_ wanted: String) throws { while try next() != wanted {} }

  /// What has come and was not read.
  var waiting: [String] { Array(sequence(state: ()) { _ in self.receive(Int32(MSG_DONTWAIT)) }) }

  private func receive(_ flags: Int32) -> String? {
    var buffer = [UInt8](repeating: 0, count: 4096)
    let count = recv(descriptor, &buffer, buffer.count, flags)
    return count < 0 ? nil : String(decoding: buffer[..<count], as: UTF8.self)
  }
}
