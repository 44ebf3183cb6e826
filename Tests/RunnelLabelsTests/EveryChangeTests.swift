import RunnelCore
import RunnelLabels
import Testing

@Suite struct EveryChangeTests {
  let every = DecisionRule(emit: .every)
  let change = DecisionRule(emit: .change)

  @Test func `every gives a label per step at hop 1`() throws {
    #expect(
      try Timeline.played(every, "190") == [
        "label none@0 0...0 p=0.9", "label A@1 1...1 p=0.9", "label none@2 2...2 p=1.0",
      ])
  }

  @Test func `labels stand on the grid of the session and not on where the lane began`() throws {
    var timeline = try Timeline(every, hop: 4)
    timeline.step = 2
    timeline.play("0000000")
    #expect(timeline.lines == ["label none@3 2...3 p=1.0", "label none@7 4...7 p=1.0"])
  }

  @Test func `a grid step that was skipped has no label and the next range covers it`() throws {
    #expect(
      try Timeline.played(every, "0000...00000", hop: 4) == [
        "label none@3 0...3 p=1.0", "label none@7 4...7 p=1.0", "label none@11 8...11 p=1.0",
      ])
    #expect(
      try Timeline.played(every, "000000..0000", hop: 4) == ["label none@3 0...3 p=1.0", "label none@11 4...11 p=1.0"])
  }

  @Test func `a reset does not move the grid`() throws {
    #expect(try Timeline.played(every, "0!0000", hop: 4) == ["discarded 0+0", "label none@3 1...3 p=1.0"])
  }

  @Test func `change is every without repetitions`() throws {
    #expect(
      try Timeline.played(change, "1199911") == [
        "label none@0 0...0 p=0.9", "label A@2 1...2 p=0.9", "label none@5 3...5 p=0.9",
      ])
  }

  @Test func `change looks at the grid only`() throws {
    #expect(
      try Timeline.played(change, "19190919", hop: 2) == ["label A@1 0...1 p=0.9"])
  }

  @Test func `a label below the minimum is unknown and a change`() throws {
    var rule = change
    rule.unknownBelow = 0.7
    #expect(
      try Timeline.played(rule, "155509") == [
        "label none@0 0...0 p=0.9", "label unknown@1 1...1 p=0.5", "label none@4 2...4 p=1.0",
        "label A@5 5...5 p=0.9",
      ])
  }

  @Test func `the first class wins a tie of scores`() throws {
    #expect(try Timeline.played(every, "5") == ["label none@0 0...0 p=0.5"])
  }

  @Test func `change says its label again after a reset`() throws {
    #expect(
      try Timeline.played(change, "99!9") == ["label A@0 0...0 p=0.9", "discarded 0+0", "label A@2 2...2 p=0.9"])
  }

  @Test func `the mean of scores decides and its label speaks of the middle of the window`() throws {
    var rule = change
    rule.smooth = .mean(seconds: 0.3)
    // means                  0 0 .3 .6 .9
    #expect(
      try Timeline.played(rule, "00999") == ["label none@0 0...0 p=1.0", "label A@2 1...3 p=0.6"])
  }

  @Test func `a jump empties the smoothing window`() throws {
    var rule = change
    rule.smooth = .mean(seconds: 0.3)
    #expect(
      try Timeline.played(rule, "000.9") == ["label none@0 0...0 p=1.0", "label A@4 1...4 p=0.9"])
  }

  @Test func `a class takes over when it has led 3 of the last 5 steps`() throws {
    var rule = change
    rule.smooth = .majority(needed: 3, of: 5)
    let lines = try Timeline.played(rule, "00090909900")
    // steps                               01234567890; A leads 3, 5, 7
    #expect(
      lines.map { $0.split(separator: " ").prefix(2).joined(separator: " ") } == [
        "label unknown@0", "label none@1", "label A@5", "label none@8",
      ])
  }

  @Test func `the class of the last majority stands while none has one`() throws {
    var rule = every
    rule.smooth = .majority(needed: 2, of: 2)
    let lines = try Timeline.played(rule, "9909099")
    #expect(
      lines.map { String($0.split(separator: " ")[1].prefix { $0 != "@" }) }
        == ["unknown", "A", "A", "A", "A", "A", "A"])
  }

  @Test func `a majority stands across a jump and is forgotten by a reset`() throws {
    var rule = change
    rule.smooth = .majority(needed: 2, of: 3)
    #expect(
      try Timeline.played(rule, "99..9!9").map { String($0.split(separator: " ")[1]) }
        == ["unknown@0", "A@1", "0+0", "unknown@5"])
  }

  @Test func `scores of NaN are unknown`() throws {
    var timeline = try Timeline(every)
    timeline.settle([.nan, .nan])
    timeline.settle([.nan, 0.5])
    #expect(timeline.lines == ["label unknown@0 0...0 p=nan", "label A@1 1...1 p=0.5"])
  }
}
