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

  /// More lanes than a batch has rows: some wait for their place, and those that have one leave at different frames.
  @Test(arguments: [1, 3, 70])
  func `hundreds of lanes have the labels that each has alone`(classes: Int) throws {
    var made = MadeModel(seed: 5)
    made.rate = 360
    made.labels = (0..<classes).map { "class \($0)" }
    made.recurrent("gru", name: "gru", from: 1, to: 3)
    made.linear("head", from: 3, to: classes)
    let model = try made.model()
    let signals = (0..<4).map { number in
      Signal(
        name: "s\(number)", channels: (0..<80).map { "c\($0)" }, rows: 70 + 23 * number, seed: 30 + UInt64(number))
    }
    let together = Rig([try .everyStep(model)])
    try interleave(signals, seed: UInt64(classes), into: together)
    let company = together.labels
    #expect(company.count == 320)
    for signal in signals {
      for channel in stride(from: 0, to: 80, by: 9) {
        var one = signal
        one.channels = [signal.channels[channel]]
        one.samples = stride(from: channel, to: signal.samples.count, by: 80).map { signal.samples[$0] }
        let alone = Rig([try .everyStep(model)])
        try one.send(cut: Array(repeating: 1, count: one.rows)) {
          alone.receive($0)
          alone.step()
        }
        let lane = "\(signal.name)/c\(channel)"
        #expect(alone.labels[lane]?.count ?? 0 > signal.rows && company[lane] == alone.labels[lane], "\(lane)")
      }
    }
  }

  enum Growth: CaseIterable { case plain, attached, strided, lone }

  /// A turn of many steps ends with the first that fails; what the lane makes of it comes before its next frame.
  @Test(arguments: Growth.allCases, 0..<4)
  func `a lane whose state grows beyond the numbers resets at the same frame in any company`(
    growth: Growth, seed: UInt64
  ) throws {
    var plan = try PipelinePlan.everyStep(growing(seed: seed, isStrided: growth == .strided))
    if growth == .attached { plan.attach = AttachSettings(before: 0.02, after: 0.05) }
    let channels = growth == .lone ? ["MLII"] : ["MLII", "V5"]
    let signals = (0..<(growth == .lone ? 1 : 4)).map { number in
      Signal(name: "s\(number)", channels: channels, rows: 900 + 100 * number, seed: 10 * seed + UInt64(number))
    }
    let together = Rig([plan])
    if growth == .lone {
      try signals[0].send(cut: [signals[0].rows]) { together.receive($0) }
    } else {
      try interleave(signals, seed: seed, into: together)
    }
    let company = together.labels
    #expect(company.count == signals.count * channels.count)
    for signal in signals {
      let alone = Rig([plan])
      try signal.send(cut: Array(repeating: 1, count: signal.rows)) {
        alone.receive($0)
        alone.step()
      }
      #expect(alone.labels.count == channels.count)
      for (lane, lines) in alone.labels {
        #expect(company[lane] == lines, "\(lane)")
        #expect(lines.count { $0.contains(#""reason":"non-finite""#) } > 2, "\(lane)")
      }
    }
  }

  /// An RNN whose units double with each frame, until 2^128 is reached.
  private func growing(seed: UInt64, isStrided: Bool) throws -> Model {
    var made = MadeModel(seed: seed)
    made.rate = 360
    if isStrided { made.conv("conv", from: 1, to: 1, kernel: 3, stride: 2) }
    made.recurrent("rnn", name: "rnn", from: 1, to: 2, activation: "relu")
    made.constants["rnn.weight_hh_l0"] = [2, 0, 0, 1.9]
    made.constants["rnn.bias_ih_l0"] = [2, 2]
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
