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
