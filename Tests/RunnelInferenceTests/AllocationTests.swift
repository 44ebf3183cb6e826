import RunnelInference
import RunnelKernels
import RunnelTesting
import Testing

@Suite(.enabled(if: allocationsAreCounted)) struct AllocationTests {
  /// Layers of every kind that a step can meet: strides, pools, branches that wait.
  static let seeds: [UInt64] = Array(1...20)

  @Test(arguments: seeds)
  func `a step allocates nothing, whatever the layers are`(seed: UInt64) throws {
    let network = try RandomModel(seed: seed).file.makeNetwork()
    var bank = StateBank(for: network, capacity: 4)
    let slots = (0..<4).map { _ in bank.open() }
    let frames = (0..<4 * network.inputs).map { Float($0 % 5) / 3 - 0.5 }
    var scores = [Float](repeating: 0, count: 4 * network.outputs)
    var steps = [Int64](repeating: 0, count: 4)
    func run(_ rounds: Range<Int>, _ bank: inout StateBank) {
      for n in rounds {
        for row in steps.indices { steps[row] = Int64(n) }
        _ = slots.withUnsafeBufferPointer {
          network.step(slots: $0, steps: steps, frames: frames, scores: &scores, bank: &bank)
        }
      }
    }
    run(0..<20, &bank)
    #expect(allocations { run(20..<220, &bank) } == 0)
  }

  @Test(.enabled(if: isOptimised), arguments: seeds)
  func `a run over many frames of a slot allocates nothing after the first`(seed: UInt64) throws {
    let network = try RandomModel(seed: seed).file.makeNetwork()
    guard let slotRun = SlotRun(network) else { return }
    var bank = StateBank(for: network)
    let slot = bank.open()
    let frames = (0..<40 * network.inputs).map { Float($0 % 5) / 3 - 0.5 }
    var isSound = true
    func run(_ rounds: Range<Int>, _ bank: inout StateBank) {
      for n in rounds where !slotRun.run(slot, from: Int64(40 * n), count: 40, frames: frames, bank: &bank) {
        isSound = false
      }
    }
    run(0..<3, &bank)
    #expect(allocations { run(3..<50, &bank) } == 0 && isSound)
  }

  @Test(arguments: seeds)
  func `windows allocate nothing after the first time`(seed: UInt64) throws {
    let evaluator = try RandomModel(seed: seed, .windowed(length: 32, isCausal: false)).file.makeEvaluator(windows: 3)
    let frames = (0..<3 * evaluator.floatsPerWindow).map { Float($0 % 7) / 4 - 0.8 }
    var scores = [Float](repeating: 0, count: 3 * evaluator.scoresPerWindow)
    evaluator.evaluate(count: 3, frames: frames, scores: &scores)
    #expect(allocations { for _ in 0..<10 { evaluator.evaluate(count: 3, frames: frames, scores: &scores) } } == 0)
  }
}
