import RunnelCore
import RunnelKernels
import Testing

/// A step in two halves: what does not wait for h of many frames at once, then the rest frame by frame.
@Suite struct HalvesTests {
  /// Inputs, hidden units and frames: every tile of one row, several blocks, and more frames than a chunk has rows.
  static let shapes = [(1, 1, 3), (1, 7, 6), (5, 16, 11), (24, 33, 7), (17, 64, 5), (70, 20, 60), (3, 130, 9)]

  @Test(arguments: CellForm.all, KernelSet.available)
  func `a step in two halves has the bits of a whole one`(form: CellForm, set: KernelSet) {
    for precision in WeightPrecision.allCases {
      for (inputs, hidden, frames) in Self.shapes {
        let cell = PackedCell(CellWeights(form, inputs: inputs, hidden: hidden, seed: 31), set, precision)
        let x = CellTests.frames(frames * inputs, seed: 32)
        var (h, c) = (CellTests.frames(2 * cell.hStride, seed: 33), CellTests.frames(2 * cell.cStride, seed: 34))
        var (hHalves, cHalves) = (h, c)
        let sums = cell.begin(x, inputs: inputs)
        for n in 0..<frames {
          let (from, to) = n % 2 == 0 ? (Int32(0), Int32(1)) : (1, 0)
          let y = cell.step(
            Array(x[n * inputs..<(n + 1) * inputs]), inputs: inputs, h: &h, c: &c, from: [from], to: [to])
          let row = sums[n * cell.sumsPerRow..<(n + 1) * cell.sumsPerRow]
          let yHalves = cell.finish(row, h: &hHalves, c: &cHalves, from: from, to: to)
          #expect(zip(y, yHalves).prefix(cell.outputs).allSatisfy(sameBits), "frame \(n) of \(inputs) × \(hidden)")
        }
        for row in 0..<2 {
          let (first, units) = (row * cell.hStride, row * cell.cStride)
          #expect(zip(h[first...], hHalves[first...]).prefix(cell.outputs).allSatisfy(sameBits))
          #expect(zip(c[units...], cHalves[units...]).prefix(hidden).allSatisfy(sameBits))
        }
      }
    }
  }

  @Test(arguments: CellForm.all, WeightPrecision.allCases)
  func `what is begun has the same bits in every set, denormal and huge inputs too`(
    form: CellForm, precision: WeightPrecision
  ) {
    for (inputs, hidden, frames) in Self.shapes {
      var random = SeededGenerator(seed: UInt64(inputs + hidden))
      let weights = CellWeights(form, inputs: inputs, hidden: hidden, seed: 35)
      let x = LayerTests.values(frames * inputs, &random)
      let sums = PackedCell(weights, .scalar, precision).begin(x, inputs: inputs)
      for set in KernelSet.available {
        #expect(zip(sums, PackedCell(weights, set, precision).begin(x, inputs: inputs)).allSatisfy(sameBits), "\(set)")
      }
    }
  }
}
