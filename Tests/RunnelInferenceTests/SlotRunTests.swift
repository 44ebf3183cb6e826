import RunnelCore
import RunnelInference
import RunnelKernels
import Testing

/// Many frames of a slot at once are those frames one by one.
@Suite struct SlotRunTests {
  static let seeds: [UInt64] = Array(1...60)

  private static func frames(_ network: Network, _ steps: Int, seed: UInt64) -> [Float] {
    var random = SeededGenerator(seed: seed)
    return (0..<steps * network.inputs).map { _ in Float(random.uniform() * 4 - 2) }
  }

  private static func sameBits(_ a: [Float], _ b: [Float]) -> Bool { a.map(\.bitPattern) == b.map(\.bitPattern) }

  @Test func `most random models can be run so`() throws {
    let able = try Self.seeds.filter { SlotRun(try RandomModel(seed: $0).file.makeNetwork()) != nil }
    #expect(able.count > Self.seeds.count / 2, "the other tests say nothing of those that cannot")
  }

  @Test(arguments: seeds, WeightPrecision.allCases)
  func `runs and steps in any turn give the scores of steps alone, with the frames that bring them, and their state`(
    seed: UInt64, precision: WeightPrecision
  ) throws {
    let network = try RandomModel(seed: seed).file.makeNetwork(precision: precision)
    guard let run = SlotRun(network) else { return }
    let (count, width) = (300, network.inputs)
    let x = Self.frames(network, count, seed: seed)
    for first in [Int64(0), 7, 1 << 40] {
      var bank = StateBank(for: network)
      let (slot, alone) = (bank.open(), bank.open())
      var random = SeededGenerator(seed: seed)
      var n = 0
      while n < count {
        let many = min(count - n, 1 + random.below(SlotRun.most))
        let piece = Array(x[n * width..<(n + many) * width])
        let isRun = random.below(3) > 0
        var stepped: [Float] = []
        if isRun {
          #expect(run.run(slot, from: first + Int64(n), count: many, frames: piece, bank: &bank))
        } else {
          stepped = network.run(piece, from: first + Int64(n), slot: slot, bank: &bank)
        }
        var expected: [Float] = []
        for frame in 0..<many {
          let index = first + Int64(n + frame)
          let scores = network.run(
            Array(piece[frame * width..<(frame + 1) * width]), from: index, slot: alone, bank: &bank)
          if isRun { #expect(Self.sameBits(run.scores(ofFrame: index).map { Array($0) } ?? [], scores)) }
          expected += scores
        }
        #expect(isRun || Self.sameBits(stepped, expected))
        #expect(bank.snapshot(slot) == bank.snapshot(alone))
        n += many
      }
    }
  }

  @Test(arguments: seeds)
  func `a run with something that is not finite in it changes nothing`(seed: UInt64) throws {
    let network = try RandomModel(seed: seed).file.makeNetwork()
    guard let run = SlotRun(network) else { return }
    var x = Self.frames(network, 80, seed: seed)
    let width = network.inputs
    var bank = StateBank(for: network)
    let slot = bank.open()
    #expect(run.run(slot, from: 0, count: 40, frames: x, bank: &bank))
    let before = bank.snapshot(slot)
    for (frame, value) in [(0, Float.nan), (17, .infinity), (39, -.infinity)] {
      let place = (40 + frame) * width
      let kept = x[place]
      x[place] = value
      #expect(!run.run(slot, from: 40, count: 40, frames: Array(x[(40 * width)...]), bank: &bank))
      #expect(bank.snapshot(slot) == before)
      x[place] = kept
    }
    #expect(run.run(slot, from: 40, count: 40, frames: Array(x[(40 * width)...]), bank: &bank))
  }
}
