import Glibc
import RunnelCore
import RunnelTesting
import RunnelWire
import RunnelZeroMQ
import Testing

/// Law 4 through a recording of the daemon itself: what it admitted, with its verdicts, gives the labels that it gave, with
/// losses, gaps, a publisher that begins again and a stretch of silence in it.
@Suite struct FromDaemonTests {
  private let folder = TemporaryFolder()

  /// A publisher that can leave messages out.
  private final class Publisher {
    private let context: ZeroMQContext
    private var encoder: RunnelEncoder
    private let samples: [Int16]
    private let socket: Socket

    init(_ samples: [Int16], epoch: UInt64, stream: String = "bed7", to endpoint: String) throws {
      context = ZeroMQContext()
      self.samples = samples
      encoder = try RunnelEncoder(
        StreamDescription(
          stream: stream, rate: 360, channels: [Channel(name: "MLII", unit: "mV", scaling: .gain(200, baseline: 0))]),
        epoch: epoch, element: .int16)
      socket = try Socket(.xpub, in: context)
      try socket.connect(endpoint)
      var poller = Poller()
      _ = poller.add(socket)
      guard try poller.wait(milliseconds: 10_000) == 1 else { throw Program.Failed(description: "nobody subscribes") }
      _ = try encoder.withDescription { (parts) throws(ZeroMQError) in try socket.send(parts) }
    }

    /// - Parameter isLost: the message is numbered, but not sent.
    func send(_ rows: Range<Int>, isLost: Bool = false, discontinuity: Bool = false) throws {
      var first = rows.lowerBound
      while first < rows.upperBound {
        let count = min(36, rows.upperBound - first)
        encoder.nextIndex = Int64(first)
        let result: SendResult = try samples[first..<first + count].withUnsafeBytes { payload in
          try encoder.withSamples(
            payload, rows: count, timestamp: 1_700_000_000_000_000_000 + Int64(first) * 2_777_778,
            discontinuity: discontinuity && first == rows.lowerBound
          ) { (parts) throws(ZeroMQError) in isLost ? .sent : try socket.send(parts) }
        }
        #expect(result == .sent)
        first += count
      }
    }

    func end() throws { _ = try encoder.withEnd { (parts) throws(ZeroMQError) in try socket.send(parts) } }
  }

  private func samples(_ expected: Expected) -> [Int16] {
    TemporaryFolder.read(expected.samples).withUnsafeBytes { Array($0.bindMemory(to: Int16.self)) }
  }

  private func lane(_ lines: [String], _ stream: String) -> [String] {
    lines.filter { $0.contains("\"stream\":\"\(stream)\"") }
  }

  @Test(arguments: [1, 3]) func `the labels of a recording of the daemon are those that it gave, byte for byte`(
    shards: Int
  ) throws {
    let samples = samples(try Expected.shared.get())
    let settings = Settings(input: "bind: tcp://127.0.0.1:*, stale_after: 200ms")
    let daemon = try RunningDaemon(settings, in: folder, shards: shards)
    let subscriber = try LabelSubscriber(daemon.labels)
    let file = folder.path + "/admitted.mcap"
    let recorder = try Program(
      Program.runnel, ["record", "--from-daemon", daemon.control, "-o", file, "--json"])
    try recorder.line(containing: "recording what the daemon admits")

    func labels(_ count: Int, of stream: String = "bed7") throws {
      try subscriber.receive("\(count) labels of \(stream)") {
        $0.count { $0.label != nil && $0.stream == stream } >= count
      }
    }
    do {
      let first = try Publisher(samples, epoch: 5, to: daemon.samples)
      let other = try Publisher(samples, epoch: 6, stream: "bed8", to: daemon.samples)
      try first.send(0..<3600)
      // 50 ms, which are filled; 0.5 s, across which state is carried; 3 s, which reset it; and a gap of unknown length.
      try first.send(3600..<3618, isLost: true)
      try first.send(3618..<5400)
      try other.send(0..<4000)
      try first.send(5400..<5580, isLost: true)
      try first.send(5580..<7200)
      try first.send(7200..<8280, isLost: true)
      try first.send(8280..<10800)
      try first.send(10800..<12600, discontinuity: true)
      try labels(25)
      // Silence, until the daemon has said so.
      try subscriber.receive("that bed7 is stale") { $0.contains { $0.stream == "bed7" && $0.isStale } }
      try first.send(12600..<14400)
      try other.send(4000..<8000)
      try other.end()
      try labels(30)
    }
    // The publisher is gone without an end, and begins again.
    try daemon.program.line(containing: "is gone")
    let again = try Publisher(samples, epoch: 7, to: daemon.samples)
    try again.send(0..<7200)
    try again.end()
    try subscriber.receive("the ends") { $0.count(where: \.isEnd) == 2 }
    _ = try daemon.end()
    #expect(try recorder.ended() == 0, "\(recorder.messages)")
    let report = try JSONValue(parsing: recorder.output)
    #expect(report["ended_by"]?.string == "daemon" && report["lost_messages"]?.number == 0)

    let live = subscriber.canonical
    let label = try Program(
      Program.runnel, ["label", file, "-c", folder.path + "/runnel.yaml", "--format", "jsonl", "--canonical"])
    #expect(try label.ended() == 0, "\(label.messages)")
    for stream in ["bed7", "bed8"] {
      #expect(lane(live, stream).count > 10)
      #expect(lane(label.outputLines, stream) == lane(live, stream))
    }
    #expect(label.outputLines.count == live.count)
    #expect(live.contains { $0.contains("\"kind\":\"status\"") && $0.contains("reset") })

    // The same samples are a recording like any other.
    let tracks = try Program(Program.runnel, ["convert", file, folder.path + "/bed8.csv", "--track", "bed8"])
    #expect(try tracks.ended() == 0 && tracks.output.contains("8000 rows"), "\(tracks.output)\(tracks.messages)")
  }

  @Test(arguments: [1, 3]) func `labels that wait for later samples when the daemon is stopped are in its recording`(
    shards: Int
  ) throws {
    let settings = Settings(input: "bind: tcp://127.0.0.1:*", pipeline: ", attach: {after: 10s}")
    let daemon = try RunningDaemon(settings, in: folder, shards: shards)
    let subscriber = try LabelSubscriber(daemon.labels)
    let file = folder.path + "/stopped.mcap"
    let recorder = try Program(Program.runnel, ["record", "--from-daemon", daemon.control, "-o", file])
    try recorder.line(containing: "recording what the daemon admits")
    let publisher = try Publisher(samples(try Expected.shared.get()), epoch: 5, to: daemon.samples)
    try publisher.send(0..<7200)
    try subscriber.receive("labels whose ten seconds are over") { $0.count { $0.label != nil } > 5 }
    _ = try daemon.end()
    #expect(try recorder.ended() == 0, "\(recorder.messages)")
    let live = try #require(daemon.program.messages.firstMatch(of: /labels: (\d+) from/)?.1)
    let label = try Program(Program.runnel, ["label", file, "-c", folder.path + "/runnel.yaml", "--format", "jsonl"])
    #expect(try label.ended() == 0, "\(label.messages)")
    let labels = label.outputLines.filter { $0.contains("\"label\":") }
    #expect(labels.count == Int(live) && labels.count > 15)
    #expect(labels.last?.contains("\"cut\":true") == true)
  }

  @Test func `a recorder that comes in the middle says so, and goes when it is told to`() throws {
    let samples = samples(try Expected.shared.get())
    let daemon = try RunningDaemon(Settings(input: "bind: tcp://127.0.0.1:*"), in: folder)
    let subscriber = try LabelSubscriber(daemon.labels)
    let publisher = try Publisher(samples, epoch: 5, to: daemon.samples)
    try publisher.send(0..<3600)
    try subscriber.receive("labels") { $0.contains { $0.label != nil } }
    let file = folder.path + "/late.mcap"
    let recorder = try Program(Program.runnel, ["record", "--from-daemon", daemon.control, "-o", file])
    try recorder.line(containing: "recording what the daemon admits")
    try publisher.send(3600..<7200)
    try subscriber.receive("more labels") { $0.contains { $0.label != nil && ($0.at ?? 0) > 6000 } }
    recorder.signal(SIGINT)
    #expect(try recorder.ended() == 0, "\(recorder.messages)")
    let label = try Program(
      Program.runnel, ["label", file, "-m", Place.model, "--channels", "MLII", "--format", "jsonl", "--canonical"])
    #expect(try label.ended() == 0, "\(label.messages)")
    #expect(label.messages.contains("'bed7' was under way when the recording began"))
    #expect(!label.outputLines.isEmpty)
    _ = try daemon.end()
  }

  @Test func `where no daemon answers it is 69`() throws {
    let program = try Program(
      Program.runnel, ["record", "--from-daemon", folder.path + "/none.sock", "-o", folder.path + "/x.mcap"])
    #expect(try program.ended() == 69, "\(program.messages)")
    #expect(access(folder.path + "/x.mcap", F_OK) != 0)
  }
}

extension LabelMessage {
  fileprivate var isStale: Bool { if case .status(.stale, _) = kind { true } else { false } }
}
