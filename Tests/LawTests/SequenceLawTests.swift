import RunnelCore
import RunnelPipeline
import RunnelWire
import Testing

/// Labels that are sequences.
@Suite struct SequenceLawTests {
  @Test func `a window with a label per step says where each step lies`() throws {
    let found = try decisions("sequence", rate: 360, rows: 2400)
    #expect(found.count > 10)
    // The first window begins before the session's first row, less the resampler's lag.
    for label in found.dropFirst() {
      let steps = try #require(label.steps)
      #expect(steps.count == 15 && steps.classes == 3, "45 frames, every third")
      // 3 frames of 120 Hz from step to step are 9 samples of 360 Hz.
      #expect(steps.step == 9)
      #expect(label.label == steps.labels.last && label.id == steps.ids.last && label.p == steps.ps.last)
      #expect(label.scores.isEmpty)
      #expect(label.last == label.at && label.last! - label.first! + 1 == 43 * 3)
      for step in 0..<15 {
        let scores = steps.scores[step * 3..<step * 3 + 3]
        #expect(steps.ps[step] == scores.max() && steps.ids[step] == scores.firstIndex(of: scores.max()!)! - step * 3)
      }
    }
  }

  @Test(arguments: ["one-to-many", "encoder-decoder"])
  func `a decoder's sequence ends before the class that stops it`(name: String) throws {
    let found = try decisions(name, rate: 120, rows: 6000)
    let lengths = Set(found.compactMap { $0.steps?.count })
    #expect(found.allSatisfy { $0.steps?.labels.contains("none") == false && $0.steps?.step == nil }, "\(name)")
    #expect(lengths.isSubset(of: Set(0...5)) && !lengths.isEmpty)
    // The rows of the whole window, whatever its neighbours share with it.
    let length = Int64(try Regimes.made(name).window!.length)
    #expect(found.allSatisfy { $0.last! - $0.first! + 1 == length && $0.at == $0.last && $0.decided == $0.last })
    for label in found where label.steps?.count == 0 {
      #expect(label.label == nil && label.id == nil && label.p == nil)
    }
  }

  @Test func `an empty sequence takes its seq like any other`() throws {
    var made = try Regimes.made("one-to-many")
    made.constants["out.bias"] = [9, 0, 0]
    let rig = Rig([try .everyStep(made.model())])
    try Signal(rate: 120, rows: 300, seed: 1).sendFrom(0) { rig.receive($0) }
    #expect(rig.decisions.map(\.sequence) == Array(0..<10))
    #expect(rig.decisions.allSatisfy { $0.steps == LabelSequence() })
  }

  @Test func `a step whose score is too small is unknown`() throws {
    let all = try decisions("sequence", rate: 120, rows: 2400).flatMap { $0.steps?.ps ?? [] }.sorted()
    let middle = all[all.count / 2]
    let model = try Regimes.model("sequence")
    let rule = DecisionRule(emit: .every, unknownBelow: Double(middle))
    let rig = Rig([try PipelinePlan(name: "p", model: model, rule: rule)])
    try Signal(rate: 120, rows: 2400, seed: 2).sendFrom(0) { rig.receive($0) }
    var unknown = 0
    for steps in rig.decisions.compactMap(\.steps) {
      for step in 0..<steps.count {
        #expect((steps.ps[step] < middle) == (steps.ids[step] == nil))
        #expect((steps.ids[step] == nil) == (steps.labels[step] == "unknown"))
        unknown += steps.ids[step] == nil ? 1 : 0
      }
    }
    #expect(unknown > 0 && unknown < 15 * rig.decisions.count)
  }

  @Test func `a sequence is published with every window and with no other rule`() throws {
    let model = try Regimes.model("sequence")
    for rule in [DecisionRule(emit: .change), DecisionRule(emit: .every, smooth: .mean(seconds: 0.1))] {
      #expect(throws: Refusal.self) { try PipelinePlan(name: "p", model: model, rule: rule) }
    }
  }

  private func decisions(_ name: String, rate: Double, rows: Int) throws -> [LabelMessage] {
    let rig = Rig([try RegimeLawTests.plan(name)])
    try Signal(rate: rate, rows: rows, seed: 2).sendFrom(0) { rig.receive($0) }
    return rig.decisions
  }
}
