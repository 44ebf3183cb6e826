import RunnelCore
import RunnelWire
import RunnelZeroMQ
import Testing

@testable import RunnelPipeline
@testable import RunnelService

/// Looking on: what the networks see, published for those who subscribe.
@Suite struct ConditionedOutputTests {
  private static let output = #"seen: {bind: "tcp://127.0.0.1:*", publish: conditioned, heartbeat: 100ms}"#

  /// One message of topic `c/…/`.
  private struct Run {
    var topic: String
    var kind: UInt8
    var isJump: Bool
    var sequence: UInt64
    var first: Int64
    var rate: Double
    var values: [Float]

    init(_ parts: MessageParts) throws {
      try #require(parts.count == 3 && parts[1].count == 64)
      func read<T: FixedWidthInteger>(_ offset: Int, _ type: T.Type) -> T {
        T(littleEndian: parts[1].loadUnaligned(fromByteOffset: offset, as: T.self))
      }
      topic = String(decoding: parts[0], as: UTF8.self)
      kind = parts[1][5]
      isJump = read(10, UInt16.self) & 2 != 0
      (sequence, first) = (read(24, UInt64.self), read(32, Int64.self))
      rate = Double(bitPattern: read(48, UInt64.self))
      guard kind == 1 else {
        values = []
        return
      }
      #expect(parts[1][6] == 8 && parts[2].count == 4 * Int(read(56, UInt32.self) * read(60, UInt32.self)))
      values = stride(from: 0, to: parts[2].count, by: 4).map {
        Float(bitPattern: parts[2].loadUnaligned(fromByteOffset: $0, as: UInt32.self))
      }
    }
  }

  /// A subscriber that the daemon has heard of.
  private func onlooker(_ rig: DaemonRig, _ prefix: String) throws -> Socket {
    let socket = try Socket(.sub, in: rig.context)
    try socket.subscribe(prefix)
    try socket.connect(rig.daemon.outputEndpoints[1])
    try rig.turn(until: { rig.daemon.onlookers?.covers(prefix) == true }, "the subscription comes")
    return socket
  }

  private func receive(_ socket: borrowing Socket, into runs: inout [Run]) throws {
    var receiver = MultipartReceiver()
    while case .message(let parts) = try receiver.receive(from: socket) { runs.append(try Run(parts)) }
  }

  @Test(arguments: [1, 3])
  func `who subscribes gets what the network sees, to the bit, with seq and index, and gaps show`(shards: Int) throws {
    let rig = try DaemonRig(outputs: [Self.output], shards: shards)
    let socket = try onlooker(rig, "c/bed7/")
    let publisher = try rig.publisher(.bed(), epoch: 1)
    let other = try rig.publisher(.bed("bed8"), epoch: 1)
    for each in [publisher, other] { try each.describe() }
    let samples = wave(900)
    for start in stride(from: 0, to: 500, by: 20) {
      try publisher.send(Array(samples[start..<start + 20]))
      try other.send(wave(20))
    }
    publisher.encoder.nextIndex += 6
    try publisher.send(Array(samples[500..<700]))
    publisher.encoder.nextIndex += 200
    try publisher.send(Array(samples[700...]))
    let seen = try DaemonRig.conditioned([
      (0, Array(samples[..<500])), (506, Array(samples[500..<700])), (906, Array(samples[700...])),
    ])
    var runs: [Run] = []
    try rig.turn(
      until: {
        try receive(socket, into: &runs)
        return runs.reduce(0) { $0 + $1.values.count } == seen.count
      }, "\(seen.count) frames come")
    let sent = runs.filter { $0.kind == 1 }
    #expect(sent.map(\.sequence) == (0..<UInt64(sent.count)).map { $0 })
    #expect(runs.allSatisfy { $0.topic == "c/bed7/beats/MLII/" && $0.rate == 120 })
    var next: Int64 = 0
    for run in sent {
      #expect(run.isJump == (run.first != next), "\(run)")
      for (place, value) in run.values.enumerated() { #expect(value == seen[run.first + Int64(place)]) }
      next = run.first + Int64(run.values.count)
    }
    #expect(sent.count { $0.isJump } == 1 && rig.daemon.onlookers?.composed == Int64(sent.count))
    try rig.turn(
      until: {
        try receive(socket, into: &runs)
        return runs.last?.kind == 2
      }, "a heartbeat comes")
    #expect(runs.last?.sequence == UInt64(sent.count) && runs.last?.first == next, "it tells what comes next")
  }

  @Test(arguments: [1, 2])
  func `nothing is composed while nobody subscribes, and a late subscriber begins where it comes`(shards: Int) throws {
    let rig = try DaemonRig(outputs: [Self.output], shards: shards)
    let publisher = try rig.publisher(.bed(), epoch: 1)
    try publisher.describe()
    try publisher.send(wave(360))
    try rig.turn(until: { rig.accounting.rowsUsed == 360 && rig.accounting.rowsHeld == 0 })
    #expect(rig.daemon.onlookers?.composed == 0)
    do {
      let socket = try onlooker(rig, "c/")
      try publisher.send(wave(360))
      var runs: [Run] = []
      try rig.turn(
        until: {
          try receive(socket, into: &runs)
          return runs.reduce(0) { $0 + $1.values.count } == 120
        }, "the frames come")
      #expect(runs.first?.first == 120 && runs.first?.sequence == 0 && runs.first?.isJump == false)
    }
    try rig.turn(until: { rig.daemon.onlookers?.covers("c/") == false }, "the subscriber has left")
    let composed = rig.daemon.onlookers?.composed
    try publisher.send(wave(360))
    try rig.turn(until: { rig.accounting.rowsUsed == 1080 && rig.accounting.rowsHeld == 0 })
    #expect(rig.daemon.onlookers?.composed == composed)
    let socket = try onlooker(rig, "c/bed7/beats/MLII/")
    try publisher.send(wave(36))
    var runs: [Run] = []
    try rig.turn(
      until: {
        try receive(socket, into: &runs)
        return runs.contains { $0.kind == 1 }
      }, "the frames come")
    let first = runs.first { $0.kind == 1 }
    #expect(first?.first == 360 && first?.isJump == true, "what it did not see lies between")
  }

  @Test func `a description says what the frames are, with the first of them and to who comes late`() throws {
    let rig = try DaemonRig(outputs: [Self.output])
    let socket = try onlooker(rig, "c/")
    try socket.subscribe("m/")
    try rig.turn(until: { rig.daemon.onlookers?.covers("m/") == true }, "the subscription comes")
    let publisher = try rig.publisher(.bed(), epoch: 1)
    try publisher.describe()
    try publisher.send(wave(360))
    let decoder = RunnelDecoder()
    var receiver = MultipartReceiver()
    /// The next message; nil where none has come.
    func next(_ socket: borrowing Socket) throws -> (topic: String, description: StreamDescription?)? {
      guard case .message(let parts) = try receiver.receive(from: socket) else { return nil }
      let topic = String(decoding: parts[0], as: UTF8.self)
      if case .description(let description) = try decoder.decode(parts) { return (topic, description) }
      return (topic, nil)
    }
    var first: (topic: String, description: StreamDescription?)?
    try rig.turn(
      until: {
        first = try next(socket)
        return first != nil
      }, "the first message comes")
    #expect(first?.topic == "m/bed7/beats/MLII/")
    let said = try #require(first?.description)
    #expect(said.stream == "bed7/beats/MLII" && said.rate == 120 && said.element == .float32 && said.epoch != nil)
    #expect(said.channels == [Channel(name: "MLII", unit: "mV")], "the model normalises nothing")
    let late = try onlooker(rig, "m/bed7/")
    var again: StreamDescription?
    try rig.turn(
      until: {
        again = try next(late)?.description
        return again != nil
      }, "who comes late is told")
    #expect(again == said)
  }

  @Test func `a second daemon labels what the networks of the first see`() throws {
    let rig = try DaemonRig(outputs: [Self.output])
    let second = try DaemonRig(
      endpoints: "connect: \(rig.daemon.outputEndpoints[1])", stream: ["format: runnel", "topic: c/*/beats/MLII/"])
    try rig.turn(
      until: {
        try second.daemon.turn(within: 1)
        return rig.daemon.onlookers?.covers("c/") == true && rig.daemon.onlookers?.covers("m/") == true
      }, "it subscribes")
    let publisher = try rig.publisher(.bed(), epoch: 1)
    try publisher.describe()
    let samples = wave(1080)
    for start in stride(from: 0, to: 1080, by: 36) { try publisher.send(Array(samples[start..<start + 36])) }
    try rig.turn(
      until: {
        try second.daemon.turn(within: 1)
        return second.accounting.rowsUsed == 360 && second.accounting.rowsHeld == 0
      }, "every frame comes")
    #expect(second.accounting.rejected.total == 0)
    let label = try #require(try second.receive(labels: 1).first { $0.label != nil })
    #expect(label.stream == "bed7/beats/MLII" && label.channel == "MLII" && label.level == .sequenced)
  }

  @Test func `PlotJuggler gets a message for each frame, with its time`() throws {
    let rig = try DaemonRig(
      outputs: [#"plots: {bind: "tcp://127.0.0.1:*", publish: conditioned, format: plotjuggler}"#])
    let socket = try onlooker(rig, "c/")
    let publisher = try rig.publisher(.bed(), epoch: 1)
    try publisher.describe()
    let samples = wave(36)
    _ = try samples.withUnsafeBytes { payload in
      try publisher.encoder.withSamples(payload, rows: 36, timestamp: 1_700_000_000_000_000_000) {
        try publisher.socket.send($0)
      }
    }
    let seen = try DaemonRig.conditioned([(0, samples)])
    var receiver = MultipartReceiver()
    var lines: [(JSONValue, String)] = []
    try rig.turn(
      until: {
        while case .message(let parts) = try receiver.receive(from: socket) {
          lines.append((try JSONValue(parsing: parts[1]), String(decoding: parts[2], as: UTF8.self)))
        }
        return lines.count == 12
      }, "the frames come")
    for (place, (line, time)) in lines.enumerated() {
      #expect(line["step"]?.integer == Int64(place) && line["index"]?.integer == Int64(3 * place))
      #expect(line["values"]?["MLII"]?.number.map { Float($0) } == seen[Int64(place)])
      #expect(abs((Double(time) ?? 0) - 1_700_000_000 - Double(place) / 120) < 1e-6)
    }
  }

  @Test func `frames that find no room on their way from a shard are a hole in seq`() throws {
    let plan = try ConfigurationReader.read(
      text: """
        streams: {beds: {bind: "tcp://127.0.0.1:*"}}
        models: {beats: {file: \(DaemonRig.model)}}
        pipelines: {beats: {from: beds, model: beats}}
        outputs: {labels: {bind: "tcp://127.0.0.1:*"}}
        """, file: "test.yaml"
    ).configuration
    let lane = TappedLane(
      "MLII", of: try plan.plans(models: ModelLoader.load(plan.models))[0].plan,
      on: Session(
        stream: StreamIdentity(input: "beds", endpoint: "", stream: "bed7"), rate: 360,
        channels: StreamDescription.bed().channels, level: .sequenced), ratio: Ratio(1, 3), epoch: 1)
    let queue = ConditionedQueue(capacity: 1 << 16)
    var heard: [UInt64] = []
    for round in 0..<3 {
      for number in 0..<100 {
        let values = [Float](repeating: Float(number), count: 200)
        values.withUnsafeBufferPointer {
          queue.push(
            ConditionedFrames(
              lane: lane, sequence: UInt64(100 * round + number), steps: 0..<200, values: $0, isJump: false, arrived: 0)
          )
        }
      }
      queue.drain { frames in
        heard.append(frames.sequence)
        #expect(frames.lane === lane && frames.values.allSatisfy { $0 == Float(frames.sequence % 100) })
      }
    }
    #expect(queue.isEmpty && queue.dropped == Int64(300 - heard.count) && queue.dropped > 100)
    #expect(heard == heard.sorted() && heard.contains(0) && heard.contains(100) && heard.contains(200))
    // What is not taken any more is not kept alive.
    [Float(1)].withUnsafeBufferPointer {
      queue.push(
        ConditionedFrames(lane: lane, sequence: 301, steps: 0..<1, values: $0, isJump: false, arrived: 0))
    }
  }

  @Test(arguments: [
    ("type: pub", "only an xpub socket hears who subscribes"), ("type: push", "only an xpub socket hears"),
    ("format: binary", "'runnel' is binary for them"), ("scores: true", "which have no scores"),
  ])
  func `a key that conditioned samples have no use for is a contradiction`(key: String, words: String) throws {
    let error = #expect(throws: ConfigurationErrors.self) {
      try ConfigurationReader.read(
        text: """
          streams: {beds: {bind: "tcp://127.0.0.1:*"}}
          models: {beats: {file: \(DaemonRig.model)}}
          pipelines: {beats: {from: beds, model: beats}}
          outputs: {seen: {bind: "tcp://127.0.0.1:*", publish: conditioned, \(key)}}
          """, file: "test.yaml")
    }
    #expect(error?.description.contains(words) == true, "\(error.map { "\($0)" } ?? "")")
  }
}

extension ConditionedPublisher {
  /// Whether somebody has subscribed to just this, or to more.
  func covers(_ topic: String) -> Bool { interest.covers(Array(topic.utf8)) }
}
