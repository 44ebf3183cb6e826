import RunnelCore
import RunnelInference
import RunnelPipeline
import RunnelWire
import Testing

/// Windows: each has the bits it has alone, covers the same frames whoever joined when, and is left out, counted, where
/// it is not whole.
@Suite struct WindowLawTests {
  static let names = [
    "side-by-side", "target", "convolved-windows", "padded", "bidirectional", "normalised", "sequence", "one-to-many",
    "encoder-decoder",
  ]

  static let bases: [Int64] = [0, 5, (1 << 31) - 700]

  @Test(arguments: Self.names, Self.bases)
  func `windows beside each other have the bits of windows alone`(name: String, base: Int64) throws {
    let made = try Regimes.made(name)
    let (model, length, hop) = (try made.model(), try #require(made.window).length, made.hop)
    let heard = Heard()
    let rig = Rig([try .everyStep(model)], frames: { heard.append($1, $2) })
    try Signal(rate: 120, rows: 900, seed: 3).sendFrom(base) { rig.receive($0) }
    let decisions = rig.decisions
    let alone = model.file.makeEvaluator(windows: 1)
    var expected: [[Float]] = []
    let whole = (heard.first + Int64(hop) - 1) / Int64(hop) * Int64(hop)
    for start in stride(from: whole, to: heard.first + Int64(heard.frames.count), by: hop) {
      let place = Int(start - heard.first)
      guard place + length <= heard.frames.count else { break }
      let scores = alone.evaluate(Array(heard.frames[place..<place + length]))
      let steps = scores.count == alone.outputs ? 1 : sequenceLength(scores, classes: alone.outputs, made)
      expected.append(Array(scores[..<(steps * alone.outputs)]))
    }
    // Windows that need no more frames than those up to their target may have a label before their end.
    let found = decisions.map { $0.steps?.scores ?? $0.scores }
    #expect(expected.count > 10 && found.count >= expected.count)
    #expect(Array(found.prefix(expected.count)) == expected, "\(name)")
  }

  @Test(arguments: Self.names)
  func `who joins late has the windows of one who was there from the start`(name: String) throws {
    let signal = Signal(rate: 120, rows: 1500, seed: 4)
    let plan = try RegimeLawTests.plan(name)
    let rig = Rig([plan])
    try signal.sendFrom(0) { rig.receive($0) }
    for join in [1, 100, 333] {
      var tail = signal
      tail.samples.removeFirst(join)
      let late = Rig([plan])
      try tail.sendFrom(Int64(join)) { late.receive($0) }
      let (all, some) = (rig.decisions.map(Window.init), late.decisions.map(Window.init))
      #expect(some.count > 5 && Array(all.suffix(some.count)) == some, "\(name), from \(join)")
      #expect(all.count - some.count <= (join + Self.length(name)) / (try Regimes.made(name)).hop + 1)
    }
  }

  @Test(arguments: Self.names)
  func `a window across a gap is left out and counted, and one across a filled gap is not`(name: String) throws {
    let made = try Regimes.made(name)
    let plan = try PipelinePlan.everyStep(made.model())
    let signal = Signal(rate: 120, rows: 1500, seed: 5)
    let whole = try counted(plan, signal, losing: [])
    #expect(whole.windows.count > 10)
    // Up to 6 rows are filled, up to 120 carried over, more resets.
    for gap in [509..<516, 509..<609, 509..<709] {
      let broken = try counted(plan, signal, losing: [gap])
      // Frames up to the target's, behind which nothing matters.
      let needed = Int64(["target": 31, "convolved-windows": 59][name] ?? made.window!.length)
      let across = whole.windows.filter { $0.newest >= gap.lowerBound && $0.newest - needed + 1 < gap.upperBound }
      #expect(!across.isEmpty && broken.windows == whole.windows.filter { !across.contains($0) }, "\(name), \(gap)")
      #expect(broken.leftOut - whole.leftOut == Int64(across.count), "\(name), \(gap)")
    }
    let filled = try counted(plan, signal, losing: [509..<515])
    #expect(filled.windows.map(\.at) == whole.windows.map(\.at) && filled.leftOut == whole.leftOut, "\(name)")
  }

  @Test(arguments: Self.names, [UInt64(1), 2, 3])
  func `every window that began has a label or is counted as left out`(name: String, seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    let made = try Regimes.made(name)
    let signal = Signal(rate: 120, rows: 2000, seed: seed)
    let lost = Signal.losses(rows: 2000, lengths: [1, 6, 7, 50, 121, 200], &random)
    let outcome = try counted(try .everyStep(made.model()), signal, losing: lost)
    let begun = Int64((2000 + made.hop - 1) / made.hop)
    #expect(Int64(outcome.windows.count) + outcome.leftOut == begun, "\(name)")
  }

  @Test func `a record that ends in the middle of a window has no label for it`() throws {
    let made = try Regimes.made("side-by-side")
    let plan = try PipelinePlan.everyStep(made.model())
    // Windows of 50 frames every 12: the ninth ends with frame 145.
    let before = try counted(plan, Signal(rate: 120, rows: 145, seed: 6), losing: [])
    let after = try counted(plan, Signal(rate: 120, rows: 146, seed: 6), losing: [])
    #expect(before.windows.count == 8 && before.leftOut == 5)
    #expect(after.windows.count == 9 && after.leftOut == 4)
    #expect(Array(after.windows.prefix(8)) == before.windows)
  }

  @Test func `a window that becomes infinite is left out, and those open beside it are not`() throws {
    // A cell that holds eight times as much after each step: what comes in at frame 400 is too much for a float after
    // 43 steps, and only the window that begins there has so many left.
    var made = MadeModel(seed: 1, regime: "windowed", pattern: "many-to-one")
    made.window = (60, nil)
    made.hop = 20
    made.head = "linear"
    made.plain(#"{"kind":"rnn","name":"cell","input":1,"hidden":1,"activation":"relu"}"#)
    made.weights("rnn", name: "cell", from: 1, to: 1)
    made.constants = [
      "cell.weight_ih_l0": [1], "cell.weight_hh_l0": [8], "cell.bias_ih_l0": [0], "cell.bias_hh_l0": [0],
    ]
    made.linear("head", from: 1, to: 3)
    var signal = Signal(rate: 120, rows: 1000, seed: 1)
    for row in 0..<1000 { signal.samples[row] = row == 400 ? 100 : 0 }
    let rig = Rig([try .everyStep(made.model())])
    try signal.sendFrom(0) { rig.receive($0) }
    let starts = rig.decisions.compactMap(\.decided).map { $0 - 59 }
    #expect(starts == stride(from: Int64(0), through: 940, by: 20).filter { $0 != 400 })
    #expect(rig.shard.takeCounts().windowsLeftOut == 3, "that one, and two that the end cuts")
    #expect(rig.labels["bed7/MLII"]?.count { $0.contains(#""status":"reset","reason":"non-finite""#) } == 1)
  }

  // MARK: driving

  /// What a window said, and of which row, without what depends on the company of other labels.
  struct Window: Equatable {
    var at: Int64
    var newest: Int64
    var scores: [Float]
    var label: String?

    init(_ message: LabelMessage) {
      at = message.at ?? -1
      newest = message.decided ?? -1
      scores = message.steps?.scores ?? message.scores
      label = message.label
    }
  }

  /// The frames of one lane, D values each.
  final class Heard {
    private(set) var first: Int64 = 0
    private var next: Int64 = 0
    private(set) var frames: [Float] = []

    func append(_ steps: Range<Int64>, _ values: UnsafeBufferPointer<Float>) {
      if frames.isEmpty { (first, next) = (steps.lowerBound, steps.lowerBound) }
      #expect(next == steps.lowerBound, "no frame is missing")
      next = steps.upperBound
      frames += values
    }
  }

  private static func length(_ name: String) -> Int { (try? Regimes.made(name))?.window?.length ?? 0 }

  private func counted(
    _ plan: PipelinePlan, _ signal: Signal, losing lost: [Range<Int>]
  ) throws -> (windows: [Window], leftOut: Int64) {
    let rig = Rig([plan])
    try signal.send(losing: lost) { rig.receive($0) }
    return (rig.decisions.map(Window.init), rig.shard.takeCounts().windowsLeftOut)
  }

  /// Steps before the first whose largest score is that of class `none`, where that stops a sequence.
  private func sequenceLength(_ scores: [Float], classes: Int, _ made: MadeModel) -> Int {
    guard made.decoder != nil else { return scores.count / classes }
    for step in 0..<scores.count / classes {
      let row = scores[step * classes..<(step + 1) * classes]
      if row.firstIndex(of: row.max()!) == row.startIndex { return step }
    }
    return scores.count / classes
  }
}
