import RunnelInference
import RunnelKernels
import Testing

@Suite struct FailedStepTests {
  @Test(arguments: Models.names, WeightPrecision.allCases)
  func `a step that fails leaves the old state and the other rows as they were`(
    name: String, precision: WeightPrecision
  ) throws {
    for bad in [Float.nan, .infinity, -.infinity] {
      try failing(Models.file(name).makeNetwork(precision: precision), bad)
    }
  }

  private func failing(_ network: Network, _ bad: Float) throws {
    var bank = StateBank(for: network)
    let slots = [bank.open(), bank.open(), bank.open()]
    func frame(_ n: Int, _ row: Int) -> [Float] {
      (0..<network.inputs).map { Float((n * 7 + row * 3 + $0) % 11) / 5 - 1 }
    }
    var scores = [Float](repeating: 0, count: 3 * network.outputs)
    var clean = StateBank(for: network)
    let reference = [clean.open(), clean.open(), clean.open()]
    for n in 0..<50 {
      let fails = n % 5 == 3
      var batch = frame(n, 0) + frame(n, 1) + frame(n, 2)
      if fails { batch[network.inputs] = bad }
      let before = bank.snapshot(slots[1])
      let failed = slots.withUnsafeBufferPointer {
        network.step(
          slots: $0, steps: [Int64](repeating: Int64(n), count: 3), frames: batch, scores: &scores, bank: &bank)
      }
      #expect(failed == (fails ? 1 : 0))
      #expect((0..<3).map { bank.failed(row: $0) } == [false, fails, false])
      if fails {
        #expect(bank.snapshot(slots[1]) == before)
        #expect(scores[network.outputs..<2 * network.outputs].allSatisfy { $0.isNaN })
      }
      for row in 0..<3 where !(fails && row == 1) {
        let alone = network.run(frame(n, row), slot: reference[row], bank: &clean)
        #expect(alone.elementsEqual(scores[row * network.outputs..<(row + 1) * network.outputs]))
      }
    }
    for row in 0..<3 { #expect(bank.snapshot(slots[row]) == clean.snapshot(reference[row])) }
  }

  @Test func `a score that overflows fails the row even where the state is finite`() throws {
    let bytes = try Models.edited(
      "conv-dilated",
      tensors: { $0.tensors[$0["3.weight"]].values = [Float](repeating: .greatestFiniteMagnitude, count: 5) })
    let network = try ModelFile(bytes: bytes).makeNetwork()
    var bank = StateBank(for: network)
    let slot = bank.open()
    #expect(network.run([1, 1], slot: slot, bank: &bank)[0].isNaN)
    #expect(bank.failed(row: 0) && bank.snapshot(slot).values.allSatisfy { $0 == 0 })
  }

  @Test func `a state that becomes NaN from a finite frame fails, and the slot goes on from where it was`() throws {
    let bytes = try Models.edited(
      "conv-lstm",
      tensors: { pieces in
        let weight = pieces["conv.weight"]
        for tap in stride(from: 8, to: 12 * 9, by: 9) { pieces.tensors[weight].values[tap] = 3e38 }
      })
    let network = try ModelFile(bytes: bytes).makeNetwork()
    var bank = StateBank(for: network)
    let slot = bank.open()
    _ = network.run([-0.5, 0, -1], slot: slot, bank: &bank)
    let kept = bank.snapshot(slot)
    #expect(network.run([4], slot: slot, bank: &bank).allSatisfy { $0.isNaN })
    #expect(bank.failed(row: 0) && bank.snapshot(slot) == kept)
    #expect(network.run([-0.5], slot: slot, bank: &bank).allSatisfy { $0.isFinite })
  }

  @Test func `a stored state of another model, or one that is not finite, is refused and changes nothing`() throws {
    let network = try Models.file("lstm-odd").makeNetwork()
    var bank = StateBank(for: network)
    let slot = bank.open()
    _ = network.run([1, 2, 3, 4], slot: slot, bank: &bank)
    let kept = bank.snapshot(slot)
    #expect(kept.values.count == 14)
    #expect(throws: StateError.count(expected: 14, found: 3)) {
      try bank.restore(NetworkState(values: [1, 2, 3]), into: slot)
    }
    var broken = kept
    broken.values[9] = .nan
    #expect(throws: StateError.nonFinite(index: 9)) { try bank.restore(broken, into: slot) }
    #expect(bank.snapshot(slot) == kept)
  }

  @Test func `a slot that was closed never answers again`() throws {
    let network = try Models.file("lstm-odd").makeNetwork()
    var bank = StateBank(for: network, capacity: 1)
    var other = StateBank(for: network, capacity: 1)
    let old = bank.open()
    bank.close(old)
    let new = bank.open()
    let elsewhere = other.open()
    #expect(!bank.isOpen(old) && bank.isOpen(new) && old != new)
    #expect(!bank.isOpen(elsewhere) && !other.isOpen(new))
  }

  @Test func `closing a slot twice stops the program`() async {
    await #expect(processExitsWith: .failure) {
      let network = try Models.file("lstm-odd").makeNetwork()
      var bank = StateBank(for: network)
      let slot = bank.open()
      bank.close(slot)
      bank.close(slot)
    }
  }

  @Test func `stepping a closed slot stops the program, though its number lives on`() async {
    await #expect(processExitsWith: .failure) {
      let network = try Models.file("lstm-odd").makeNetwork()
      var bank = StateBank(for: network, capacity: 1)
      let slot = bank.open()
      bank.close(slot)
      _ = bank.open()
      _ = network.run([1, 2], slot: slot, bank: &bank)
    }
  }

  @Test func `a slot twice in one batch stops the program`() async {
    await #expect(processExitsWith: .failure) {
      let network = try Models.file("lstm-odd").makeNetwork()
      var bank = StateBank(for: network)
      let slots = [bank.open()]
      var scores = [Float](repeating: 0, count: 6)
      _ = (slots + slots).withUnsafeBufferPointer {
        network.step(slots: $0, steps: [0, 0], frames: [1, 2, 3, 4], scores: &scores, bank: &bank)
      }
    }
  }
}
