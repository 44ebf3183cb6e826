import RunnelCore
import RunnelPipeline
import Testing

/// What a pipeline may choose of a model's regime, and what it may not.
@Suite struct RegimeChoiceTests {
  @Test func `windows with another hop are those of the model where both stand`() throws {
    let model = try Regimes.model("side-by-side")
    let signal = Signal(rate: 120, rows: 1500, seed: 1)
    func windows(hop: Int?) throws -> [Int64: [Float]] {
      let rig = Rig([try PipelinePlan(name: "p", model: model, rule: DecisionRule(emit: .every), hop: hop)])
      try signal.sendFrom(0) { rig.receive($0) }
      return Dictionary(uniqueKeysWithValues: rig.decisions.map { ($0.at!, $0.scores) })
    }
    let (own, rare, dense) = (try windows(hop: nil), try windows(hop: 36), try windows(hop: 5))
    #expect(own.count == 121 && rare.count == 41 && dense.count == 291)
    #expect(rare.allSatisfy { own[$0.key] == $0.value })
    let both = own.filter { dense[$0.key] != nil }
    #expect(both.count > 20 && both.allSatisfy { dense[$0.key] == $0.value })
  }

  @Test func `carried labels with another hop are every so many of the model's`() throws {
    let model = try Regimes.model("strided")
    let signal = Signal(rate: 120, rows: 900, seed: 1)
    func labels(hop: Int?) throws -> [Int64: [Float]] {
      let rig = Rig([try PipelinePlan(name: "p", model: model, rule: DecisionRule(emit: .every), hop: hop)])
      try signal.sendFrom(0) { rig.receive($0) }
      return Dictionary(uniqueKeysWithValues: rig.decisions.map { ($0.at!, $0.scores) })
    }
    let (own, some) = (try labels(hop: nil), try labels(hop: 4))
    #expect(some.count == own.count / 4 && some.allSatisfy { own[$0.key] == $0.value })
  }

  @Test func `times of a rule are counted in outputs, however far apart they are`() throws {
    // 0.5 s are 20 outputs of 40 Hz; a mean over as many lags behind by 9.
    let model = try Regimes.model("strided")
    let rule = DecisionRule(emit: .every, smooth: .mean(seconds: 0.5))
    let rig = Rig([try PipelinePlan(name: "p", model: model, rule: rule)])
    try Signal(rate: 120, rows: 900, seed: 1).sendFrom(0) { rig.receive($0) }
    let last = try #require(rig.decisions.last)
    #expect(last.decided! - last.at! == 9 * 3 + 6, "and the delay of 6 frames")
  }

  @Test func `a state can be renewed where the model does not say so, but not without a warm-up`() throws {
    var made = try Regimes.made("renewed")
    made.maxStateAge = 0
    let (unsaid, said) = (try made.model(), try Regimes.model("renewed"))
    let signal = Signal(rate: 120, rows: 600, seed: 1)
    func labels(_ model: Model, _ age: Double?) throws -> [[Float]] {
      let rig = Rig([try PipelinePlan(name: "p", model: model, rule: DecisionRule(emit: .every), maxStateAge: age)])
      try signal.sendFrom(0) { rig.receive($0) }
      return rig.decisions.map(\.scores)
    }
    #expect(try labels(unsaid, 1) == labels(said, nil))
    #expect(try labels(unsaid, nil) != labels(said, nil))
    made.warmUp = 0
    let model = try made.model()
    #expect(throws: Refusal.self) { try PipelinePlan(name: "p", model: model, maxStateAge: 1) }
    #expect(throws: Refusal.self) { try PipelinePlan(name: "p", model: said, maxStateAge: 0.1) }
    #expect(throws: Refusal.self) { try PipelinePlan(name: "p", model: Regimes.model("target"), maxStateAge: 1) }
  }

  @Test func `more windows open at once than anybody means to have are refused`() throws {
    var made = try Regimes.made("side-by-side")
    made.window = (5000, nil)
    let model = try made.model()
    #expect(throws: Refusal.self) { try PipelinePlan(name: "p", model: model, hop: 1) }
    #expect(throws: Never.self) { try PipelinePlan(name: "p", model: model, hop: 2) }
  }
}
