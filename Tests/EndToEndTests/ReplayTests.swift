import Glibc
import RunnelTesting
import RunnelWire
import RunnelZeroMQ
import Testing

/// A recording replayed into the daemon, as two terminals would do it.
@Suite struct ReplayTests {
  private let folder = TemporaryFolder()
  private let expected: Expected

  init() throws { expected = try Expected.shared.get() }

  @Test func `the minute has labels worth comparing`() {
    #expect(Set(expected.labels.compactMap(\.label)).isSuperset(of: ["N", "V"]))
    #expect(expected.labels.count { $0.label != nil } > 50)
    #expect(expected.labels.last?.isEnd == true)
  }

  @Test func `the daemon's labels of a replayed recording are those of runnel label, byte for byte`() throws {
    let daemon = try RunningDaemon(Settings(input: "bind: tcp://127.0.0.1:*"), in: folder)
    let subscriber = try LabelSubscriber(daemon.labels)
    let replay = try daemon.replay(expected)
    try subscriber.receive("the end") { $0.contains(where: \.isEnd) }
    #expect(subscriber.canonical == expected.lines)
    #expect(try replay.ended() == 0, "\(replay.messages)")
    #expect(replay.output.contains("\(Expected.rows) rows"))
    let account = try daemon.end()
    #expect(account.used == Expected.rows && account.dropped == 0 && account.lost == 0)
  }

  /// Law 4, for what goes with the labels too.
  @Test func `watch prints what runnel label prints of a replay, with the samples attached to each label`() throws {
    var settings = Settings(input: "bind: tcp://127.0.0.1:*")
    settings.pipeline = ", attach: {before: 300ms, after: 400ms}"
    let daemon = try RunningDaemon(settings, in: folder)
    let label = try Program(
      Program.runnel,
      ["label", expected.record, "-c", folder.path + "/runnel.yaml", "--format", "jsonl", "--canonical"])
    #expect(try label.ended() == 0, "\(label.messages)")
    #expect(label.outputLines.count == expected.lines.count)
    #expect(label.outputLines.count { $0.contains(#""rows":85,"samples":["#) } > 60)
    let watch = try Program(
      Program.runnel, ["watch", daemon.labels, "--canonical", "--count", "\(expected.lines.count)"])
    try watch.line(containing: "connected")
    #expect(try daemon.replay(expected).ended() == 0)
    #expect(try watch.ended() == 0, "\(watch.messages)")
    #expect(watch.outputLines == label.outputLines)
    let plain = try watch.outputLines.map { line in
      var message = try LabelDecoder().decode(line)
      message.attachment = nil
      return message
    }
    #expect(Expected.decisions(plain) == Expected.decisions(expected.labels), "the labels themselves are the same")
    _ = try daemon.end()
  }

  @Test func `a daemon that connects to the replay's endpoint labels the same`() throws {
    let endpoint = "ipc://\(folder.path)/samples"
    let daemon = try RunningDaemon(Settings(input: "connect: \"\(endpoint)\""), in: folder)
    let subscriber = try LabelSubscriber(daemon.labels)
    let replay = try Program(Program.runnel, ["replay", expected.record, "--to", endpoint, "--speed", "max"])
    try subscriber.receive("the end") { $0.contains(where: \.isEnd) }
    #expect(subscriber.canonical == expected.lines)
    #expect(try replay.ended() == 0, "\(replay.messages)")
    #expect(try daemon.end().used == Expected.rows)
  }

  @Test func `watch prints the labels that were published`() throws {
    let daemon = try RunningDaemon(Settings(input: "bind: tcp://127.0.0.1:*"), in: folder)
    let wanted = Expected.decisions(expected.labels)
    let watch = try Program(Program.runnel, ["watch", daemon.labels, "--json", "--count", "\(wanted.count)"])
    try watch.line(containing: "connected")
    let replay = try daemon.replay(expected)
    #expect(try replay.ended() == 0, "\(replay.messages)")
    #expect(try watch.ended() == 0, "\(watch.messages)")
    let labels = try watch.outputLines.map { try LabelDecoder().decode($0) }
    #expect(Expected.decisions(labels) == wanted)
    #expect(watch.messages.contains(" 0 lost"))
    _ = try daemon.end()
  }

  /// Threads of Swift's pools block every signal, and a program that one of them starts inherits that.
  @Test func `a daemon whose parent blocks signals ends on SIGTERM all the same`() throws {
    var (mask, former) = (sigset_t(), sigset_t())
    sigfillset(&mask)
    pthread_sigmask(SIG_BLOCK, &mask, &former)
    defer { pthread_sigmask(SIG_SETMASK, &former, nil) }
    let daemon = try RunningDaemon(Settings(input: "bind: tcp://127.0.0.1:*"), in: folder)
    #expect(try daemon.end().rows == 0)
  }

  @Test func `SIGTERM in the middle of a stream drains what has come and ends with sums that are right`() throws {
    let daemon = try RunningDaemon(Settings(input: "bind: tcp://127.0.0.1:*"), in: folder)
    let subscriber = try LabelSubscriber(daemon.labels)
    let replay = try daemon.replay(expected, speed: "10")
    try subscriber.receive("a first label") { $0.contains { $0.label != nil } }
    let account = try daemon.end()
    #expect(account.used > 0 && account.used < Expected.rows)
    replay.signal(SIGKILL)
    #expect(try replay.ended() == -SIGKILL)
  }

  @Test func `a publisher that is killed and started again begins a new session, and nothing hangs`() throws {
    let daemon = try RunningDaemon(Settings(input: "bind: tcp://127.0.0.1:*"), in: folder)
    let subscriber = try LabelSubscriber(daemon.labels)
    let first = try daemon.replay(expected, speed: "10")
    try subscriber.receive("a first label") { $0.contains { $0.label != nil } }
    first.signal(SIGKILL)
    #expect(try first.ended() == -SIGKILL)

    let second = try daemon.replay(expected)
    try subscriber.receive("the end") { $0.contains(where: \.isEnd) }
    #expect(try second.ended() == 0, "\(second.messages)")
    let sessions = Set(subscriber.labels.compactMap { $0.inputEpoch ?? $0.epoch })
    #expect(sessions.count == 2)
    let last = subscriber.labels.filter { $0.inputEpoch ?? $0.epoch == sessions.max() }
    #expect(Expected.decisions(last) == Expected.decisions(expected.labels))
    let account = try daemon.end()
    #expect(account.used > Expected.rows && account.dropped == 0)
  }
}
