import Glibc
import RunnelZeroMQ

/// The daemon's unix socket for whoever asks what it is doing, served inside the daemon's one loop.
///
///     client   {"do":"status"} ─▶ line ─▶ request ─▶ daemon ─▶ answer ─▶ bounded buffer ─▶ client
///
/// A slow or hostile client never delays ingestion: nothing here waits, clients and buffers are bounded, one request is
/// answered a turn, and answering takes at most a tenth of the loop's time.
final class ControlServer {
  let path: String
  private let listener: Int32
  /// What the file was when it was made: another's in its place is left alone at the end.
  private var file = stat()
  private var entry: Poller.Entry?
  private var connections: [ControlConnection] = []
  /// Monotonic ns before which no request is answered, and nobody let in.
  private var quietUntil: Int64 = 0
  private var closedUntil: Int64 = 0

  static let mostConnections = 16
  /// Turns' worth of other work for each of answering.
  private static let share: Int64 = 9
  /// How long nobody is let in when there is no descriptor left.
  private static let pause: Int64 = 1_000_000_000

  /// - Throws: `ServiceError`: 69 where a living daemon has the path, 73 where no socket can be made there.
  init(at path: String) throws(ServiceError) {
    self.path = path
    try ControlPlace.makeFolder(of: path)
    listener = try UnixSocket.listen(at: path)
    lstat(path, &file)
  }

  deinit {
    close(listener)
    var now = stat()
    if lstat(path, &now) == 0, now.st_dev == file.st_dev, now.st_ino == file.st_ino { unlink(path) }
  }

  /// Has the loop wake when somebody calls.
  func watch(with poller: inout Poller) { entry = poller.add(fileDescriptor: listener) }

  /// Lets clients in, takes what they send, answers one request at most, sends what can be sent. Called once a turn, by
  /// what the last wait found.
  ///
  /// - Returns: monotonic ns when there is more to do though nobody sends anything.
  func serve(
    with poller: inout Poller, clock: Clock, _ answer: (ControlRequest, ControlConnection) -> Void
  ) -> Int64 {
    guard let entry else { preconditionFailure("a server is watched before it serves") }
    var now = clock.monotonic()
    if poller.ready(entry).contains(.readable), now >= closedUntil { accept(with: &poller, now: now) }
    guard !connections.isEmpty || closedUntil > 0 else { return .max }
    for connection in connections {
      let ready = poller.ready(connection.entry)
      if ready.contains(.readable) { connection.receive(now: now) }
      if ready == .failed { connection.close() }
    }
    if now >= quietUntil, let place = connections.firstIndex(where: { $0.isOpen && $0.hasRequest }) {
      // The next turn is another's.
      let connection = connections.remove(at: place)
      connections.append(connection)
      do throws(ControlRefusal) { answer(try connection.take(), connection) } catch { connection.answer(error) }
      let end = clock.monotonic()
      quietUntil = end + Self.share * (end - now)
      now = end
    }
    settle(with: &poller, now: now)
    poller.change(entry, to: now < closedUntil ? [] : .readable)
    let isAsked = connections.contains { $0.hasRequest }
    return min(isAsked ? quietUntil : .max, now < closedUntil ? closedUntil : .max)
  }

  /// Sends what streams still have to say to whoever reads it, for so many milliseconds at most.
  func drain(milliseconds: Int32) {
    for _ in 0..<max(1, milliseconds / Self.drainStep) {
      let waiting = connections.filter { $0.isOpen && $0.interest.contains(.writable) }
      guard let first = waiting.first else { return }
      first.awaitRoom(milliseconds: Self.drainStep)
      for connection in waiting { connection.flush(now: connection.lastProgress) }
    }
  }

  private static let drainStep: Int32 = 10

  private func settle(with poller: inout Poller, now: Int64) {
    for connection in connections {
      connection.flush(now: now)
      if connection.isOpen {
        poller.change(connection.entry, to: connection.interest)
      } else {
        poller.remove(connection.entry)
      }
    }
    connections.removeAll { !$0.isOpen }
  }

  private func accept(with poller: inout Poller, now: Int64) {
    while let descriptor = UnixSocket.accept(from: listener) {
      if connections.count >= Self.mostConnections, !makeRoom(with: &poller) {
        refuse(descriptor)
        continue
      }
      let entry = poller.add(fileDescriptor: descriptor)
      let connection = ControlConnection(descriptor, entry: entry, now: now)
      // It may have asked already; what the poller knows of the place is another's.
      connection.receive(now: now)
      connections.append(connection)
    }
    closedUntil = errno == EMFILE || errno == ENFILE ? now + Self.pause : 0
  }

  /// Closes the client that has been idle longest.
  private func makeRoom(with poller: inout Poller) -> Bool {
    let idle = connections.indices.filter { connections[$0].isIdle }
    guard let place = idle.min(by: { connections[$0].lastProgress < connections[$1].lastProgress }) else {
      return false
    }
    poller.remove(connections.remove(at: place).entry)
    return true
  }

  private func refuse(_ descriptor: Int32) {
    let line =
      ControlRefusal("\(Self.mostConnections) clients are being served already; try again", .unavailable).line + [10]
    _ = send(descriptor, line, line.count, Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT))
    close(descriptor)
  }
}
