import RunnelCore
import RunnelPipeline
import RunnelWire
import Testing

/// Laws 1 and 5 on damaged streams: lost messages, missing values and flat lines at once, the gap rule at its limits,
/// at several rates, cut and stepped anywhere.
@Suite struct DamagedLawTests {
  @Test(arguments: 0..<12)
  func `the labels of a damaged stream do not depend on the cuts, the repeats or the moments of the steps`(
    seed: UInt64
  ) throws {
    var random = SeededGenerator(seed: seed)
    let rate = [360.0, 250, 100, 128][random.below(4)]
    let fill = random.below(20)
    let carry = fill + random.below(120)
    let plan = try plan(seed, fill: fill, carry: carry, rate: rate, &random)
    var signal = Signal(rate: rate, channels: ["A", "B"], rows: 3000, seed: seed)
    signal.channels = signal.channels.map { Channel(name: $0.name, unit: "mV", scaling: $0.scaling, missing: -32768) }
    let lengths = [1, 2, fill, fill + 1, carry - 1, carry, carry + 1, 3]
    signal.spoil(lengths: lengths, every: 300, &random)
    if random.below(2) == 0 { signal.spoil(lengths: [1], every: 2 + random.below(3), &random) }
    let lost = Signal.losses(rows: signal.rows, lengths: lengths, &random)
    let bases: [Int64] = [0, 0, 5, 1 << 31, 1 << 40]
    let base = bases[random.below(5)]
    let whole = Rig([plan])
    try signal.send(losing: lost, from: base) { whole.receive($0) }
    let expected = whole.labels
    #expect(!expected.isEmpty)
    for turn in 0..<2 {
      let cut = Rig([plan])
      try signal.send(losing: lost, seed: 100 * seed + UInt64(turn), from: base) {
        cut.receive($0)
        if random.below(3) == 0 { cut.step() }
      }
      #expect(cut.labels == expected, "seed \(seed)")
      let (a, b) = (whole.intake.total, cut.intake.total)
      #expect(a.rowsUsed == b.rowsUsed && a.rowsLost == b.rowsLost)
      #expect(Int(a.rowsLost) == lost.reduce(0) { $0 + $1.count })
    }
  }

  @Test func `a run of rows after short ones finds room for its frames`() throws {
    // One sample is filled, frames come every third row: each short run's frames, rounded up for itself, would sum up
    // to more than the queue holds.
    let settings = GapSettings(fill: 1.0 / 360, carry: 1)
    for third in 0..<3 {
      var plan = try PipelinePlan.everyStep(TestModel.load("conv-lstm"), gap: settings)
      plan.missing = [-32768]
      var signal = Signal(rows: 4000, seed: 1)
      for row in [1026, 1030, 1031 + third, 1035, 2052, 2056] { signal.samples[row] = -32768 }
      let rig = Rig([plan])
      try signal.send(cut: [1027, 1024, 1027, 922]) { rig.receive($0) }
      #expect((rig.labels["bed7/MLII"]?.count ?? 0) > 1200)
    }
  }

  @Test func `a flat line across lost rows is not one line`() throws {
    var plan = try PipelinePlan.everyStep(TestModel.load("conv-lstm"))
    plan.flat = 0.1
    var signal = Signal(rows: 2000, seed: 1)
    for row in 970..<1230 { signal.samples[row] = 7 }
    let rig = Rig([plan])
    try signal.send(losing: [1000..<1200]) { rig.receive($0) }
    #expect(rig.shard.takeCounts().valuesMissing == 0, "36 samples may be equal; 30 and 30 were seen")
  }

  @Test func `what lanes counted is not lost with them when a session ends`() throws {
    var plan = try PipelinePlan.everyStep(TestModel.load("conv-lstm"))
    plan.missing = [-32768]
    var signal = Signal(rows: 400, seed: 4)
    for row in 100..<109 { signal.samples[row] = -32768 }
    let rig = Rig([plan])
    try signal.send(cut: [400], epoch: 1) { rig.receive($0) }
    try signal.send(cut: [400], epoch: 2) { rig.receive($0) }
    let counts = rig.shard.takeCounts()
    #expect(counts.valuesMissing == 18 && counts.samplesFilled == 18)
  }

  @Test(arguments: 0..<2)
  func `values at the end of what a float holds are survived`(seed: UInt64) throws {
    var signal = Signal(rows: 3000, seed: seed)
    signal.channels[0].scaling = .linear(scale: 1.03e34, offset: 0)
    for row in 500..<700 { signal.samples[row] = (row / 5) % 2 == 0 ? 32767 : -32767 }
    let plan = try PipelinePlan.everyStep(TestModel.load("conv-lstm"))
    let whole = Rig([plan])
    try signal.send(cut: [3000]) { whole.receive($0) }
    let cut = Rig([plan])
    try signal.send(cut: signal.cuts(seed: seed)) { cut.receive($0) }
    #expect(whole.labels == cut.labels)
    #expect(whole.labels["bed7/MLII"]?.contains { $0.contains("nan") } == false)
  }

  private func plan(
    _ seed: UInt64, fill: Int, carry: Int, rate: Double, _ random: inout SeededGenerator
  ) throws -> PipelinePlan {
    let method = GapRule.Method.allCases[random.below(3)]
    let settings = GapSettings(method: method, fill: Double(fill) / rate, carry: Double(carry) / rate)
    let emits: [DecisionRule.Emit] = [.every, .change, .every]
    let rule = DecisionRule(emit: emits[random.below(3)])
    switch random.below(3) {
    case 0:
      return try PipelinePlan(name: "p", model: TestModel.load("conv-lstm"), rule: rule, gap: settings)
    case 1:
      return try PipelinePlan(
        name: "p", model: TestModel.load("conv-lstm"), rule: rule, gap: settings,
        range: random.below(2) == 0 ? -0.5...0.9 : nil, flat: 0.02)
    default:
      return try PipelinePlan(
        name: "p", model: TestModel.load("lstm-odd"),
        binding: .group(name: "all", channels: ["input0": "A", "input1": "B"]), rule: rule, gap: settings)
    }
  }
}
