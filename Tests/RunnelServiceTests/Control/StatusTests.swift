import RunnelCore
import RunnelTesting
import RunnelWire
import Testing

@testable import RunnelService

/// What a daemon says of itself.
@Suite struct StatusTests {
  private let folder = TemporaryFolder()

  @Test(arguments: [1, 3])
  func `the status balances at any time and knows streams, lanes, labels and connections`(shards: Int) throws {
    let rig = try DaemonRig(shards: shards, control: folder.socket)
    let client = try ControlClient(folder.socket)
    let publishers = try ["bed7", "bed/8 %"].map { try rig.publisher(.bed($0), epoch: 5) }
    for publisher in publishers { try publisher.describe() }
    for _ in 0..<20 {
      for publisher in publishers { try publisher.send(wave(36)) }
      let status = try rig.ask(#"{"do":"status"}"#, client)
      #expect(Self.balances(status), "\(status)")
    }
    publishers[0].encoder.nextIndex += 7
    for publisher in publishers { try publisher.send(wave(36)) }
    try rig.turn(until: { rig.accounting.rowsUsed == 2 * 21 * 36 }, "all rows are used")
    let labels = 2 * 756 / 3 - 2 * 42
    _ = try rig.receive(labels: labels)
    let status = try rig.ask(#"{"do":"status"}"#, client)
    #expect(Self.balances(status) && status["rows_lost"]?.integer == 7 && status["gaps"]?.integer == 1)
    #expect(status["labels"]?.integer ?? 0 >= Int64(labels) && status["shards"]?.integer == Int64(shards))
    let streams = try #require(status["streams"]?.array)
    #expect(streams.compactMap { $0["stream"]?.string } == ["bed7", "bed/8 %"])
    #expect(streams.compactMap { $0["next"]?.integer } == [763, 756])
    #expect(streams.allSatisfy { $0["phase"]?.string == "live" && $0["rate"]?.number == 360 })
    let lanes = try #require(status["lanes"]?.array)
    #expect(Set(lanes.compactMap { $0["lane"]?.string }) == ["bed7/beats/MLII", "bed%2F8%20%25/beats/MLII"])
    #expect(lanes.allSatisfy { $0["label"]?.string != nil && $0["at"]?.integer != nil })
    let input = try #require(status["inputs"]?.array?.first)
    #expect(input["connections"]?["made"]?.integer == 2 && input["format"]?.string == "runnel")
    #expect(status["outputs"]?.array?.first?["endpoint"]?.string == rig.daemon.outputEndpoints[0])
  }

  @Test func `phases and reasons are named`() throws {
    let time = ManualClock()
    let rig = try DaemonRig(clock: time.clock, control: folder.socket)
    let client = try ControlClient(folder.socket)
    func phase() throws -> String? {
      try rig.ask(#"{"do":"status"}"#, client)["streams"]?.array?.first?["phase"]?.string
    }
    #expect(try phase() == nil)
    let publisher = try rig.publisher(.bed(), epoch: 1)
    try publisher.send(wave(36))
    try rig.turn(until: { rig.accounting.rowsHeld == 36 })
    #expect(try phase() == "waiting")
    try publisher.describe()
    try rig.turn(until: { rig.accounting.rowsUsed == 36 })
    #expect(try phase() == "live")
    time.advance(milliseconds: 3000)
    try rig.daemon.turn(within: 1)
    #expect(try phase() == "stale")
    try publisher.end()
    try rig.turn(until: { try phase() == "ended" })
    try publisher.send(wave(36))
    try rig.turn(until: { rig.accounting.dropped.total == 36 })
    let status = try rig.ask(#"{"do":"status"}"#, client)
    #expect(status["rows"]?["dropped"]?["old-epoch"]?.integer == 36 && Self.balances(status))
    #expect(StatusLines(status).lines.contains { $0.contains("36 dropped (36 old-epoch)") })
  }

  @Test func `rates are those of the last whole second`() throws {
    let time = ManualClock()
    let rig = try DaemonRig(clock: time.clock, control: folder.socket)
    let client = try ControlClient(folder.socket)
    let publisher = try rig.publisher(.bed(), epoch: 1)
    try publisher.describe()
    try rig.daemon.turn(within: 1)
    time.advance(milliseconds: 1000)
    try rig.daemon.turn(within: 1)
    for _ in 0..<10 { try publisher.send(wave(36)) }
    try rig.turn(until: { rig.accounting.rowsUsed == 360 })
    time.advance(milliseconds: 1000)
    try rig.daemon.turn(within: 1)
    let second = try rig.ask(#"{"do":"status"}"#, client)["per_second"]
    #expect(second?["rows"]?.number == 360 && second?["labels"]?.number == 360 / 3 - 42)
  }

  @Test func `what an output could give to nobody is counted there, in the status and at the end`() throws {
    let rig = try DaemonRig(outputs: ["more: {bind: 'tcp://127.0.0.1:*', type: push}"], control: folder.socket)
    let publisher = try rig.publisher(.bed(), epoch: 1)
    try publisher.describe()
    try publisher.send(wave(360))
    try rig.turn(until: { rig.accounting.rowsUsed == 360 })
    // The labels, and the status that says a session began.
    let messages = 360 / 3 - 42 + 1
    let status = try rig.ask(#"{"do":"status"}"#, ControlClient(folder.socket))
    #expect(status["outputs"]?.array?.compactMap { $0["dropped"]?.integer } == [0, Int64(messages)], "\(status)")
    let line = StatusLines(status).lines.first { $0.hasPrefix("output 'more'") }
    #expect(line?.hasSuffix(": \(messages) dropped") == true, "\(line ?? "")")
    #expect(try rig.daemon.drain().lines.contains { $0.contains("output 'more': ") && $0.contains(" dropped") })
  }

  /// The log at the end and the status tell one thing in one way.
  @Test func `the sums of the report are those of the status, word for word`() throws {
    let rig = try DaemonRig(control: folder.socket)
    let publisher = try rig.publisher(.bed(), epoch: 1)
    try publisher.describe()
    try publisher.send(wave(360))
    publisher.encoder.nextIndex += 7
    try publisher.send(wave(36))
    try rig.turn(until: { rig.accounting.rowsUsed == 396 })
    let status = try rig.ask(#"{"do":"status"}"#, ControlClient(folder.socket))
    let lines = StatusLines(status).lines
    for sum in rig.daemon.report().lines.prefix(3) { #expect(lines.contains { $0.hasPrefix(sum) }, "\(sum): \(lines)") }
  }

  @Test func `the words have every sum, stream and lane`() throws {
    let status = try JSONValue(
      parsing: """
        {"pid":47,"configuration":"beds.yaml","uptime":7384.2,"shards":3,"shard_waits":2,
        "messages":{"received":12,"decoded":9,"rejected":{"total":3,"dtype":1,"topic":2},"ignored":{"total":1,"events":1}},
        "rows":{"received":324,"used":300,"dropped":{"total":20,"duplicate":20},"held":4},
        "rows_lost":36,"messages_lost":0,"gaps":1,"sessions":1,"samples_filled":5,"values_missing":2,"resets":1,"windows_left_out":4,
        "labels":9,"latency_us":{"p50":81.2,"p99":1204},"per_second":{"messages":20,"rows":360.2,"labels":1.18},
        "inputs":[{"input":"beds","endpoint":"tcp://a:1","format":"runnel","connections":{"made":2,"failed":0,"lost":1}}],
        "outputs":[{"output":"labels","endpoint":"tcp://b:2","publish":"labels","format":"runnel","dropped":0},
        {"output":"more","endpoint":"tcp://b:3","publish":"labels","format":"binary","dropped":8},
        {"output":"seen","endpoint":"tcp://b:4","publish":"conditioned","format":"runnel"}],"conditioned_dropped":6,
        "streams":[{"stream":"bed7","input":"beds","endpoint":"tcp://a:1","phase":"live","level":"sequenced","rate":360,
        "next":360,"rows":{"received":324,"used":300,"dropped":{"total":20,"duplicate":20},"held":4},"rows_lost":36,"sessions":2}],
        "streams_left_out":2,"lanes":[{"lane":"bed7/beats/MLII","next":9,"label":"N","at":344}]}
        """.filter { $0 != "\n" })
    #expect(
      StatusLines(status).lines == [
        "daemon 47 of beds.yaml, for 2 h 3 min",
        "messages: 12 received = 9 decoded + 3 rejected (1 dtype, 2 topic); 1 ignored (1 events), 20.0 a second",
        "rows: 324 received = 300 used + 20 dropped (20 duplicate) + 4 held, 360 a second",
        "lost: 36 rows, 0 messages in 1 gaps; 5 samples filled, 2 values missing, 1 resets, 4 windows left out",
        "labels: 9, 1.18 a second, latency p50 81.2 µs, p99 1200 µs",
        "shards: 3, their queues were full 2 times",
        "input 'beds' (runnel) at tcp://a:1: 2 connections made, 0 failed, 1 lost",
        "output 'labels' (runnel) publishes labels at tcp://b:2",
        "output 'more' (binary) publishes labels at tcp://b:3: 8 dropped",
        "output 'seen' (runnel) publishes conditioned samples at tcp://b:4",
        "conditioned samples: 6 messages dropped on the way from a shard",
        "stream     phase  level          rate  measured  sessions  next  used  dropped  lost",
        "beds/bed7  live   sequenced  360.0 Hz         -         2   360   300       20    36",
        "and 2 more streams",
        "lane             label   at  next seq",
        "bed7/beats/MLII  N      344         9",
      ])
  }

  static func balances(_ status: JSONValue) -> Bool {
    func number(_ path: String...) -> Int64 {
      path.reduce(Optional(status)) { $0?[$1] }?.integer ?? .min / 4
    }
    return number("messages", "received") == number("messages", "decoded") + number("messages", "rejected", "total")
      && number("rows", "received")
        == number("rows", "used") + number("rows", "dropped", "total") + number("rows", "held")
  }
}
