import RunnelCore
import RunnelKernels
import Testing

@Suite struct PrecisionTests {
  /// Even and odd columns of both matrices, one block, more than one.
  static let shapes = [(1, 1), (2, 7), (5, 16), (24, 33), (3, 70)]

  private func rounded(_ weights: CellWeights) -> CellWeights {
    var rounded = weights
    rounded.input = weights.input.map(WeightPrecision.bf16.rounded)
    rounded.recurrent = weights.recurrent.map(WeightPrecision.bf16.rounded)
    rounded.projection = weights.projection.map(WeightPrecision.bf16.rounded)
    return rounded
  }

  @Test func `a weight is rounded to the nearest bf16, ties to even, and stays finite`() {
    let rounded = WeightPrecision.bf16.rounded
    #expect(rounded(1) == 1 && rounded(-0.0).sign == .minus)
    #expect(rounded(0x1.01p0) == 1, "a tie, and 1 is even")
    #expect(rounded(0x1.03p0) == 0x1.04p0, "a tie, and 0x1.04 is even")
    #expect(rounded(0x1.0101p0) == 0x1.02p0)
    #expect(rounded(.greatestFiniteMagnitude) == 0x1.fep127)
    #expect(rounded(-.greatestFiniteMagnitude) == -0x1.fep127)
    #expect(rounded(.leastNonzeroMagnitude) == 0 && rounded(0x1p-133) == 0x1p-133)
    #expect(rounded(.nan).isNaN && rounded(.infinity) == .infinity)
    var random = SeededGenerator(seed: 1)
    for _ in 0..<10000 {
      let weight = Float(random.uniform() * 2 - 1)
      #expect(abs(rounded(weight) - weight) <= abs(weight) / 256)
      #expect(rounded(weight).bitPattern & 0xffff == 0)
    }
  }

  @Test(arguments: CellForm.all) func `bf16 weights give what the same weights give as float32, in every set`(
    form: CellForm
  ) {
    for (inputs, hidden) in Self.shapes {
      var random = SeededGenerator(seed: UInt64(inputs * hidden))
      let weights = CellWeights(form, inputs: inputs, hidden: hidden, seed: 30 + UInt64(hidden))
      let frames = LayerTests.values(20 * inputs, &random)
      let (y, c) = PackedCell(rounded(weights), .scalar).run(frames, inputs: inputs)
      for set in KernelSet.available {
        let (yHalf, cHalf) = PackedCell(weights, set, .bf16).run(frames, inputs: inputs)
        #expect(zip(y.joined(), yHalf.joined()).allSatisfy(sameBits), "\(set) \(inputs) × \(hidden)")
        #expect(zip(c[..<hidden], cHalf[..<hidden]).allSatisfy(sameBits), "\(set) \(inputs) × \(hidden)")
      }
    }
  }

  @Test(arguments: CellForm.all, KernelSet.available)
  func `a row of bf16 weights gives the same bits alone and in a batch`(form: CellForm, set: KernelSet) {
    for rows in [2, 3, 4, 5, 6, 13] {
      let (inputs, hidden) = (3, 40)
      let cell = PackedCell(CellWeights(form, inputs: inputs, hidden: hidden, seed: 9), set, .bf16)
      let x = CellTests.frames(rows * inputs, seed: 11)
      let (from, to) = ((0..<Int32(rows)).map { 2 * $0 }, (0..<Int32(rows)).map { 2 * $0 + 1 })
      let (h0, c0) = (
        CellTests.frames(2 * rows * cell.hStride, seed: 12), CellTests.frames(2 * rows * cell.cStride, seed: 13)
      )
      var (h, c) = (h0, c0)
      let y = cell.step(x, inputs: inputs, h: &h, c: &c, from: from, to: to)
      for row in 0..<rows {
        var ha = Array(h0[2 * row * cell.hStride..<(2 * row + 2) * cell.hStride])
        var ca = Array(c0[2 * row * cell.cStride..<(2 * row + 2) * cell.cStride])
        let alone = cell.step(
          Array(x[row * inputs..<(row + 1) * inputs]), inputs: inputs, h: &ha, c: &ca, from: [0], to: [1])
        #expect(zip(alone, y[(row * cell.hStride)...]).prefix(cell.outputs).allSatisfy(sameBits), "\(rows) rows")
      }
    }
  }

  @Test(arguments: [1, 16, 17, 33, 70], KernelSet.available)
  func `a linear layer of bf16 weights gives what the same weights give as float32`(outputs: Int, set: KernelSet) {
    var random = SeededGenerator(seed: UInt64(outputs))
    for inputs in [1, 2, 7, 24] {
      let weight = LayerTests.values(outputs * inputs, &random)
      let bias = LayerTests.values(outputs, &random)
      func layer(_ weight: [Float], _ precision: WeightPrecision, _ set: KernelSet) -> PackedLinear {
        PackedLinear(
          weight: weight, bias: bias, inputs: inputs, outputs: outputs, activation: .tanh, precision: precision,
          kernels: set)
      }
      let wide = layer(weight.map(WeightPrecision.bf16.rounded), .float32, .scalar)
      let half = layer(weight, .bf16, set)
      let stride = KernelSet.padded(outputs)
      for rows in [1, 2, 5, 8] {
        let x = LayerTests.values(rows * inputs, &random)
        var (a, b) = ([Float](repeating: 0, count: rows * stride), [Float](repeating: 0, count: rows * stride))
        wide.step(rows: rows, x, xStride: inputs, &a, yStride: stride)
        half.step(rows: rows, x, xStride: inputs, &b, yStride: stride)
        for row in 0..<rows {
          #expect(zip(a[(row * stride)...], b[(row * stride)...]).prefix(outputs).allSatisfy(sameBits))
        }
      }
    }
  }
}
