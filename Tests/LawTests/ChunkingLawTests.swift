import RunnelCore
import RunnelPipeline
import Testing

/// Law 1: how a stream is cut into messages never changes its labels.
@Suite struct ChunkingLawTests {
  @Test(arguments: 0..<24)
  func `random cuts give the labels of one whole message`(seed: UInt64) throws {
    let signal = Signal(rows: 4000, seed: 1)
    #expect(try labels(signal, cuts: signal.cuts(seed: seed)) == labels(signal, cuts: [signal.rows]))
  }

  @Test func `one row a message gives the labels of one whole message`() throws {
    let signal = Signal(rows: 2500, seed: 2)
    let single = try labels(signal, cuts: Array(repeating: 1, count: signal.rows))
    #expect(try single == labels(signal, cuts: [signal.rows]))
    let steps = 2500 / 3 + 1
    #expect(single["bed7/MLII"]?.count == steps - 42 + 1, "a label per step that speaks of a row, and the end")
  }

  @Test(arguments: 0..<8)
  func `missing samples in the middle of a cut change nothing`(seed: UInt64) throws {
    var signal = Signal(rows: 4000, seed: 3)
    for run in [100..<104, 900..<960, 2000..<2400, 3990..<4000] {
      for row in run { signal.samples[row] = -32768 }
    }
    #expect(try labels(signal, cuts: signal.cuts(seed: seed)) == labels(signal, cuts: [signal.rows]))
  }

  @Test(arguments: 0..<8)
  func `peaks do not depend on the cuts`(seed: UInt64) throws {
    let signal = Signal(rows: 6000, seed: 4)
    let plan = try PipelinePlan.peaks(TestModel.load("conv-lstm"))
    let whole = try run(signal, plan, cuts: [signal.rows])
    #expect(try run(signal, plan, cuts: signal.cuts(seed: seed)) == whole)
    #expect((whole["bed7/MLII"]?.count ?? 0) > 3, "the test model finds something")
  }

  private func labels(_ signal: Signal, cuts: [Int]) throws -> [String: [String]] {
    var plan = try PipelinePlan.everyStep(TestModel.load("conv-lstm"))
    plan.missing = [-32768]
    return try run(signal, plan, cuts: cuts)
  }

  private func run(_ signal: Signal, _ plan: PipelinePlan, cuts: [Int]) throws -> [String: [String]] {
    let rig = Rig([plan])
    try signal.send(cut: cuts) { rig.receive($0) }
    return rig.labels
  }
}
