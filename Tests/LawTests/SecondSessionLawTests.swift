import RunnelCore
import RunnelPipeline
import RunnelWire
import Testing

/// A session after others is as fresh as the first: seq, event numbers, warming and bits. And pipelines side by side.
@Suite struct SecondSessionLawTests {
  @Test(arguments: 0..<2)
  func `a later session has the labels of a fresh run`(seed: UInt64) throws {
    let plans = try [
      PipelinePlan.peaks(TestModel.load("conv-lstm")), .everyStep(TestModel.load("conv-lstm")),
      PipelinePlan(
        name: "p", model: TestModel.load("conv-lstm"),
        rule: DecisionRule(emit: .events, enter: 0.21, leave: 0.2, minOn: 0.01, minOff: 0.01)),
      PipelinePlan(name: "p", model: TestModel.load("conv-lstm"), rule: DecisionRule(emit: .change)),
    ]
    let old = Signal(rows: 2000 + Int(seed), seed: seed)
    let new = Signal(rows: 3000, seed: seed + 50)
    for plan in plans {
      let fresh = Rig([plan])
      try new.send(cut: [new.rows], epoch: 2) { fresh.receive($0) }
      let later = Rig([plan])
      // The first leaves without an end.
      let left = try Recorded(of: old, cut: old.cuts(seed: seed), epoch: 1).messages.dropLast()
      for message in left { message.lend { later.receive($0) } }
      if seed % 2 == 0 { later.step() }
      later.now += 3_000_000_000
      let before = later.labels
      later.shard.sink.lines = [:]
      #expect(!before.isEmpty || plan.rule.emit != .every)
      try new.send(cut: new.cuts(seed: seed), epoch: 2) { later.receive($0) }
      #expect(later.labels == fresh.labels)
    }
  }

  @Test func `two pipelines on one stream have the labels they have alone`() throws {
    let signal = Signal(channels: ["A", "B"], rows: 3000, seed: 8)
    let one = try PipelinePlan.everyStep(TestModel.load("conv-lstm"), name: "one")
    let two = try PipelinePlan(
      name: "two", model: TestModel.load("lstm-odd"),
      binding: .group(name: "all", channels: ["input0": "B", "input1": "A"]), rule: DecisionRule(emit: .every))
    let both = Rig([one, two])
    try signal.send(cut: signal.cuts(seed: 1)) { both.receive($0) }
    for plan in [one, two] {
      let alone = Rig([plan])
      try signal.send(cut: [3000]) { alone.receive($0) }
      for (lane, lines) in alone.labels { #expect(both.labels[lane] == lines) }
    }
  }

  @Test func `the first label of change is told, though the class began before the first row`() throws {
    let signal = Signal(rows: 3000, seed: 2)
    let plan = try PipelinePlan(name: "p", model: TestModel.load("conv-lstm"), rule: DecisionRule(emit: .change))
    let rig = Rig([plan])
    try signal.send(cut: [3000]) { rig.receive($0) }
    let every = Rig([try .everyStep(TestModel.load("conv-lstm"))])
    try signal.send(cut: [3000]) { every.receive($0) }
    func label(_ line: String?) -> Substring? { line?.firstMatch(of: #/"at":\d+.*"label":"(\w+)"/#)?.1 }
    let first = rig.labels["bed7/MLII"]?.first
    #expect(first?.contains(#""at":0,"#) == true)
    #expect(label(first) == label(every.labels["bed7/MLII"]?.first))
  }

  @Test func `each onset has its offset with its number, from the first row on`() throws {
    let plan = try PipelinePlan(
      name: "p", model: TestModel.load("conv-lstm"),
      rule: DecisionRule(emit: .events, enter: 0.21, leave: 0.2, minOn: 0.01, minOff: 0.01))
    for seed in UInt64(0)..<6 {
      let signal = Signal(rows: 3000, seed: seed)
      let rig = Rig([plan])
      try signal.send(losing: [], from: 100) { rig.receive($0) }
      var open: Set<Substring> = []
      for line in rig.labels["bed7/MLII"] ?? [] {
        guard let found = line.firstMatch(of: #/"phase":"(\w+)","event":"?(\d+)"?.*?"at":(-?\d+)/#) else { continue }
        if found.1 == "onset" { open.insert(found.2) } else { #expect(open.remove(found.2) != nil, "\(line)") }
        #expect(Int(found.3) ?? 0 >= 100)
      }
    }
  }
}
