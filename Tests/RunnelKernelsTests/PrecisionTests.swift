import RunnelCore
import RunnelKernels
import Testing

@Suite struct PrecisionTests {
  /// Even and odd columns of both matrices, one block, more than one.
  static let shapes = [(1, 1), (2, 7), (5, 16), (24, 33), (3, 70)]

  private func rounded(_ weights: CellWeights) -> CellWeights {
    var rounded = weights
    rounded.input = WeightPrecision.bf16.rounded(weights.input)
    rounded.recurrent = WeightPrecision.bf16.rounded(weights.recurrent)
    rounded.projection = WeightPrecision.bf16.rounded(weights.projection)
    return rounded
  }

  @Test func `a weight is rounded to the nearest bf16, ties to even, and stays finite`() {
    func rounded(_ weight: Float) -> Float { WeightPrecision.bf16.rounded([weight])[0] }
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

  @Test(arguments: CellForm.all, KernelSet.available)
  func `a step with bf16 weights has the order that the header states, bit for bit`(form: CellForm, set: KernelSet) {
    for (inputs, hidden) in Self.shapes {
      let weights = CellWeights(form, inputs: inputs, hidden: hidden, seed: 60 + UInt64(hidden))
      let reference = ReferenceCell<Float>(
        weights: rounded(weights).inUnits(.bf16), act: Plain.activated, factor: { Float(SumQuotient.factor($0)) })
      CellTests.expectStep(
        of: PackedCell(weights, set, .bf16), weights, like: reference, x: CellTests.frames(inputs, seed: 7))
    }
  }

  @Test(arguments: CellForm.all)
  func `bf16 weights give the same bits in every set, and nearly what the same weights give as float32`(form: CellForm)
  {
    for (inputs, hidden) in Self.shapes {
      var random = SeededGenerator(seed: UInt64(inputs * hidden))
      let weights = CellWeights(form, inputs: inputs, hidden: hidden, seed: 30 + UInt64(hidden))
      let wild = LayerTests.values(20 * inputs, &random), tame = CellTests.frames(20 * inputs, seed: 31)
      let (y, c) = PackedCell(weights, .scalar, .bf16).run(wild, inputs: inputs)
      for set in KernelSet.available {
        let (yHalf, cHalf) = PackedCell(weights, set, .bf16).run(wild, inputs: inputs)
        #expect(zip(y.joined(), yHalf.joined()).allSatisfy(sameBits), "\(set) \(inputs) × \(hidden)")
        #expect(zip(c[..<hidden], cHalf[..<hidden]).allSatisfy(sameBits), "\(set) \(inputs) × \(hidden)")
      }
      let half = PackedCell(weights, .best, .bf16).run(tame, inputs: inputs).y.joined()
      let whole = PackedCell(rounded(weights), .best).run(tame, inputs: inputs).y.joined()
      #expect(zip(half, whole).allSatisfy { abs($0 - $1) <= 1e-5 }, "\(inputs) × \(hidden)")
    }
  }

  /// Every tile, a batch of several chunks, and rows so long that of int8 features a chunk holds few of them.
  static let batches = [2, 3, 4, 5, 6, 13].map { (3, 40, $0) } + [(2, 16, 103), (3100, 5, 11), (9000, 2, 3)]

  @Test(arguments: CellForm.all, batches)
  func `a row of reduced weights gives the same bits alone and in a batch`(
    form: CellForm, batch: (inputs: Int, hidden: Int, rows: Int)
  ) {
    let (inputs, hidden, rows) = batch
    for (precision, set) in [WeightPrecision.bf16, .int8].flatMap({ p in KernelSet.available.map { (p, $0) } }) {
      guard set != .scalar || inputs < 10 else { continue }
      let cell = PackedCell(CellWeights(form, inputs: inputs, hidden: hidden, seed: 9), set, precision)
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
        let new = (2 * row + 1) * cell.hStride
        #expect(zip(alone, y[(row * cell.hStride)...]).prefix(cell.outputs).allSatisfy(sameBits), "\(set)")
        #expect(zip(alone, h[new...]).prefix(cell.outputs).allSatisfy(sameBits), "\(set)")
        guard form.hasCellState else { continue }
        #expect(
          zip(ca[cell.cStride...], c[((2 * row + 1) * cell.cStride)...]).prefix(hidden).allSatisfy(sameBits), "\(set)")
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
      let wide = layer(WeightPrecision.bf16.rounded(weight), .float32, .scalar)
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
