import RunnelCore
import RunnelLabels
import Testing

@Suite struct PeakTests {
  let rule = DecisionRule(emit: .peaks, enter: 0.6, leave: 0.4)

  @Test func `a bump becomes one point at its largest step`() throws {
    // steps                       0123456789
    let lines = try Timeline.played(rule, "0037983000")
    #expect(lines == ["point A@4 3...5 #0 p=0.8"])
  }

  @Test func `the first step below leave closes the candidate and is not part of it`() throws {
    #expect(try Timeline.played(rule, "0753").first == "point A@1 1...2 #0 p=0.6")
  }

  @Test func `a step equal to leave keeps the candidate open and one equal to enter opens it`() throws {
    // Halves, which f32 holds exactly; 1 − 0.6 is not 0.4 there.
    var rule = rule
    (rule.enter, rule.leave) = (0.5, 0.5)
    #expect(try Timeline.played(rule, "0450") == ["point A@2 2...2 #0 p=0.5"])
    (rule.enter, rule.leave) = (0.6, 0.5)
    #expect(try Timeline.played(rule, "0950") == ["point A@1 1...2 #0 p=0.7"])
  }

  @Test func `a bump that never reaches enter is nothing`() throws {
    #expect(try Timeline.played(rule, "0555550000") == [])
  }

  @Test func `a dip that stays at leave or above does not split a bump`() throws {
    #expect(try Timeline.played(rule, "0755930") == ["point A@4 1...4 #0 p=0.7"])
  }

  @Test func `the earliest of equal steps is the peak`() throws {
    #expect(try Timeline.played(rule, "0799970").first == "point A@2 1...5 #0 p=0.8")
  }

  @Test func `a candidate closes at max_width and the next step may open another`() throws {
    var rule = rule
    rule.maxWidth = 0.3
    #expect(
      try Timeline.played(rule, "07898980") == ["point A@3 1...3 #0 p=0.8", "point A@5 4...6 #1 p=0.8"])
  }

  @Test func `a candidate of one step is possible`() throws {
    var rule = rule
    rule.maxWidth = 0.1
    #expect(try Timeline.played(rule, "0790") == ["point A@1 1...1 #0 p=0.7", "point A@2 2...2 #1 p=0.9"])
  }

  @Test func `a candidate within refractory of the last emitted one is dropped and counted`() throws {
    var rule = rule
    rule.refractory = 0.4
    var timeline = try Timeline(rule)
    // peaks at                 1  4 7; 4 − 1 < 4, 7 − 1 ≥ 4
    timeline.play("09009009000")
    #expect(timeline.lines == ["point A@1 1...1 #0 p=0.9", "point A@7 7...7 #1 p=0.9"])
    #expect(timeline.state.candidatesDropped == 1)
  }

  @Test func `a peak exactly refractory after the last one is kept`() throws {
    var rule = rule
    rule.refractory = 0.4
    #expect(try Timeline.played(rule, "09000900").count == 2)
  }

  @Test func `the class is the one with the largest sum over the candidate and not the one at the peak`() throws {
    var timeline = try Timeline(rule, labels: ["none", "A", "B"])
    timeline.play(
      "0660900",
      "0113000")
    #expect(timeline.lines == ["point A@1 1...2 #0 p=0.6", "point A@4 4...4 #1 p=0.9"])
    timeline = try Timeline(rule, labels: ["none", "A", "B"])
    timeline.play(
      "022900",
      "077000")
    #expect(timeline.lines == ["point B@1 1...3 #0 p=0.5"])
  }

  @Test func `the first class wins a tie`() throws {
    var timeline = try Timeline(rule, labels: ["none", "A", "B"])
    timeline.play(
      "050",
      "050")
    #expect(timeline.lines.first == "point A@1 1...1 #0 p=0.5")
  }

  @Test func `the scores beside a point are the mean of each class over the candidate`() throws {
    let plan = try DecisionPlan(rule: rule, labels: ["none", "A", "B"], rate: 10, hop: 1)
    var state = plan.makeState()
    var seen: [[Float]] = []
    let rows: [[Float]] = [[0.25, 0.5, 0.25], [0.5, 0.25, 0.25], [1, 0, 0]]
    for (step, scores) in rows.enumerated() {
      scores.withUnsafeBufferPointer {
        plan.settle(step: Int64(step), scores: $0, state: &state) { decision, scores in
          seen.append(Array(scores))
          #expect(decision.score == scores[decision.classIndex!])
        }
      }
    }
    #expect(seen == [[0.375, 0.375, 0.25]])
  }

  @Test func `a point whose class scores too little is unknown`() throws {
    var rule = rule
    rule.unknownBelow = 0.75
    #expect(try Timeline.played(rule, "07080") == ["point unknown@1 1...1 #0 p=0.7", "point A@3 3...3 #1 p=0.8"])
  }

  @Test func `smoothing does not shift a peak`() throws {
    var rule = rule
    rule.smooth = .mean(seconds: 0.3)
    rule.enter = 0.4
    rule.leave = 0.3
    // The mean of three is largest at step 5 and speaks of step 4.
    let lines = try Timeline.played(rule, "00038300000")
    #expect(lines.map { $0.split(separator: " ")[1] } == ["A@4"])
  }

  @Test func `the range of a smoothed point begins where its first mean begins`() throws {
    var rule = rule
    rule.smooth = .mean(seconds: 0.3)
    rule.enter = 0.5
    rule.leave = 0.4
    // means: 0 0 0 .3 .6 .6 .3; the first rests on steps 2, 3, 4
    #expect(try Timeline.played(rule, "0009900000") == ["point A@3 2...5 #0 p=0.6"])
  }

  @Test func `a jump closes an open candidate at its last step`() throws {
    #expect(try Timeline.played(rule, "0799..9930") == ["point A@2 1...3 #0 p=0.8", "point A@6 6...7 #1 p=0.9"])
  }

  @Test func `the refractory time goes on across a jump`() throws {
    var rule = rule
    rule.refractory = 0.5
    #expect(try Timeline.played(rule, "090..900").count == 1)
    #expect(try Timeline.played(rule, "090...900").count == 2)
  }

  @Test func `a reset discards an open candidate and says so`() throws {
    #expect(try Timeline.played(rule, "0799!0000") == ["discarded 1+0"])
    #expect(try Timeline.played(rule, "07900!") == ["point A@2 1...2 #0 p=0.8", "discarded 0+0"])
  }

  @Test func `event numbers count on through a reset`() throws {
    #expect(
      try Timeline.played(rule, "090!090") == [
        "point A@1 1...1 #0 p=0.9", "discarded 0+0", "point A@4 4...4 #1 p=0.9",
      ])
  }

  @Test func `after a reset the refractory time is forgotten and the index may start again`() throws {
    var rule = rule
    rule.refractory = 1
    var timeline = try Timeline(rule)
    timeline.play("0000090!")
    timeline.step = 0
    timeline.play("090")
    #expect(timeline.lines.last == "point A@1 1...1 #1 p=0.9")
  }

  @Test func `NaN opens nothing and ends a candidate`() throws {
    var timeline = try Timeline(rule)
    timeline.play("0")
    timeline.settle([.nan, .nan])
    timeline.play("9")
    timeline.settle([.nan, .nan])
    #expect(timeline.lines == ["point A@2 2...2 #0 p=0.9"])
  }

  @Test func `positions beyond 2^53 are exact`() throws {
    var timeline = try Timeline(rule)
    timeline.step = 1 << 53
    timeline.play("0790")
    #expect(timeline.lines == ["point A@9007199254740994 9007199254740993...9007199254740994 #0 p=0.8"])
  }
}
