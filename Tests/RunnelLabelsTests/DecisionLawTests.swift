import RunnelCore
import RunnelLabels
import Testing

/// Random rules and scores; the seed is the argument, so that a failure is a test to run again.
private struct Trial {
  var rule: DecisionRule
  var hop: Int64
  var classes: Int
  var scores: [(step: Int64, values: [Float])] = []

  init(seed: UInt64, emit: DecisionRule.Emit) {
    var random = SeededGenerator(seed: seed)
    func tenths(_ bound: Int) -> Double { Double(random.below(bound)) / 10 }
    let leave = tenths(7)
    rule = DecisionRule(
      emit: emit, enter: min(1, leave + tenths(4) + 0.1), leave: leave, minOn: tenths(4), minOff: tenths(4),
      refractory: tenths(8), maxWidth: 0.1 + tenths(9), unknownBelow: tenths(6))
    switch random.below(3) {
    case 0: rule.smooth = .none
    case 1: rule.smooth = .mean(seconds: 0.1 + tenths(6))
    default:
      let of = 1 + random.below(6)
      let mean = emit == .peaks || emit == .events
      rule.smooth = mean ? .mean(seconds: tenths(4)) : .majority(needed: 1 + random.below(of), of: of)
    }
    hop = Int64(1 + random.below(5))
    classes = 2 + random.below(4)
    var step = Int64(random.below(20)) + (seed % 3 == 0 ? 1 << 53 : 0)
    for _ in 0..<200 {
      // Tenths, so that ties and scores equal to a threshold are common; sometimes anything.
      let rough = random.below(4) > 0
      var values = (0..<classes).map { _ in rough ? Float(random.below(5)) : Float(random.uniform() * 4) }
      values[0] += Float(random.below(6))
      let sum = max(1, values.reduce(0, +))
      scores.append((step, values.map { $0 / sum }))
      step += random.below(20) == 0 ? 2 + Int64(random.below(9)) : 1
    }
  }

  var plan: DecisionPlan {
    get throws {
      try DecisionPlan(
        rule: rule, labels: ["none"] + (1..<classes).map { "c\($0)" }, rate: 10, hop: Int(hop))
    }
  }

  func run(_ plan: DecisionPlan, from start: Int = 0, state: inout DecisionState) -> [Decision] {
    var result: [Decision] = []
    for row in scores[start...] {
      row.values.withUnsafeBufferPointer {
        plan.settle(step: row.step, scores: $0, state: &state) { decision, _ in result.append(decision) }
      }
    }
    return result
  }
}

@Suite struct DecisionLawTests {
  @Test(arguments: DecisionRule.Emit.allCases)
  func `decisions are those of the slow and obvious reference`(emit: DecisionRule.Emit) throws {
    var total = 0
    for seed in 1...60 as ClosedRange<UInt64> {
      let trial = Trial(seed: seed, emit: emit)
      let plan = try trial.plan
      var state = plan.makeState()
      let decisions = trial.run(plan, state: &state)
      let reference = DecisionReference(
        rule: trial.rule, classes: trial.classes, hop: trial.hop, scores: trial.scores)
      #expect(decisions == reference.decisions(), "seed \(seed), \(trial.rule)")
      total += decisions.count
    }
    // So that agreement is not about nothing.
    #expect(total > 400)
  }

  @Test(arguments: DecisionRule.Emit.allCases)
  func `a state copied at any step resumes with the same decisions`(emit: DecisionRule.Emit) throws {
    for seed in 1...10 as ClosedRange<UInt64> {
      let trial = Trial(seed: seed, emit: emit)
      let plan = try trial.plan
      var state = plan.makeState()
      var copies: [DecisionState] = []
      var before: [Int] = []
      var whole: [Decision] = []
      for row in trial.scores {
        copies.append(state)
        before.append(whole.count)
        row.values.withUnsafeBufferPointer {
          plan.settle(step: row.step, scores: $0, state: &state) { decision, _ in whole.append(decision) }
        }
      }
      for (start, copy) in copies.enumerated() {
        var resumed = copy
        #expect(trial.run(plan, from: start, state: &resumed) == Array(whole[before[start]...]), "seed \(seed)")
        #expect(resumed == state, "seed \(seed), from \(start)")
      }
    }
  }

  @Test(arguments: DecisionRule.Emit.allCases)
  func `a state that was reset decides as a fresh one does`(emit: DecisionRule.Emit) throws {
    for seed in 1...20 as ClosedRange<UInt64> {
      let trial = Trial(seed: seed, emit: emit)
      let plan = try trial.plan
      var fresh = plan.makeState()
      let expected = trial.run(plan, state: &fresh)
      var used = plan.makeState()
      _ = Trial(seed: seed, emit: emit).run(plan, state: &used)
      let numbered = used.nextEvent
      _ = plan.reset(&used)
      let again = trial.run(plan, state: &used).map { decision in
        var decision = decision
        if let event = decision.event { decision.event = event - numbered }
        return decision
      }
      #expect(again == expected, "seed \(seed)")
    }
  }

  @Test func `no two points are closer than refractory and every candidate is a point or is counted`() throws {
    for seed in 1...150 as ClosedRange<UInt64> {
      let trial = Trial(seed: seed, emit: .peaks)
      let plan = try trial.plan
      var state = plan.makeState()
      let points = trial.run(plan, state: &state)
      for (a, b) in zip(points, points.dropFirst()) { #expect(b.position - a.position >= plan.refractorySteps) }
      var free = trial
      free.rule.refractory = 0
      let freePlan = try free.plan
      var freeState = freePlan.makeState()
      let all = free.run(freePlan, state: &freeState)
      #expect(points.count + Int(state.candidatesDropped) == all.count, "seed \(seed)")
    }
  }

  @Test func `each event has one onset and at most one offset after it and its numbers count up`() throws {
    for seed in 1...100 as ClosedRange<UInt64> {
      let trial = Trial(seed: seed, emit: .events)
      let plan = try trial.plan
      var state = plan.makeState()
      let decisions = trial.run(plan, state: &state)
      let onsets = decisions.filter { $0.kind == .onset }
      #expect(onsets.map { $0.event! } == Array(0..<Int64(onsets.count)))
      for offset in decisions where offset.kind == .offset {
        let onset = onsets[Int(offset.event!)]
        #expect(onset.classIndex == offset.classIndex && onset.position <= offset.position)
      }
      let offsets = decisions.filter { $0.kind == .offset }.map { $0.event! }
      #expect(Set(offsets).count == offsets.count)
      #expect(plan.reset(&state).events == onsets.count - offsets.count)
    }
  }

  @Test func `what came before a jump does not reach the means after it`() throws {
    var rule = DecisionRule(emit: .every)
    rule.smooth = .mean(seconds: 1)
    let plan = try DecisionPlan(rule: rule, labels: ["a", "b"], rate: 10, hop: 1)
    var random = SeededGenerator(seed: 5)
    var states = [plan.makeState(), plan.makeState()]
    var seen: [[Decision]] = [[], []]
    for lane in 0..<2 {
      for step in 0..<25 {
        let scores = [Float(random.uniform()), Float(random.uniform())]
        scores.withUnsafeBufferPointer { plan.settle(step: Int64(step), scores: $0, state: &states[lane]) { _, _ in } }
      }
    }
    for step in 30..<60 {
      let scores = [Float(random.uniform()) * 1e-7, Float(random.uniform())]
      for lane in 0..<2 {
        scores.withUnsafeBufferPointer {
          plan.settle(step: Int64(step), scores: $0, state: &states[lane]) { decision, _ in seen[lane].append(decision)
          }
        }
      }
    }
    #expect(seen[0] == seen[1])
    #expect(states[0] == states[1])
  }
}
