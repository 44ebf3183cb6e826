import RunnelCore
import RunnelWire
import RunnelZeroMQ
import Testing

@testable import RunnelService

/// The ways in which publishers and an input meet: SUB and PULL, bound and connected, one endpoint and several.
@Suite struct InputSocketTests {
  private static let both = "bind: ['tcp://127.0.0.1:*', 'tcp://127.0.0.1:*']"
  private static let raw = [
    "format: raw", "dtype: i16", "rate: 360 Hz", "channels: [{name: MLII, unit: mV, gain: 200}]",
  ]

  @Test func `of an A/B feed the first copy wins, and what one of them lost the other has`() throws {
    let rig = try DaemonRig(endpoints: Self.both)
    let a = try rig.publisher(.bed(), epoch: 1)
    let b = try rig.publisher(.bed(), epoch: 1, endpoint: 1)
    for publisher in [a, b] { try publisher.describe() }
    let rows = wave(3600)
    for (number, start) in stride(from: 0, to: rows.count, by: 360).enumerated() {
      // Each loses a third of its messages, never the same one.
      for (publisher, lost) in [(a, number % 3 == 1), (b, number % 3 == 2)] {
        if lost {
          publisher.encoder.nextSequence += 1
          publisher.encoder.nextIndex += 360
        } else {
          try publisher.send(Array(rows[start..<start + 360]))
          try rig.turn(until: { rig.accounting.rowsUsed >= Int64(start + 360) }, "the copy that is there is used")
        }
      }
    }
    try rig.turn(until: { rig.accounting.messagesReceived == 2 + 10 + 4 }, "every message comes")
    let accounting = rig.accounting
    #expect(accounting.rowsUsed == 3600 && accounting.rowsLost == 0 && accounting.gaps == 0)
    #expect(accounting.dropped[.duplicate] == Int64(4 * 360) && accounting.balances)
    #expect(rig.daemon.report().streams == 1)
    let alone = try DaemonRig()
    let publisher = try alone.publisher(.bed(), epoch: 1)
    try publisher.describe()
    try publisher.send(rows)
    #expect(try decisions(rig) == decisions(alone))
  }

  /// Of 3600 rows at 360 Hz.
  private func decisions(_ rig: DaemonRig) throws -> [String] {
    var encoder = LabelEncoder(canonical: true)
    return try rig.receive(labels: 1100).filter { $0.isDecision && !$0.isRepeat }.prefix(1100).map { encoder.text($0) }
  }

  @Test func `two endpoints of a format without epochs are two streams, each named after its endpoint`() throws {
    let rig = try DaemonRig(endpoints: Self.both, stream: Self.raw)
    let first = try rig.socket()
    let second = try rig.socket(endpoint: 1)
    let results = (
      try wave(360).withUnsafeBytes { try first.send($0) }, try wave(360).withUnsafeBytes { try second.send($0) }
    )
    #expect(results == (.sent, .sent))
    try rig.turn(until: { rig.accounting.rowsUsed == 720 })
    #expect(rig.daemon.report().streams == 2)
    #expect(rig.sentences.count("stream 'beds@1'") > 0 && rig.sentences.count("stream 'beds@2'") > 0)
  }

  /// Labels of all such streams went to the topic `l/`.
  @Test func `what no topic of labels can carry is spelt in the stream's name`() throws {
    let rig = try DaemonRig(stream: Self.raw + ["topic_parts: 1"])
    let socket = try rig.socket()
    let spelt = [#"bed7\x00"#, #"bed8\x0a"#, "bed 9", #"\xff"#, #"\xfe"#]
    for topic in ["bed7\u{0}", "bed8\n", "bed 9"].map({ Array($0.utf8) }) + [[0xFF], [0xFE]] {
      _ = try topic.withUnsafeBytes { topic in try wave(360).withUnsafeBytes { try socket.send(topic, $0) } }
    }
    let labels = try rig.receive(labels: spelt.count * (360 / 3 - 42)).filter { $0.label != nil }
    #expect(Set(labels.map(\.stream)) == Set(spelt))
    #expect(
      Set(rig.daemon.publisher.lanes.map(\.name))
        == Set(spelt.map { $0.replacing(" ", with: "%20") + "/beats/MLII" }))
  }

  /// Swift takes both spellings of é for the same text.
  @Test func `two streams whose names look the same have topics of their own`() throws {
    let rig = try DaemonRig(stream: Self.raw + ["topic_parts: 1"])
    let socket = try rig.socket()
    let names = ["bed \u{E9}", "bed e\u{301}"]
    for name in names {
      _ = try Array(name.utf8).withUnsafeBytes { topic in
        try wave(360).withUnsafeBytes { try socket.send(topic, $0) }
      }
    }
    let labels = try rig.receive(labels: 2 * (360 / 3 - 42)).filter { $0.label != nil }
    for name in names { #expect(labels.count { $0.stream.utf8.elementsEqual(name.utf8) } == 360 / 3 - 42) }
    #expect(Set(rig.daemon.publisher.lanes.map { Array($0.name.utf8) }).count == 2)
  }

  @Test(arguments: [true, false]) func `PULL takes what PUSH sends, whichever of them binds`(isBound: Bool) throws {
    let pushing = ZeroMQContext()
    let socket = try Socket(.push, in: pushing)
    let endpoint = isBound ? "bind: tcp://127.0.0.1:*" : "connect: '\(try socket.bind("tcp://127.0.0.1:*"))'"
    let rig = try DaemonRig(endpoints: endpoint, stream: Self.raw + ["type: pull"])
    if isBound { try socket.connect(rig.daemon.inputEndpoints[0]) }
    var sent = 0
    try rig.turn(
      until: {
        // PUSH takes nothing until the connection stands.
        if sent < 10, try wave(36).withUnsafeBytes({ try socket.send($0) }) == .sent { sent += 1 }
        return rig.accounting.rowsUsed == 360
      }, "ten messages come")
    #expect(rig.accounting.messagesReceived == 10 && rig.accounting.rejected.total == 0)
  }
}
