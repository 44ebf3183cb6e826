import RunnelCore
import RunnelLabels
import Testing

@Suite struct EventTests {
  let rule = DecisionRule(emit: .events, enter: 0.6, leave: 0.4, minOn: 0.3, minOff: 0.2)

  @Test func `onset after min_on and offset after min_off`() throws {
    // steps                  0123456789
    let lines = try Timeline.played(rule, "0678753000")
    #expect(lines == ["onset A@1 1...3 #0 p=0.8", "offset A@6 6...7 #0 p=0.0"])
  }

  @Test func `a run shorter than min_on is nothing`() throws {
    #expect(try Timeline.played(rule, "0660066000") == [])
  }

  @Test func `a step below enter restarts the run though it is above leave`() throws {
    #expect(try Timeline.played(rule, "0665666") == ["onset A@4 4...6 #0 p=0.6"])
  }

  @Test func `a dip shorter than min_off does not end an event`() throws {
    #expect(try Timeline.played(rule, "0666366633") == ["onset A@1 1...3 #0 p=0.6", "offset A@8 8...9 #0 p=0.3"])
  }

  @Test func `a step at leave or above restarts the run towards the offset`() throws {
    #expect(try Timeline.played(rule, "6663433") == ["onset A@0 0...2 #0 p=0.6", "offset A@5 5...6 #0 p=0.3"])
  }

  @Test func `without min_on and min_off one step is enough`() throws {
    let rule = DecisionRule(emit: .events, enter: 0.6, leave: 0.4)
    #expect(try Timeline.played(rule, "060") == ["onset A@1 1...1 #0 p=0.6", "offset A@2 2...2 #0 p=0.0"])
  }

  @Test func `each class has its machine and an offset comes before the onset of the same step`() throws {
    let rule = DecisionRule(emit: .events, enter: 0.6, leave: 0.4)
    var timeline = try Timeline(rule, labels: ["none", "A", "B"])
    timeline.play(
      "0011",
      "9900")
    timeline.play(
      "9900",
      "0011")
    #expect(
      timeline.lines == [
        "onset B@0 0...0 #0 p=0.9", "offset B@2 2...2 #0 p=0.0", "onset A@4 4...4 #1 p=0.9",
        "offset A@6 6...6 #1 p=0.0",
      ])
    timeline = try Timeline(rule, labels: ["none", "A", "B"])
    timeline.play(
      "01",
      "90")
    timeline.play(
      "9",
      "0")
    timeline.play(
      "0",
      "9")
    #expect(timeline.lines.suffix(2) == ["offset A@3 3...3 #1 p=0.0", "onset B@3 3...3 #2 p=0.9"])
  }

  @Test func `classes may overlap where the head lets them`() throws {
    var timeline = try Timeline(
      DecisionRule(emit: .events, enter: 0.6, leave: 0.4), labels: ["none", "A", "B"])
    timeline.play(
      "0990",
      "0099")
    #expect(
      timeline.lines == [
        "onset A@1 1...1 #0 p=0.9", "onset B@2 2...2 #1 p=0.9", "offset A@3 3...3 #0 p=0.0",
      ])
  }

  @Test func `a jump restarts the run towards the onset`() throws {
    #expect(try Timeline.played(rule, "066.666") == ["onset A@4 4...6 #0 p=0.6"])
  }

  @Test func `a jump leaves an event on and restarts the run towards the offset`() throws {
    #expect(try Timeline.played(rule, "6660..00") == ["onset A@0 0...2 #0 p=0.6", "offset A@6 6...7 #0 p=0.0"])
  }

  @Test func `a reset counts runs and events that will not be heard of again`() throws {
    #expect(try Timeline.played(rule, "066!") == ["discarded 1+0"])
    #expect(
      try Timeline.played(rule, "0666!666") == [
        "onset A@1 1...3 #0 p=0.6", "discarded 0+1", "onset A@4 4...6 #1 p=0.6",
      ])
  }

  @Test func `smoothing does not shift onset and offset`() throws {
    var rule = DecisionRule(emit: .events, enter: 0.5, leave: 0.5)
    rule.smooth = .mean(seconds: 0.3)
    // means                  0 0 0 1/3 2/3 1 1 2/3 1/3 0
    let lines = try Timeline.played(rule, "000****000")
    #expect(lines.map { $0.split(separator: " ")[1] } == ["A@3", "A@7"])
  }
}
