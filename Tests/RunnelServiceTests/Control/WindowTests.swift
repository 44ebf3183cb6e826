import Glibc
import RunnelCore
import RunnelPipeline
import RunnelTesting
import RunnelWire
import RunnelZeroMQ
import Testing

@testable import RunnelService

/// What the network saw, asked of the running daemon.
@Suite struct WindowTests {
  private let folder = TemporaryFolder()
  private static let lane = #"{"do":"window","lane":"bed7/beats/MLII"}"#

  /// The table that a client makes of the daemon's answer.
  private func ask(_ request: String, _ client: ControlClient, _ rig: DaemonRig) throws -> WindowTable {
    let head = try rig.ask(request, client)
    let size = try #require(head["bytes"]?.integer, "\(head)")
    var bytes: [UInt8]?
    try rig.turn(
      until: {
        bytes = client.bytes(Int(size))
        return bytes != nil
      }, "the values come")
    return try WindowTable(ControlCaller.Answer(line: "", value: head, bytes: try #require(bytes)))
  }

  @Test(arguments: [1, 3])
  func `the window is what the network saw, to the bit, with the index of each frame`(shards: Int) throws {
    let rig = try DaemonRig(shards: shards, control: folder.socket)
    let client = try ControlClient(folder.socket)
    let publisher = try rig.publisher(.bed(), epoch: 1)
    try publisher.describe()
    let samples = wave(900)
    try publisher.send(Array(samples[..<500]))
    publisher.encoder.nextIndex += 6
    try publisher.send(Array(samples[500..<700]))
    publisher.encoder.nextIndex += 200
    try publisher.send(Array(samples[700...]))
    try rig.turn(until: { rig.accounting.rowsUsed == 900 }, "all rows are used")
    let seen = try DaemonRig.conditioned([
      (0, Array(samples[..<500])), (506, Array(samples[500..<700])), (906, Array(samples[700...])),
    ])
    let table = try ask(Self.lane, client, rig)
    #expect(table.rate == 120 && table.inputRate == 360 && table.columns == ["MLII"])
    var frames = 0
    for case .frame(let step, let index, _, let values, let status) in table.rows {
      frames += 1
      #expect(index == 3 * step && values.count == 1 && values.first == seen[step], "frame \(step)")
      let filled = (500..<506).contains(index) || (500..<506).contains(index - 2)
      #expect(status == (filled ? "filled" : "ok"), "frame \(step)")
    }
    #expect(frames == 120, "a second of the model's rate")
    #expect(table.rows.contains(.missing(step: 236, index: 708, count: 66)), "\(table.rows)")
    let short = try ask(#"{"do":"window","lane":"bed7/beats/MLII","last":0.1}"#, client, rig)
    #expect(short.rows == table.rows.suffix(12))
  }

  @Test func `the lane of a group has a column for each input, and times where they are known`() throws {
    let table = try WindowTable(
      ControlCaller.Answer(
        line: "",
        value: JSONValue(
          parsing: """
            {"lane":"a/b/all","input":"beds","rate":2,"input_rate":4,"ratio":[1,2],"delay":0.5,
            "inputs":[{"input":"x","channel":"I","unit":"mV"},{"input":"y","channel":"II"}],"conditioning":{"filters":[]},
            "runs":[{"step":3,"count":1},{"step":6,"count":2},{"step":8,"count":1}],
            "flaws":[{"first":7,"count":5,"quality":"filled"},{"first":13,"count":1,"quality":"filled"},{"first":14,"count":1,"quality":"lead-off"}],
            "time":{"index":16,"t_ns":"1700000000500000000","source":"sender"},"bytes":32}
            """.filter { $0 != "\n" }),
        bytes: [Float(1), -2, 3, 4.5, 5, 6, 7, 8].flatMap {
          withUnsafeBytes(of: $0.bitPattern.littleEndian) { Array($0) }
        }))
    #expect(
      table.csv == [
        "index,step,t,I,II,status", "6,3,1699999998.0,1.0,-2.0,ok", "8,4,,,,missing 2",
        "12,6,1699999999.5,3.0,4.5,ok", "14,7,1700000000.0,5.0,6.0,lead-off", "16,8,1700000000.5,7.0,8.0,jump",
      ])
    var json = JSONWriter()
    table.write(into: &json)
    let value = try JSONValue(parsing: json.text)
    #expect(value["values"]?["II"]?.array?.compactMap(\.number) == [-2, 4.5, 6, 8])
    #expect(value["index"]?.array?.compactMap(\.integer) == [6, 12, 14, 16] && value["bytes"] == nil)
    #expect(value["missing"]?.array?.count == 1 && value["conditioning"] != nil)
    #expect(table.lines[0] == "lane a/b/all: 4 frames (2.00 s) at 2.0 Hz, of 4.0 Hz; labels speak of 0.5 s before")
  }

  @Test(arguments: [1, 2])
  func `a lane that is not there is said with those that are`(shards: Int) throws {
    let rig = try DaemonRig(shards: shards, control: folder.socket)
    let client = try ControlClient(folder.socket)
    #expect(try rig.ask(Self.lane, client)["error"]?.string?.contains("no lane is open yet") == true)
    let publisher = try rig.publisher(.bed(), epoch: 1)
    try publisher.describe()
    try publisher.send(wave(36))
    try rig.turn(until: { rig.accounting.rowsUsed == 36 })
    _ = try rig.receive(labels: 0)
    try rig.turn(until: { rig.daemon.publisher.laneCount == 1 })
    for (lane, words) in [
      ("bed7/beats/MLI", "did you mean 'bed7/beats/MLII'?"), ("x", "there is bed7/beats/MLII"),
      ("bed7/beats/V5/", "bed7/beats/MLII"), ("", "bed7/beats/MLII"),
    ] {
      let answer = try rig.ask(#"{"do":"window","lane":"\#(lane)"}"#, client)
      #expect(answer["error"]?.string?.contains(words) == true && answer["code"]?.integer == 1, "\(answer)")
    }
    for request in [#"{"do":"window"}"#, #"{"do":"window","lane":"x","last":0}"#, #"{"do":"window","lane":7}"#] {
      #expect(try rig.ask(request, client)["code"]?.integer == 64)
    }
  }

  /// An answer found its client gone, and so did the refusal in its place, over and over until the stack ended.
  @Test(arguments: [1, 3])
  func `who asks of a lane and hangs up is told nothing, and the daemon goes on`(shards: Int) throws {
    let rig = try DaemonRig(shards: shards, control: folder.socket)
    let publisher = try rig.publisher(.bed(), epoch: 1)
    try publisher.describe()
    try publisher.send(wave(360))
    try rig.turn(until: { rig.accounting.rowsUsed == 360 && rig.accounting.rowsHeld == 0 })
    let connection = try Self.closedConnection()
    let requests: [ControlRequest] = [.status, .window(lane: "x", last: 1), .window(lane: "bed7/beats/MLII", last: 1)]
    for request in requests { rig.daemon.answer(request, to: connection) }
    for _ in 0..<100 {
      try ControlClient(folder.socket).send(Self.lane + "\n")
      try rig.daemon.turn(within: 1)
    }
    try rig.turn(until: { rig.daemon.questions.isEmpty }, "no question is kept for who has gone")
    #expect(!connection.interest.contains(.writable), "nothing waits to be sent to it")
    let table = try ask(Self.lane, ControlClient(folder.socket), rig)
    #expect(table.rows.count == 120)
  }

  /// A client that has hung up.
  private static func closedConnection() throws -> ControlConnection {
    var ends: [Int32] = [0, 0]
    try #require(socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &ends) == 0)
    close(ends[1])
    _ = fcntl(ends[0], F_SETFL, O_NONBLOCK)
    var poller = Poller()
    let connection = ControlConnection(ends[0], entry: poller.add(fileDescriptor: ends[0]), now: 0)
    connection.close()
    return connection
  }

  /// Also what the thread sanitizer is asked about.
  @Test func `a lane is asked while its thread steps, and the frames are whole and in order`() throws {
    let rig = try DaemonRig(shards: 3, control: folder.socket)
    let client = try ControlClient(folder.socket)
    let publishers = try (0..<4).map { try rig.publisher(.bed("bed\($0)"), epoch: 1) }
    for publisher in publishers { try publisher.describe() }
    for round in 0..<30 {
      for publisher in publishers { try publisher.send(wave(720, seed: UInt64(round))) }
      let answered = try rig.ask(#"{"do":"window","lane":"bed\#(round % 4)/beats/MLII"}"#, client)
      guard let size = answered["bytes"]?.integer else { continue }
      try rig.turn(until: { client.bytes(Int(size)) != nil }, "the values come")
    }
    let sent = Int64(4 * 30 * 720)
    try rig.turn(until: { rig.accounting.rowsUsed == sent && rig.accounting.rowsHeld == 0 }, "all rows are used")
    for number in 0..<4 {
      let table = try ask(#"{"do":"window","lane":"bed\#(number)/beats/MLII"}"#, client, rig)
      let steps = table.rows.compactMap { if case .frame(let step, _, _, _, _) = $0 { step } else { nil } }
      #expect(steps == Array(steps[0]..<steps[0] + 120) && steps.last == 30 * 240 - 1)
    }
  }
}
