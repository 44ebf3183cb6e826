import RunnelCore
import RunnelPipeline
import RunnelWire
import Testing

/// Laws 1, 2, 4, 5 and 6 for every way to meet a stream: strides, renewed states, windows side by side and whole,
/// sequences and decoders.
@Suite struct RegimeLawTests {
  @Test(arguments: Regimes.names)
  func `how a stream is cut changes no label`(name: String) throws {
    let plan = try Self.plan(name)
    let signal = Signal(rows: 3600, seed: 1)
    let whole = try Self.run(plan) { try signal.send(cut: [signal.rows], to: $0) }
    #expect(whole.lines.count > 10, "\(name) has something to say")
    for seed in UInt64(0)..<3 {
      let cut = try Self.run(plan, stepping: seed) { try signal.send(cut: signal.cuts(seed: seed), to: $0) }
      #expect(cut == whole, "\(name), seed \(seed)")
    }
  }

  @Test(arguments: Regimes.names)
  func `what is lost, filled or carried over changes no label with the cuts`(name: String) throws {
    for seed in UInt64(0)..<3 {
      var random = SeededGenerator(seed: seed)
      var plan = try Self.plan(name)
      plan.missing = [-32768]
      var signal = Signal(rows: 3000, seed: seed)
      let lengths = [1, 9, 18, 19, 100, 359, 361]
      signal.spoil(lengths: lengths, every: 500, &random)
      let lost = Signal.losses(rows: signal.rows, lengths: lengths, &random)
      let base: Int64 = [0, 1 << 31, (1 << 40) + 7][Int(seed)]
      let whole = try Self.run(plan) { try signal.send(losing: lost, from: base, to: $0) }
      let cut = try Self.run(plan, stepping: seed) { try signal.send(losing: lost, seed: seed, from: base, to: $0) }
      #expect(cut == whole, "\(name), seed \(seed)")
    }
  }

  @Test(arguments: Regimes.names)
  func `who else is there changes no label`(name: String) throws {
    let plan = try Self.plan(name)
    let signals = (0..<4).map {
      Signal(name: "s\($0)", channels: $0 == 1 ? ["A", "B"] : ["A"], rows: 900 + 700 * $0, seed: UInt64($0))
    }
    let together = Rig([plan])
    var random = SeededGenerator(seed: 5)
    var queues = try signals.map { try Recorded(of: $0, cut: $0.cuts(seed: 3), epoch: 7).messages }
    while let pick = queues.indices.filter({ !queues[$0].isEmpty }).randomElement(using: &random) {
      queues[pick].removeFirst().lend { together.receive($0) }
      if random.below(3) == 0 { together.step() }
    }
    let company = together.labels
    for signal in signals {
      let alone = Rig([plan])
      try signal.send(cut: [signal.rows]) { alone.receive($0) }
      for (lane, lines) in alone.labels { #expect(company[lane] == lines, "\(name), \(lane)") }
    }
  }

  @Test(arguments: Regimes.names)
  func `a file read into the pipeline gives the labels of its messages`(name: String) throws {
    let plan = try Self.plan(name)
    let signal = Signal(rows: 2400, seed: 9)
    let messages = try Self.run(plan, stepping: 4) { try signal.send(cut: signal.cuts(seed: 4), to: $0) }
    let rig = Rig([plan])
    rig.read(signal)
    #expect(rig.labels["bed7/MLII"] == messages.lines)
  }

  // MARK: driving

  struct Outcome: Equatable {
    var lines: [String]
    var counts: LaneCounts
  }

  static func plan(_ name: String) throws -> PipelinePlan { try .everyStep(Regimes.model(name)) }

  /// Labels of the lane `bed7/MLII`, and what was counted on the way.
  /// - Parameter stepping: the seed of the moments at which frames are stepped; nil steps at the end.
  static func run(
    _ plan: PipelinePlan, stepping: UInt64? = nil, _ send: ((MessageParts) -> Void) throws -> Void
  ) throws -> Outcome {
    let rig = Rig([plan])
    var random = stepping.map { SeededGenerator(seed: $0) }
    try send {
      rig.receive($0)
      if random != nil, random!.below(3) == 0 { rig.step() }
    }
    let lines = rig.labels["bed7/MLII"] ?? []
    return Outcome(lines: lines, counts: rig.shard.takeCounts())
  }
}
