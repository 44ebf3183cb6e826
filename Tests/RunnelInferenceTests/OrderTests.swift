import RunnelCore
import RunnelInference
import RunnelKernels
import Testing

/// Whatever the layers are: whole, in pieces, frame by frame and in any company a network gives the same bits.
@Suite struct OrderTests {
  static let seeds: [UInt64] = Array(1...60)

  private func frames(_ network: Network, _ steps: Int, seed: UInt64) -> [Float] {
    var random = SeededGenerator(seed: seed)
    return (0..<steps * network.inputs).map { _ in Float(random.uniform() * 4 - 2) }
  }

  private func part(_ x: [Float], _ range: Range<Int>, of network: Network) -> [Float] {
    Array(x[range.lowerBound * network.inputs..<range.upperBound * network.inputs])
  }

  private func sameBits(_ a: [Float], _ b: [Float]) -> Bool { a.map(\.bitPattern) == b.map(\.bitPattern) }

  @Test(arguments: seeds)
  func `layer by layer, in pieces and frame by frame are one, in scores and states`(seed: UInt64) throws {
    let network = try RandomModel(seed: seed).file.makeNetwork()
    let x = frames(network, 90, seed: seed)
    for first in [Int64(0), 7, 1 << 40] {
      var state = network.initialState
      let whole = try #require(network.whole(x, from: first, state: &state))
      var bank = StateBank(for: network, capacity: 1)
      let slot = bank.open()
      let stepped = network.run(x, from: first, slot: slot, bank: &bank)
      #expect(sameBits(whole, stepped) && bank.snapshot(slot) == state)
      var pieces: [Float] = []
      var carried = network.initialState
      var random = SeededGenerator(seed: seed)
      var n = 0
      while n < 90 {
        let end = min(90, n + 1 + random.below(20))
        let piece = part(x, n..<end, of: network)
        if random.below(2) == 0 {
          pieces += try #require(network.whole(piece, from: first + Int64(n), state: &carried))
        } else {
          let other = bank.open()
          try bank.restore(carried, into: other)
          pieces += network.run(piece, from: first + Int64(n), slot: other, bank: &bank)
          carried = bank.snapshot(other)
          bank.close(other)
        }
        n = end
      }
      #expect(sameBits(pieces, whole) && carried == state)
    }
  }

  @Test(arguments: seeds)
  func `frames that are lost between two pieces change nothing of that`(seed: UInt64) throws {
    let network = try RandomModel(seed: seed).file.makeNetwork()
    let x = frames(network, 60, seed: seed)
    for (cut, lost) in [(3, 1), (11, 5), (24, 3), (25, 40)] {
      var bank = StateBank(for: network)
      let slot = bank.open()
      var stepped = network.run(part(x, 0..<cut, of: network), slot: slot, bank: &bank)
      stepped += network.run(part(x, cut..<60, of: network), from: Int64(cut + lost), slot: slot, bank: &bank)
      var state = network.initialState
      var whole = try #require(network.whole(part(x, 0..<cut, of: network), state: &state))
      whole += try #require(network.whole(part(x, cut..<60, of: network), from: Int64(cut + lost), state: &state))
      #expect(sameBits(whole, stepped) && bank.snapshot(slot) == state)
    }
  }

  @Test(arguments: seeds)
  func `outputs come with the frames of the grid, and only after enough of them`(seed: UInt64) throws {
    let network = try RandomModel(seed: seed).file.makeNetwork()
    let x = frames(network, 60, seed: seed)
    for start in 0..<8 {
      var bank = StateBank(for: network)
      let slots = [bank.open()]
      var scores = [Float](repeating: 0, count: network.outputs)
      for n in 0..<60 {
        let grid = Int64(start + n)
        _ = slots.withUnsafeBufferPointer {
          network.step(slots: $0, steps: [grid], frames: part(x, n..<n + 1, of: network), scores: &scores, bank: &bank)
        }
        // Without losses an output needs all frames from the place it speaks of on.
        let isDue = network.time.output(atFrame: grid).map { $0 * network.time.stride >= Int64(start) } ?? false
        #expect(bank.outcome(row: 0) == (isDue ? .scores : .none), "frame \(n) of a start at \(start)")
        #expect(scores.allSatisfy { $0.isFinite == isDue })
      }
    }
  }

  @Test(arguments: seeds)
  func `a reset in the middle is a fresh start on the same grid`(seed: UInt64) throws {
    let network = try RandomModel(seed: seed).file.makeNetwork()
    let x = frames(network, 80, seed: seed)
    var bank = StateBank(for: network)
    let (old, fresh) = (bank.open(), bank.open())
    _ = network.run(part(x, 0..<37, of: network), slot: old, bank: &bank)
    bank.reset(old)
    #expect(bank.snapshot(old) == network.initialState)
    let rest = part(x, 37..<80, of: network)
    #expect(
      sameBits(
        network.run(rest, from: 37, slot: old, bank: &bank), network.run(rest, from: 37, slot: fresh, bank: &bank)))
    #expect(bank.snapshot(old) == bank.snapshot(fresh))
  }

  @Test(arguments: seeds)
  func `lanes that join, leave and fail in one batch keep their bits`(seed: UInt64) throws {
    let network = try RandomModel(seed: seed).file.makeNetwork()
    struct Lane {
      var slot: Slot
      var x: [Float]
      var start: Int
      var next = 0
      var scores: [Float] = []
    }
    var random = SeededGenerator(seed: seed)
    var bank = StateBank(for: network, capacity: 1)
    var lanes: [Lane] = []
    for round in 0..<120 {
      if lanes.count < 6, random.below(4) == 0 {
        lanes.append(
          Lane(slot: bank.open(), x: frames(network, 120, seed: UInt64(round)), start: random.below(9)))
      }
      var ready = lanes.indices.filter { _ in random.below(3) > 0 }
      ready.shuffle(using: &random)
      let fails = ready.map { _ in random.below(6) == 0 }
      var batch: [Float] = []
      for (index, fails) in zip(ready, fails) {
        var frame = part(lanes[index].x, lanes[index].next..<lanes[index].next + 1, of: network)
        if fails { frame[random.below(frame.count)] = random.below(2) == 0 ? .nan : .infinity }
        batch += frame
      }
      let states = ready.map { bank.snapshot(lanes[$0].slot) }
      let slots = ready.map { lanes[$0].slot }
      let steps = ready.map { Int64(lanes[$0].start + lanes[$0].next) }
      var scores = [Float](repeating: 0, count: ready.count * network.outputs)
      let failed = slots.withUnsafeBufferPointer {
        network.step(slots: $0, steps: steps, frames: batch, scores: &scores, bank: &bank)
      }
      #expect(failed == fails.filter { $0 }.count)
      for (row, index) in ready.enumerated() {
        if fails[row] {
          #expect(bank.outcome(row: row) == .failed && bank.snapshot(lanes[index].slot) == states[row])
          continue
        }
        lanes[index].next += 1
        guard bank.outcome(row: row) == .scores else { continue }
        lanes[index].scores += scores[row * network.outputs..<(row + 1) * network.outputs]
      }
    }
    for lane in lanes {
      var alone = StateBank(for: network)
      let slot = alone.open()
      let expected = network.run(
        part(lane.x, 0..<lane.next, of: network), from: Int64(lane.start), slot: slot, bank: &alone)
      #expect(sameBits(expected, lane.scores) && alone.snapshot(slot) == bank.snapshot(lane.slot))
    }
  }

  @Test(arguments: seeds)
  func `every kernel set gives the same bits`(seed: UInt64) throws {
    let model = try RandomModel(seed: seed).file
    let results = KernelSet.allCases.filter(\.isAvailable).map { set -> ([Float], NetworkState) in
      let network = model.makeNetwork(kernels: set)
      var bank = StateBank(for: network)
      let slot = bank.open()
      return (network.run(frames(network, 60, seed: seed), slot: slot, bank: &bank), bank.snapshot(slot))
    }
    #expect(results.allSatisfy { sameBits($0.0, results[0].0) && $0.1 == results[0].1 })
  }

  @Test(arguments: seeds)
  func `a state goes out by names and in again as if it had stayed`(seed: UInt64) throws {
    let network = try RandomModel(seed: seed).file.makeNetwork()
    let x = frames(network, 40, seed: seed)
    var state = network.initialState
    _ = network.whole(x, state: &state)
    let arrays = state.named(network.layout)
    let again = try NetworkState(named: arrays.reversed(), layout: network.layout)
    #expect(again == state)
    #expect(Set(arrays.map(\.name)).count == arrays.count)
  }

  // MARK: windows

  @Test(arguments: seeds)
  func `windows together, alone and stepped side by side are one`(seed: UInt64) throws {
    let model = try RandomModel(seed: seed, .windowed(length: 40, isCausal: true)).file
    let network = model.makeNetwork()
    #expect(model.description.stepsSideBySide)
    let x = frames(network, 5 * 40, seed: seed)
    let together = model.makeEvaluator(windows: 5).evaluate(x)
    #expect(together.allSatisfy { $0.isFinite })
    #expect(sameBits(model.makeEvaluator(windows: 1).evaluate(x), together))
    #expect(sameBits(model.makeEvaluator(windows: 3).evaluate(x), together))
    var bank = StateBank(for: network)
    var stepped: [Float] = []
    for window in 0..<5 {
      let slot = bank.open()
      stepped += network.run(part(x, window * 40..<(window + 1) * 40, of: network), slot: slot, bank: &bank)
    }
    #expect(sameBits(stepped, together))
  }

  @Test(arguments: seeds)
  func `windows that look at their end are one together and alone, and one that fails is alone in it`(
    seed: UInt64
  ) throws {
    let model = try RandomModel(seed: seed, .windowed(length: 24, isCausal: false)).file
    let evaluator = model.makeEvaluator(windows: 4)
    var x = frames(model.makeNetwork(), 4 * 24, seed: seed)
    let together = evaluator.evaluate(x)
    #expect(together.allSatisfy { $0.isFinite })
    #expect(sameBits(model.makeEvaluator(windows: 1).evaluate(x), together))
    x[evaluator.floatsPerWindow + 5] = .nan
    let broken = evaluator.evaluate(x)
    #expect((0..<4).map { evaluator.failed(window: $0) } == [false, true, false, false])
    let size = evaluator.scoresPerWindow
    #expect(broken[size..<2 * size].allSatisfy { $0.isNaN })
    #expect(
      sameBits(Array(broken[..<size] + broken[(2 * size)...]), Array(together[..<size] + together[(2 * size)...])))
  }
}
