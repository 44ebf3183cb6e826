import RunnelCore
import RunnelPipeline
import RunnelWire
import Testing

/// Laws 1, 2, 5 and 6 over shards: among how many threads lanes are divided never changes a label, and nothing is lost or
/// uncounted on the way.
@Suite struct ShardLawTests {
  static let counts = [1, 2, 3, 7]

  @Test(arguments: counts)
  func `labels do not depend on how many shards there are, through losses, repeats, restarts and any cut`(shards: Int)
    throws
  {
    for seed in UInt64(0)..<4 {
      let model = seed % 2 == 0 ? try TestModel.load("conv-lstm") : try Regimes.model("strided")
      let plans = [try PipelinePlan.everyStep(model)]
      let messages = try Self.storm(seed: seed)
      let alone = Rig(plans)
      for message in messages { message.lend { alone.receive($0) } }
      let shared = ShardRig(plans, shards: shards, seed: seed)
      for message in messages { message.lend { shared.receive($0) } }
      alone.intake.drain(to: alone.shard)
      let labels = shared.drained()
      #expect(labels == alone.labels, "seed \(seed)")
      #expect(labels.count >= 6 && shared.router.laneCount == alone.shard.laneCount)
      #expect(shared.intake.total == alone.intake.total)
      #expect(shared.turns.counts == alone.shard.takeCounts())
      #expect(shared.mostHeld > 0, "rows have waited in a queue")
    }
  }

  @Test func `a full queue makes the router wait, and loses nothing`() throws {
    let plan = try PipelinePlan.everyStep(TestModel.load("conv-lstm"))
    let signal = Signal(channels: ["MLII", "V5"], rows: 30_000, seed: 3)
    let (alone, shared) = (Rig([plan]), ShardRig([plan], shards: 2, seed: 1, queueBytes: 4096))
    for rows in [signal.rows, 700] {
      let cuts = Array(repeating: rows, count: signal.rows / rows)
      try signal.send(cut: cuts, epoch: UInt64(rows)) { alone.receive($0) }
      try signal.send(cut: cuts, epoch: UInt64(rows)) { shared.receive($0) }
    }
    #expect(shared.drained() == alone.labels)
    #expect(shared.router.waits > 20)
  }

  @Test func `a chunk in planar layout is cut to what a queue takes`() throws {
    let plan = try PipelinePlan.everyStep(TestModel.load("conv-lstm"))
    let signal = Signal(channels: ["MLII", "V5"], rows: 6000, seed: 5)
    let planar = (0..<2).flatMap { channel in (0..<signal.rows).map { signal.samples[2 * $0 + channel] } }
    var encoder = try RunnelEncoder(signal.description, epoch: 1, element: .int16, layout: .planar)
    let (alone, shared) = (Rig([plan]), ShardRig([plan], shards: 3, seed: 1, queueBytes: 4096))
    try signal.send(cut: [signal.rows], epoch: 1) { alone.receive($0) }
    encoder.withDescription { shared.receive($0) }
    planar.withUnsafeBytes { encoder.withSamples($0, rows: signal.rows) { shared.receive($0) } }
    encoder.withEnd { shared.receive($0) }
    #expect(shared.drained() == alone.labels)
  }

  @Test func `a lane's shard is the same in every run, and lanes are spread`() {
    let stream = StreamIdentity(input: "beds", endpoint: "tcp://a:1", stream: "bed7")
    let elsewhere = StreamIdentity(input: "beds", endpoint: "tcp://b:2", stream: "bed7")
    func shard(_ stream: StreamIdentity, _ channel: String) -> Int {
      ShardRouter.shard(of: stream, pipeline: "beats", channel: channel, among: 7)
    }
    #expect(shard(stream, "MLII") == shard(elsewhere, "MLII"))
    let counts = (0..<7000).reduce(into: [Int](repeating: 0, count: 7)) { $0[shard(stream, "c\($1)")] += 1 }
    #expect(counts.allSatisfy { (800...1200).contains($0) }, "\(counts)")
  }

  /// Messages of four streams in a random order, with losses, repeats, damage and second sessions.
  private static func storm(seed: UInt64) throws -> [Recorded.Message] {
    var random = SeededGenerator(seed: seed + 77)
    var queues: [[Recorded.Message]] = []
    for number in 0..<4 {
      let signal = Signal(
        name: "s\(number)", channels: number % 2 == 0 ? ["MLII"] : ["MLII", "V5"], rows: 700 + random.below(900),
        seed: 10 * seed + UInt64(number))
      queues.append([])
      for epoch in [UInt64(7), 9] {
        queues[number] += try Recorded(of: signal, cut: signal.cuts(seed: seed + epoch), epoch: epoch).messages
      }
    }
    var messages: [Recorded.Message] = []
    while queues.contains(where: { !$0.isEmpty }) {
      let pick = random.below(queues.count)
      guard !queues[pick].isEmpty else { continue }
      var message = queues[pick].removeFirst()
      switch random.below(30) {
      case 0: continue
      case 1: messages.append(message)
      case 2: message.damage(&random)
      default: break
      }
      messages.append(message)
    }
    return messages
  }
}
