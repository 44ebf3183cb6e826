import RunnelCore
import RunnelPipeline
import RunnelWire
import Testing

/// Law 2: which lanes share a batch, or which lane a slot held before, never changes a lane's bits.
@Suite struct CompanyLawTests {
  @Test(arguments: 0..<12)
  func `a stream has the labels it has alone, whoever joins and leaves beside it`(seed: UInt64) throws {
    let model = try TestModel.load("conv-lstm")
    var random = SeededGenerator(seed: seed)
    let signals = (0..<5).map { number in
      Signal(
        name: "s\(number)", channels: number % 2 == 0 ? ["MLII"] : ["MLII", "V5"], rows: 600 + random.below(2500),
        seed: 10 * seed + UInt64(number))
    }
    let together = Rig([try .everyStep(model)])
    try interleave(signals, seed: seed, into: together)
    let company = together.labels
    for signal in signals {
      let alone = Rig([try .everyStep(model)])
      try signal.send(cut: [signal.rows]) { alone.receive($0) }
      for (lane, lines) in alone.labels { #expect(company[lane] == lines, "\(lane)") }
    }
    #expect(company.count == 7)
  }

  @Test func `a lane in the slot of one that left starts from zero`() throws {
    let model = try TestModel.load("conv-lstm")
    let old = Signal(name: "bed7", rows: 2000, seed: 1)
    let new = Signal(name: "bed7", rows: 1500, seed: 2)
    let reused = Rig([try .everyStep(model)])
    try old.send(cut: [old.rows], epoch: 1) { reused.receive($0) }
    _ = reused.labels
    reused.shard.sink.lines = [:]
    try new.send(cut: [new.rows], epoch: 2) { reused.receive($0) }
    let fresh = Rig([try .everyStep(model)])
    try new.send(cut: [new.rows], epoch: 2) { fresh.receive($0) }
    #expect(reused.labels == fresh.labels)
  }

  @Test func `two channels of one stream share nothing`() throws {
    let model = try TestModel.load("conv-lstm")
    let both = Signal(channels: ["MLII", "V5"], rows: 2000, seed: 5)
    var first = both
    first.channels = [both.channels[0]]
    first.samples = stride(from: 0, to: both.samples.count, by: 2).map { both.samples[$0] }
    let pair = Rig([try .everyStep(model)])
    let single = Rig([try .everyStep(model)])
    try both.send(cut: both.cuts(seed: 1)) { pair.receive($0) }
    try first.send(cut: first.cuts(seed: 2)) { single.receive($0) }
    #expect(pair.labels["bed7/MLII"] == single.labels["bed7/MLII"])
  }

  /// Turns of many steps end with the first that fails; what the lane makes of it comes before its next frame.
  @Test(arguments: 0..<6)
  func `a lane whose state grows beyond the numbers resets at the same frame in any company`(seed: UInt64) throws {
    let model = try growing(seed: seed)
    let signals = (0..<4).map { number in
      Signal(name: "s\(number)", channels: ["MLII", "V5"], rows: 900 + 100 * number, seed: 10 * seed + UInt64(number))
    }
    let together = Rig([try .everyStep(model)])
    try interleave(signals, seed: seed, into: together)
    let company = together.labels
    for signal in signals {
      let alone = Rig([try .everyStep(model)])
      try signal.send(cut: Array(repeating: 1, count: signal.rows)) {
        alone.receive($0)
        alone.step()
      }
      for (lane, lines) in alone.labels {
        #expect(company[lane] == lines, "\(lane)")
        #expect(lines.count { $0.contains(#""reason":"non-finite""#) } > 3, "\(lane)")
      }
    }
  }

  /// An RNN whose units double with each frame, until 2^128 is reached.
  private func growing(seed: UInt64) throws -> Model {
    var made = MadeModel(seed: seed)
    made.rate = 360
    made.recurrent("rnn", name: "rnn", from: 1, to: 2, activation: "relu")
    made.constants["rnn.weight_hh_l0"] = [2, 0, 0, 1.9]
    made.linear("head", from: 2, to: 3)
    return try made.model()
  }

  /// Sends the signals' messages in a random order of streams, stepping now and then.
  private func interleave(_ signals: [Signal], seed: UInt64, into rig: Rig) throws {
    var random = SeededGenerator(seed: seed + 1000)
    var queues = try signals.map { try Recorded(of: $0, cut: $0.cuts(seed: seed), epoch: 7).messages }
    while queues.contains(where: { !$0.isEmpty }) {
      let pick = random.below(queues.count)
      guard !queues[pick].isEmpty else { continue }
      for _ in 0...random.below(4) where !queues[pick].isEmpty {
        queues[pick].removeFirst().lend { rig.receive($0) }
      }
      if random.below(3) == 0 { rig.step() }
    }
  }
}
