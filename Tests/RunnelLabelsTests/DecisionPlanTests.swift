import RunnelCore
import RunnelLabels
import Testing

@Suite struct DecisionPlanTests {
  func plan(_ rule: DecisionRule, _ labels: [String] = ["none", "A"], rate: Double = 120) throws -> DecisionPlan {
    try DecisionPlan(rule: rule, labels: labels, rate: rate, hop: 1)
  }

  @Test func `times become steps by rounding half up and are at least 1 above 0`() throws {
    var rule = DecisionRule(emit: .peaks)
    let cases: [(Double, Double, Int64)] = [
      (0, 120, 0), (0.2, 120, 24), (0.0125, 120, 2), (0.012, 120, 1), (0.001, 120, 1), (1, 0.1, 1),
    ]
    for (seconds, rate, steps) in cases {
      rule.refractory = seconds
      rule.maxWidth = 100
      #expect(try plan(rule, rate: rate).refractorySteps == steps, "\(seconds) s at \(rate) Hz")
    }
  }

  @Test func `peaks and events need the class that stands for nothing`() {
    for emit in [DecisionRule.Emit.peaks, .events] {
      #expect(throws: DecisionError.noneMissing(none: "none", labels: ["A", "B"])) {
        try plan(DecisionRule(emit: emit), ["A", "B"])
      }
      #expect(throws: DecisionError.onlyNone("none")) { try plan(DecisionRule(emit: emit), ["none"]) }
    }
    #expect(throws: Never.self) { try plan(DecisionRule(emit: .change), ["A", "B"]) }
  }

  @Test func `a rule that cannot be carried out is an error of its own`() {
    let errors: [(DecisionRule, DecisionError)] = [
      (DecisionRule(enter: 0.4, leave: 0.6), .leaveAboveEnter(enter: 0.4, leave: 0.6)),
      (DecisionRule(emit: .peaks, enter: 1.5), .threshold(key: "enter", value: 1.5)),
      (DecisionRule(leave: -.infinity), .threshold(key: "leave", value: -.infinity)),
      (DecisionRule(minOn: -1), .time(key: "min_on", seconds: -1)),
      (DecisionRule(refractory: 1e300), .time(key: "refractory", seconds: 1e300)),
      (DecisionRule(emit: .peaks, maxWidth: 0), .widthZero),
      (DecisionRule(smooth: .mean(seconds: 11)), .smoothingTooLong(seconds: 11, steps: 1320)),
      (DecisionRule(smooth: .majority(needed: 3, of: 2)), .majority(needed: 3, of: 2)),
      (DecisionRule(smooth: .majority(needed: 0, of: 2)), .majority(needed: 0, of: 2)),
      (DecisionRule(emit: .peaks, smooth: .majority(needed: 3, of: 5)), .majorityOfScores(emit: "peaks")),
    ]
    for (rule, error) in errors { #expect(throws: error) { try plan(rule) } }
    #expect(throws: DecisionError.noLabels) { try plan(DecisionRule(), []) }
    #expect(throws: DecisionError.rate(0)) { try plan(DecisionRule(), rate: 0) }
    #expect(throws: DecisionError.hop(0)) {
      try DecisionPlan(rule: DecisionRule(), labels: ["A"], rate: 1, hop: 0)
    }
  }

  @Test func `an error names its remedy`() {
    #expect(DecisionError.noneMissing(none: "none", labels: ["N", "V"]).description.contains("emit: every"))
    #expect(DecisionError.leaveAboveEnter(enter: 0.4, leave: 0.6).description.contains("at most enter"))
    #expect(DecisionError.majorityOfScores(emit: "peaks").description.contains("mean 50ms"))
  }

  @Test func `a step for itself has the class of its largest score, and none where that is too small`() throws {
    // Those of a linear head may all be below 0, and nobody asked for a minimum.
    let linear = try self.plan(DecisionRule(), ["none", "A", "B"])
    [Float(-3), -1, -2].withUnsafeBufferPointer { #expect(linear.classify($0).classIndex == 1) }
    let plan = try plan(DecisionRule(unknownBelow: 0.5), ["none", "A", "B"])
    #expect([0.2, 0.7, 0.1].withUnsafeBufferPointer { plan.classify($0) } == (1, 0.7))
    #expect([0.4, 0.3, 0.3].withUnsafeBufferPointer { plan.classify($0) } == (nil, 0.4))
  }
}
