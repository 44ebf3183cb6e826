import RunnelCore
import RunnelPipeline
import Testing

/// Law 4: a recording that begins with the session gives the labels it gave live, at any speed.
@Suite struct ReplayLawTests {
  @Test(arguments: 0..<8)
  func `what was received gives the same labels at any speed`(seed: UInt64) throws {
    let signal = Signal(rows: 3000, seed: seed)
    let live = try Recorded(of: signal, cut: signal.cuts(seed: seed), epoch: 7)
    var random = SeededGenerator(seed: seed)
    let kept = live.messages.enumerated().filter { $0.offset < 2 || random.below(12) > 0 }.map(\.element)
    let slow = try run(kept) { 30_000_000 + Int64(random.below(50_000_000)) }
    let fast = try run(kept) { 1 }
    #expect(slow == fast)
    #expect((fast["bed7/MLII"]?.count ?? 0) > 500)
  }

  @Test func `a file read straight into the pipeline gives the labels of its messages`() throws {
    let signal = Signal(rows: 3000, seed: 9)
    let messages = try run(try Recorded(of: signal, cut: signal.cuts(seed: 3), epoch: 7).messages) { 1 }
    let plan = try PipelinePlan.everyStep(TestModel.load("conv-lstm"))
    let rig = Rig([plan])
    rig.read(signal)
    #expect(rig.labels == messages)
  }

  private func run(_ messages: [Recorded.Message], pause: () -> Int64) throws -> [String: [String]] {
    let rig = Rig([try .everyStep(TestModel.load("conv-lstm"))])
    for message in messages {
      message.lend { rig.receive($0) }
      rig.now += pause()
      if rig.now % 3 == 0 { rig.step() }
    }
    return rig.labels
  }
}
