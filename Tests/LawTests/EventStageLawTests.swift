import RunnelCore
import RunnelInference
import RunnelPipeline
import RunnelWire
import Testing

/// A second network that judges the events of the first: law 1 for it, and its labels against a computation of its own
/// from the frames and the peaks.
@Suite struct EventStageLawTests {
  @Test(arguments: [false, true], 0..<4)
  func `what is judged does not depend on the cuts`(waits: Bool, seed: UInt64) throws {
    let plan = try PipelinePlan(name: "p", model: Self.made(waits: waits).model())
    let signal = Signal(rate: 120, rows: 4000, seed: 1)
    var random = SeededGenerator(seed: seed)
    let lost = seed == 0 ? [] : Signal.losses(rows: 4000, lengths: [3, 50, 200], &random)
    let whole = try RegimeLawTests.run(plan) { try signal.send(losing: lost, to: $0) }
    let cut = try RegimeLawTests.run(plan, stepping: seed) { try signal.send(losing: lost, seed: seed, to: $0) }
    #expect(cut == whole && whole.lines.count > 8)
  }

  @Test(arguments: [false, true])
  func `each event has the scores of the stage over its features, and the place of its peak`(waits: Bool) throws {
    var made = Self.made(waits: waits)
    let model = try made.model()
    var signal = Signal(rate: 120, rows: 4000, seed: 1)
    // The first peak comes when the smoothing's six steps are full.
    for row in 0..<20 { signal.samples[row] = 0 }
    let heard = WindowLawTests.Heard()
    let rig = Rig([try PipelinePlan(name: "p", model: model)], frames: { heard.append($1, $2) })
    try signal.sendFrom(0) { rig.receive($0) }
    let judged = rig.decisions
    // The same first network without the stage tells of the peaks.
    made.eventStage = nil
    made.unstage()
    let bare = Rig([try PipelinePlan(name: "p", model: made.model())])
    try signal.sendFrom(0) { bare.receive($0) }
    let peaks = bare.decisions
    let expected = try Self.expected(model, peaks: peaks, frames: heard.frames, waits: waits)
    #expect(judged.count == expected.filter { $0.leader != 0 }.count && judged.count > 8)
    var number: Int64 = 0
    for (label, wanted) in zip(judged, expected.filter { $0.leader != 0 }) {
      #expect(label.kind == .event(.point, number: number), "events that are dropped leave no hole")
      #expect(label.at == wanted.peak.at && label.first == wanted.peak.first && label.last == wanted.peak.last)
      #expect(label.scores == wanted.scores && label.id == wanted.leader && label.p == wanted.scores[wanted.leader])
      #expect(label.label == ["drop", "X", "Y"][wanted.leader])
      #expect(waits ? label.decided! > wanted.peak.decided! : label.decided == wanted.peak.decided)
      number += 1
    }
  }

  @Test func `an event that waits at the end is discarded and counted`() throws {
    let plan = try PipelinePlan(name: "p", model: Self.made(waits: true).model())
    let rig = Rig([plan])
    try Signal(rate: 120, rows: 1000, seed: 1).sendFrom(0) { rig.receive($0) }
    _ = rig.labels
    let atEnd = rig.shard.takeCounts().candidatesDiscarded
    let (now, before) = (try Self.discarded(rows: 1000, waits: true), try Self.discarded(rows: 1000, waits: false))
    #expect(atEnd == now && now == before + 1)
  }

  @Test func `a reset discards the waiting event, and the next one has no interval`() throws {
    let plan = try PipelinePlan(name: "p", model: Self.made(waits: false).model())
    let signal = Signal(rate: 120, rows: 3000, seed: 1)
    let rig = Rig([plan])
    try signal.send(losing: [1000..<1200]) { rig.receive($0) }
    var tail = signal
    tail.samples.removeFirst(1200)
    let fresh = Rig([plan])
    try tail.sendFrom(1200) { fresh.receive($0) }
    let after = rig.decisions.filter { $0.at! >= 1200 }
    #expect(after.map(\.scores) == fresh.decisions.map(\.scores) && after.count > 3)
  }

  @Test func `a pipeline may not take another rule than the peaks that the stage was trained on`() throws {
    let model = try Self.made(waits: false).model()
    #expect(throws: Refusal.self) { try PipelinePlan(name: "p", model: model, rule: DecisionRule(emit: .every)) }
  }

  // MARK: a model with a stage

  private static func discarded(rows: Int, waits: Bool) throws -> Int64 {
    let rig = Rig([try PipelinePlan(name: "p", model: made(waits: waits).model())])
    try Signal(rate: 120, rows: rows, seed: 1).sendFrom(0) { rig.receive($0) }
    _ = rig.labels
    return rig.shard.takeCounts().candidatesDiscarded
  }

  /// Peaks where the sample is large; the stage sees scores, hidden vector and intervals.
  static func made(waits: Bool) -> MadeModel {
    var made = MadeModel(seed: 21)
    made.decide = #"{"emit":"peaks","enter":0.5,"leave":0.4,"refractory":0.1,"smooth":"mean 50ms"}"#
    made.conv("mix", from: 1, to: 5, kernel: 3)
    made.linear("head", from: 5, to: 3)
    let features = ["scores", "hidden", "interval", "ratio:3", "regularity"] + (waits ? ["next:interval"] : [])
    let width = 3 + 5 + 3 + (waits ? 1 : 0)
    let layers = [
      MadeModel.recurrent("lstm", name: "judge", from: width, to: 6), MadeModel.linear("verdict", from: 6, to: 3),
    ].joined(separator: ",")
    let json = #"""
      {"features":\#(features),"hidden":"mix","wait":\#(waits ? 1 : 0),"layers":[\#(layers)],
      "head":{"name":"kind","activation":"softmax","labels":["drop","X","Y"]},"none":"drop"}
      """#
    made.eventStage = (json, width, 3)
    made.weights("lstm", name: "judge", from: width, to: 6)
    made.weights(linear: "verdict", from: 6, to: 3)
    made.constants["verdict.weight"] = (0..<18).map { 4 * Float(($0 * 7) % 11 - 5) / 5 }
    // Class `none` gives way where the newest sample is large, as it is in the bumps of the signal.
    made.constants["mix.weight"] = [0, 0, 2] + (0..<12).map { Float(($0 * 5) % 7 - 3) / 3 }
    made.constants["head.weight"] = [-8, 0, 0, 0, 0] + (0..<10).map { Float(($0 * 5) % 7 - 3) / 3 }
    made.constants["head.bias"] = [6, 0, 0]
    return made
  }

  struct Verdict {
    var peak: LabelMessage
    var scores: [Float]
    var leader: Int
  }

  /// The stage's network over features made here, from whole-stream arithmetic.
  private static func expected(
    _ model: Model, peaks: [LabelMessage], frames: [Float], waits: Bool
  ) throws -> [Verdict] {
    let stage = try #require(model.eventStage)
    var bank = StateBank(for: stage, capacity: 1)
    let slot = bank.open()
    let hidden = try hiddenRows(model, frames)
    var verdicts: [Verdict] = []
    var intervals: [Double] = []
    for (index, peak) in peaks.enumerated() {
      let interval = index == 0 ? nil : Double(peak.at! - peaks[index - 1].at!) / 120
      if let interval { intervals.append(interval) }
      let next = index + 1 < peaks.count ? Double(peaks[index + 1].at! - peak.at!) / 120 : 0
      if waits, index + 1 == peaks.count { break }
      let recent = intervals.suffix(8)
      let mean = recent.reduce(0, +) / Double(max(1, recent.count))
      let variance = recent.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(max(1, recent.count))
      let last = intervals.suffix(3).sorted()
      let median = last.isEmpty ? 1 : (last[(last.count - 1) / 2] + last[last.count / 2]) / 2
      var features = peak.scores + hidden(peak)
      features += [Float(interval ?? 0), Float(interval.map { $0 / median } ?? 1)]
      features.append(recent.count < 2 ? 0 : Float(variance.squareRoot() / mean))
      if waits { features.append(Float(next)) }
      let scores = stage.run(features, slot: slot, bank: &bank)
      verdicts.append(Verdict(peak: peak, scores: scores, leader: scores.firstIndex(of: scores.max()!)!))
    }
    return verdicts
  }

  /// The output of layer `mix` at the step where the smoothed s of a peak was largest.
  private static func hiddenRows(_ model: Model, _ frames: [Float]) throws -> (LabelMessage) -> [Float] {
    var bank = StateBank(for: model.network, capacity: 1)
    let slot = bank.open()
    let tap = try #require(model.network.tap)
    var rows: [[Float]] = []
    for (n, frame) in frames.enumerated() {
      _ = model.network.run([frame], from: Int64(n), slot: slot, bank: &bank)
      rows.append(Array(bank.features(of: tap, row: 0)!))
    }
    // A mean over 50 ms is one over 6 steps, whose place is 2 steps before its newest.
    return { peak in rows[Int(peak.at!) + 2] }
  }
}
