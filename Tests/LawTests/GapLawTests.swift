import RunnelCore
import RunnelPipeline
import Testing

/// Law 5: a missing sample is an event every stateful stage hears of, never a silence.
@Suite struct GapLawTests {
  @Test(arguments: 0..<16)
  func `every lost row is told of, exactly`(seed: UInt64) throws {
    let signal = Signal(rows: 5000, seed: seed)
    let cuts = signal.cuts(seed: seed)
    var random = SeededGenerator(seed: seed)
    let skip = Set(cuts.indices.filter { $0 > 0 && random.below(10) == 0 })
    let rig = try run(signal, cuts, skip)
    let lost = skip.reduce(0) { $0 + cuts[$1] }
    #expect(rig.intake.total.rowsLost == Int64(lost))
    #expect(rig.intake.total.rowsUsed == Int64(signal.rows - lost))
  }

  @Test func `a value that the description declares missing is none, in that channel alone`() throws {
    var signal = Signal(channels: ["MLII", "V5"], rows: 400, seed: 4)
    for row in 100..<109 { signal.samples[2 * row] = -32768 }
    signal.samples[2 * 200 + 1] = -32768
    signal.channels[0].missing = -32768
    let rig = try run(signal, [400], [])
    #expect(rig.shard.takeCounts().valuesMissing == 9)
  }

  @Test func `a gap up to fill is filled and marked, and no step is missing`() throws {
    let lines = try lines(losing: 1000..<1018)
    #expect(statuses(lines).isEmpty)
    let missing = lines.compactMap { $0.firstMatch(of: #/"missing":(\d+)/#).flatMap { Int($0.1) } }
    #expect(missing.reduce(0, +) == 18)
    #expect(lines.count { $0.contains(#""missing":"#) && !$0.contains(#""missing":0"#) } == 6)
    #expect(labels(lines) == steps - 42)
  }

  @Test func `a gap up to carry keeps the state, adds no steps and is told of`() throws {
    let lines = try lines(losing: 1000..<1200)
    #expect(statuses(lines) == [#"gap lost 1000 1199"#])
    // Steps lie at rows 0, 3, 6 …; those at 1002, 1005 … 1197 are not taken.
    #expect(labels(lines) == steps - 42 - 66)
  }

  @Test func `a gap beyond carry resets`() throws {
    #expect(try statuses(lines(losing: 1000..<1500)) == ["reset gap 1000 1360", "gap lost 1000 1499"])
  }

  @Test func `after a reset labels are those of a lane that began there, but for their seq`() throws {
    let signal = Signal(rows: 6000, seed: 21)
    let cuts = [900, 600, 4500]
    let broken = try run(signal, cuts, [1]).labels["bed7/MLII"] ?? []
    var tail = Signal(rows: 6000, seed: 21)
    tail.samples.removeFirst(1500)
    let rig = Rig([try .everyStep(TestModel.load("conv-lstm"))])
    try tail.sendFrom(1500) { rig.receive($0) }
    let fresh = rig.labels["bed7/MLII"] ?? []
    func decided(_ lines: [String]) -> [String] {
      lines.filter { $0.contains(#""kind":"label""#) }.map { line in
        line.replacing(#/"seq":\d+,/#, with: "").replacing(#/"first":-?\d+,/#, with: "")
          .replacing(#/"(missing|quality)":[^,}]+/#, with: "")
      }
    }
    let resumed = decided(broken).suffix(fresh.count - 1 - 42)
    #expect(resumed.count > 1000)
    #expect(Array(resumed) == decided(fresh).suffix(resumed.count))
  }

  @Test func `a discontinuity resets, since nobody knows its length`() throws {
    let signal = Signal(rows: 2000, seed: 5)
    let rig = Rig([try .everyStep(TestModel.load("conv-lstm"))])
    try signal.sendDiscontinuous(at: 1000) { rig.receive($0) }
    #expect(statuses(rig.labels["bed7/MLII"] ?? []) == ["gap discontinuity 1000 1000", "reset unknown-gap 1000 1000"])
  }

  @Test func `a loss at the tail is told by the heartbeat`() throws {
    let signal = Signal(rows: 1000, seed: 6)
    let rig = try run(signal, [800, 200], [1])
    #expect(rig.intake.total.rowsLost == 200)
    #expect(statuses(rig.labels["bed7/MLII"] ?? []) == ["gap lost 800 999"])
  }

  // MARK: driving

  private let steps = 4000 / 3 + 1

  private func labels(_ lines: [String]) -> Int { lines.count { $0.contains(#""kind":"label""#) } }

  private func lines(losing range: Range<Int>) throws -> [String] {
    let signal = Signal(rows: 4000, seed: 20)
    let cuts = [range.lowerBound, range.count, 4000 - range.upperBound]
    return try run(signal, cuts, [1]).labels["bed7/MLII"] ?? []
  }

  private func run(_ signal: Signal, _ cuts: [Int], _ skip: Set<Int>) throws -> Rig {
    let rig = Rig([try .everyStep(TestModel.load("conv-lstm"))])
    try signal.send(cut: cuts, skip: skip) { rig.receive($0) }
    return rig
  }

  /// `gap lost 1000 1199` of each gap and reset.
  private func statuses(_ lines: [String]) -> [String] {
    lines.compactMap { line in
      guard
        let found = line.firstMatch(
          of: #/"status":"(gap|reset)","reason":"([^"]+)".*?"first":(-?\d+),"last":(-?\d+)/#)
      else { return nil }
      return "\(found.1) \(found.2) \(found.3) \(found.4)"
    }
  }
}
