import RunnelCore
import RunnelInference
import Testing

@Suite struct EventFeaturesTests {
  /// Of a model whose stage has these features.
  private func stage(_ features: [String], wait: Int = 0) throws -> EventStageDescription {
    let words = features.map { "\"\($0)\"" }.joined(separator: ", ")
    let widths = features.reduce(0) { $0 + ($1.hasSuffix("scores") ? 3 : $1 == "hidden" ? 4 : 1) }
    let hidden = features.contains("hidden") ? #""hidden": "cell", "# : ""
    let (cell, head) = (SmallModel.gru("cell", 2, 4), SmallModel.linear("out", 4, 3))
    let model = SmallModel(
      labels: ["none", "b", "c"],
      keys: """
        "regime": "carried", "pattern": "many-to-many",
        "event_stage": {"features": [\(words)], \(hidden)"wait": \(wait), "layers": [\(SmallModel.linear("judge", widths, 2).0)],
        "head": {"name": "class", "activation": "softmax", "labels": ["x", "y"]}}
        """, layers: [cell.0, head.0], shapes: [], decide: #"{"emit": "peaks"}"#)
    return try #require(try ModelDescription(parsing: model.description).eventStage)
  }

  private func features(_ names: [String], wait: Int = 0) throws -> EventFeatures {
    EventFeatures(stage: try stage(names, wait: wait), scores: 3, hidden: 4)
  }

  private func push(
    _ features: inout EventFeatures, at step: Int64, scores: [Float] = [0, 0, 0], hidden: [Float] = [0, 0, 0, 0]
  ) -> [Float]? {
    scores.withUnsafeBufferPointer { scores in
      hidden.withUnsafeBufferPointer { hidden in
        features.push(step: step, rate: 100, scores: scores, hidden: hidden) ? features.vector : nil
      }
    }
  }

  @Test func `intervals are seconds between events, and the first has none`() throws {
    var events = try features(["interval", "ratio:3", "regularity"])
    #expect(push(&events, at: 500) == [0, 1, 0])
    #expect(push(&events, at: 600) == [1, 1, 0])
    // Median of 1 and 0.5 is 0.75; deviation 0.25 of a mean of 0.75.
    #expect(push(&events, at: 650) == [0.5, Float(0.5 / 0.75), Float(0.25 / 0.75)])
    #expect(push(&events, at: 850)?[1] == 2)
  }

  @Test func `a median looks back so many intervals and no more`() throws {
    var events = try features(["ratio:3", "ratio:8"])
    var random = SeededGenerator(seed: 4)
    var (step, intervals) = (Int64(0), [Double]())
    _ = push(&events, at: 0)
    for _ in 0..<200 {
      let gap = Int64(20 + random.below(200))
      step += gap
      intervals.append(Double(gap) / 100)
      func ratio(_ count: Int) -> Float {
        let sorted = intervals.suffix(count).sorted()
        let (a, b) = (sorted[(sorted.count - 1) / 2], sorted[sorted.count / 2])
        return Float(intervals[intervals.count - 1] / ((a + b) / 2))
      }
      #expect(push(&events, at: step) == [ratio(3), ratio(8)])
    }
  }

  @Test func `regularity is that of the last eight intervals`() throws {
    var events = try features(["regularity"])
    _ = push(&events, at: 0)
    _ = push(&events, at: 900)
    for n in 1...8 { #expect(push(&events, at: 900 + Int64(n) * 100)?[0] == 0 || n < 8) }
  }

  @Test func `an event that waits is completed by the next, which tells of itself too`() throws {
    var events = try features(["scores", "interval", "next:interval", "next:scores", "hidden"], wait: 1)
    #expect(push(&events, at: 100, scores: [1, 2, 3], hidden: [9, 8, 7, 6]) == nil && events.isWaiting)
    #expect(
      push(&events, at: 180, scores: [4, 5, 6], hidden: [5, 4, 3, 2]) == [1, 2, 3, 0, 0.8, 4, 5, 6, 9, 8, 7, 6])
    #expect(push(&events, at: 220, scores: [7, 8, 9]) == [4, 5, 6, 0.8, 0.4, 7, 8, 9, 5, 4, 3, 2])
  }

  @Test func `a reset forgets all, and tells of an event that waited`() throws {
    for wait in [0, 1] {
      var events = try features(["interval", "ratio:8", "regularity"], wait: wait)
      let fresh = events
      #expect(events.reset() == false)
      for n in 0..<20 { _ = push(&events, at: Int64(n * n * 10)) }
      #expect(events != fresh)
      #expect(events.reset() == (wait == 1) && events == fresh && !events.isWaiting)
    }
  }

  @Test func `equal values go on equally`() throws {
    var events = try features(["interval", "ratio:300", "next:ratio:8"], wait: 1)
    for n in 0..<50 { _ = push(&events, at: Int64(n * 80 + n % 7)) }
    var copy = events
    #expect(copy == events)
    #expect(push(&copy, at: 4100) == push(&events, at: 4100) && copy == events)
  }
}
