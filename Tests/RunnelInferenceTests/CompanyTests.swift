import RunnelCore
import RunnelInference
import RunnelKernels
import Testing

/// Law 2: which lanes share a batch, and which lane a slot held before, never changes a lane's bits.
@Suite struct CompanyTests {
  private func frames(_ network: Network, _ steps: Int, seed: UInt64) -> [Float] {
    var random = SeededGenerator(seed: seed)
    return (0..<steps * network.inputs).map { _ in Float(random.uniform() * 6 - 3) }
  }

  private func sameBits(_ a: [Float], _ b: [Float]) -> Bool { a.map(\.bitPattern) == b.map(\.bitPattern) }

  /// A lane with all it will see, where it stands, and what it was given.
  private struct Lane {
    var seed: UInt64
    var slot: Slot
    var next = 0
    var scores: [Float] = []
  }

  @Test(arguments: Models.names, WeightPrecision.allCases)
  func `joins, leaves, slot reuse and batches of any size leave every lane its bits`(
    name: String, precision: WeightPrecision
  ) throws {
    let network = try Models.file(name).makeNetwork(precision: precision)
    var random = SeededGenerator(seed: 5)
    var bank = StateBank(for: network, capacity: 1)
    var lanes: [Lane] = []
    var finished: [Lane] = []
    var seeds: UInt64 = 100
    for _ in 0..<300 {
      if lanes.count < 9, random.below(4) == 0 {
        lanes.append(Lane(seed: seeds, slot: bank.open()))
        seeds += 1
      }
      if !lanes.isEmpty, random.below(25) == 0 {
        let lane = lanes.remove(at: random.below(lanes.count))
        bank.close(lane.slot)
        finished.append(lane)
      }
      var ready = lanes.indices.filter { _ in random.below(3) > 0 }
      ready.shuffle(using: &random)
      let slots = ready.map { lanes[$0].slot }
      let steps = ready.map { Int64(lanes[$0].next) }
      var input: [Float] = []
      for index in ready {
        let all = frames(network, 300, seed: lanes[index].seed)
        input += all[lanes[index].next * network.inputs..<(lanes[index].next + 1) * network.inputs]
        lanes[index].next += 1
      }
      var scores = [Float](repeating: 0, count: ready.count * network.outputs)
      let failed = slots.withUnsafeBufferPointer {
        network.step(slots: $0, steps: steps, frames: input, scores: &scores, bank: &bank)
      }
      #expect(failed == 0)
      for (row, index) in ready.enumerated() {
        lanes[index].scores += scores[row * network.outputs..<(row + 1) * network.outputs]
      }
    }
    #expect(finished.count > 3 && bank.openCount == lanes.count)
    for lane in finished + lanes {
      var alone = StateBank(for: network)
      let slot = alone.open()
      let expected = network.run(
        Array(frames(network, 300, seed: lane.seed)[..<(lane.next * network.inputs)]), slot: slot, bank: &alone)
      #expect(sameBits(expected, lane.scores))
      if bank.isOpen(lane.slot) { #expect(bank.snapshot(lane.slot) == alone.snapshot(slot)) }
    }
  }

  @Test(arguments: Models.names, WeightPrecision.allCases)
  func `a snapshot restored elsewhere goes on as if nothing had happened`(
    name: String, precision: WeightPrecision
  ) throws {
    let network = try Models.file(name).makeNetwork(precision: precision)
    let x = frames(network, 120, seed: 3)
    var bank = StateBank(for: network, capacity: 2)
    let whole = bank.open()
    let expected = network.run(x, slot: whole, bank: &bank)
    for cut in 0...20 {
      let first = bank.open()
      var scores = network.run(Array(x[..<(cut * network.inputs)]), slot: first, bank: &bank)
      let state = bank.snapshot(first)
      bank.close(first)
      var other = StateBank(for: network, capacity: 1)
      let second = other.open()
      _ = network.run(frames(network, 7, seed: 99), slot: second, bank: &other)
      try other.restore(state, into: second)
      #expect(other.snapshot(second) == state)
      scores += network.run(Array(x[(cut * network.inputs)...]), slot: second, bank: &other)
      #expect(sameBits(scores, expected), "cut at \(cut)")
      #expect(other.snapshot(second) == bank.snapshot(whole))
    }
  }

  @Test(arguments: Models.names)
  func `both kernel sets give the same scores and states`(name: String) throws {
    let model = try Models.file(name)
    var results: [([Float], NetworkState)] = []
    for set in KernelSet.allCases where set.isAvailable {
      let network = model.makeNetwork(kernels: set)
      var bank = StateBank(for: network)
      let slot = bank.open()
      results.append((network.run(frames(network, 200, seed: 8), slot: slot, bank: &bank), bank.snapshot(slot)))
    }
    #expect(results.allSatisfy { sameBits($0.0, results[0].0) && $0.1 == results[0].1 })
  }

  @Test func `a reset slot is a new one, and its neighbour feels nothing`() throws {
    let network = try Models.file("conv-lstm").makeNetwork()
    var bank = StateBank(for: network)
    let (a, b) = (bank.open(), bank.open())
    let x = frames(network, 40, seed: 4)
    let fresh = network.run(x, slot: a, bank: &bank)
    _ = network.run(x, slot: b, bank: &bank)
    let kept = bank.snapshot(b)
    bank.reset(a)
    #expect(bank.snapshot(a).values.allSatisfy { $0 == 0 } && bank.snapshot(b) == kept)
    #expect(sameBits(network.run(x, slot: a, bank: &bank), fresh))
  }

  @Test func `an empty batch and an empty run do nothing`() throws {
    let network = try Models.file("conv-lstm").makeNetwork()
    var bank = StateBank(for: network)
    let slot = bank.open()
    var scores: [Float] = [7]
    #expect(
      network.step(
        slots: UnsafeBufferPointer(start: nil, count: 0), steps: [0], frames: [0], scores: &scores, bank: &bank) == 0)
    #expect(network.run([], slot: slot, bank: &bank).isEmpty && scores == [7])
    #expect(bank.snapshot(slot).values.allSatisfy { $0 == 0 })
  }
}
