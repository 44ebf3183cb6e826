import RunnelCore
import RunnelKernels
import Testing

@Suite struct Int8Tests {
  static let sets = KernelSet.available
  /// Columns that fill their words of four and that do not, one block, more than one.
  static let shapes = [(1, 1), (2, 7), (5, 16), (24, 33), (3, 70)]

  /// A row of weights times a row of values as the header of CRunnelKernels states it, added to a sum: once more in plain
  /// Swift, of integers that cannot be too small.
  static func term(_ sum: Float, _ weights: [Float], _ x: [Float]) -> Float {
    let largest = weights.map(\.magnitude).max()!
    let size = x.map(\.magnitude).max()!
    let isNothing = size < 0x1p-119
    let (factor, scale): (Float, Float) = isNothing ? (0, 0) : (127 / size, size / 127)
    var products = 0
    for (w, x) in zip(weights, x) {
      // A product of two f32 is exact in f64.
      let q = (Double(x) * Double(factor)).rounded(.toNearestOrEven)
      let whole = largest > 0 ? (127 * Double(w) / Double(largest)).rounded(.toNearestOrEven) : 0
      #expect(abs(q) <= 127 && abs(whole) <= 127)
      products += Int(q) * Int(whole)
    }
    return sum.addingProduct(Float(products) * (largest / 127), scale)
  }

  @Test(arguments: CellForm.all, sets)
  func `a step with int8 weights is what the header states, bit for bit`(form: CellForm, set: KernelSet) {
    for (inputs, hidden) in Self.shapes {
      let weights = CellWeights(form, inputs: inputs, hidden: hidden, seed: 50 + UInt64(hidden))
      let reference = ReferenceCell<Float>(weights: weights.inUnits(.int8), act: Plain.activated, term: Self.term)
      let cell = PackedCell(weights, set, .int8)
      CellTests.expectStep(
        of: cell, weights, like: reference, x: CellTests.frames(inputs, seed: 7).map { $0 * 30 })
    }
  }

  @Test(arguments: CellForm.all)
  func `int8 weights give the same bits in every set, denormal and huge inputs too`(form: CellForm) {
    for (inputs, hidden) in Self.shapes {
      var random = SeededGenerator(seed: UInt64(inputs * hidden))
      let weights = CellWeights(form, inputs: inputs, hidden: hidden, seed: 80 + UInt64(hidden))
      let frames = LayerTests.values(20 * inputs, &random)
      let (y, c) = PackedCell(weights, .scalar, .int8).run(frames, inputs: inputs)
      for set in Self.sets {
        let (ySet, cSet) = PackedCell(weights, set, .int8).run(frames, inputs: inputs)
        #expect(zip(y.joined(), ySet.joined()).allSatisfy(sameBits), "\(set)")
        #expect(zip(c[..<hidden], cSet[..<hidden]).allSatisfy(sameBits), "\(set)")
      }
    }
  }

  @Test(arguments: [1, 16, 17, 33, 70], sets)
  func `a linear layer of int8 weights is what the header states, wherever its rows lie`(outputs: Int, set: KernelSet) {
    var random = SeededGenerator(seed: UInt64(outputs))
    let stride = KernelSet.padded(outputs)
    for inputs in [1, 3, 4, 7, 24, 70] {
      var weight = LayerTests.values(outputs * inputs, &random)
      for k in 0..<inputs where outputs > 2 { weight[inputs + k] = 0 }
      let bias = LayerTests.values(outputs, &random)
      let layer = PackedLinear(
        weight: weight, bias: bias, inputs: inputs, outputs: outputs, activation: .tanh, precision: .int8, kernels: set)
      for rows in [1, 2, 5, 8, 50] {
        // Four bytes behind where arrays begin.
        let x = LayerTests.values(1 + rows * inputs, &random)
        var y = [Float](repeating: 0, count: 1 + rows * stride)
        x.withUnsafeBufferPointer { x in
          y.withUnsafeMutableBufferPointer { y in
            layer.step(rows: rows, x.baseAddress! + 1, xStride: inputs, y.baseAddress! + 1, yStride: stride)
          }
        }
        for row in 0..<rows {
          let features = Array(x[1 + row * inputs..<1 + (row + 1) * inputs])
          for output in 0..<outputs {
            let sum = Self.term(bias[output], Array(weight[output * inputs..<(output + 1) * inputs]), features)
            #expect(sameBits(y[1 + row * stride + output], Plain.activated(.tanh, sum)))
          }
        }
      }
    }
  }

  @Test(arguments: sets) func `the longest sum of the largest products is exact`(set: KernelSet) {
    let inputs = WeightPrecision.int8.columnLimit
    for (weight, expected) in [(Float(1), 127 * 127 * inputs), (-1, -127 * 127 * inputs)] {
      let layer = PackedLinear(
        weight: [Float](repeating: weight, count: inputs), bias: [0.5], inputs: inputs, outputs: 1, activation: .none,
        precision: .int8, kernels: set)
      var y = [Float](repeating: 0, count: KernelSet.block)
      layer.step(rows: 1, [Float](repeating: 3, count: inputs), xStride: inputs, &y, yStride: KernelSet.block)
      #expect(y[0] == Float(0.5).addingProduct(Float(expected) * (1 / 127), 3 / 127))
    }
  }

  @Test(arguments: sets) func `a row that is nearly nothing counts as zeros`(set: KernelSet) {
    let layer = PackedLinear(
      weight: [1e30, -1e30], bias: [0.25], inputs: 2, outputs: 1, activation: .none, precision: .int8, kernels: set)
    var y = [Float](repeating: 0, count: 4 * KernelSet.block)
    layer.step(
      rows: 4, [0, -0.0, .leastNonzeroMagnitude, 0, 0, 0x0.fffp-119, 0x1p-119, 0], xStride: 2, &y,
      yStride: KernelSet.block)
    #expect((0..<3).allSatisfy { y[$0 * KernelSet.block] == 0.25 })
    #expect(y[3 * KernelSet.block] > 0.25)
  }

  @Test(arguments: CellForm.all, [Float.nan, .infinity, -.infinity])
  func `what is not finite in one row's frame makes that row NaN and no other`(form: CellForm, value: Float) {
    for set in Self.sets {
      let cell = PackedCell(CellWeights(form, inputs: 2, hidden: 18, seed: 14), set, .int8)
      var (h, c) = (CellTests.frames(6 * cell.hStride, seed: 15), CellTests.frames(6 * cell.cStride, seed: 16))
      let y = cell.step([1, 2, value, 1, 0, 1], inputs: 2, h: &h, c: &c, from: [0, 1, 2], to: [3, 4, 5])
      for row in 0..<3 {
        let units = y[row * cell.hStride..<row * cell.hStride + cell.outputs]
        #expect(row == 1 ? units.allSatisfy(\.isNaN) : units.allSatisfy(\.isFinite))
      }
    }
  }

  @Test func `int8 weights are whole numbers of a scale, ties to even`() {
    func rounded(_ weights: [Float]) -> [Float] { WeightPrecision.int8.rounded(weights) }
    #expect(rounded([127, 0.5, 1.5, -2.5, 126.6, -0.0]) == [127, 0, 2, -2, 127, 0])
    #expect(rounded([0, 0]) == [0, 0] && rounded([]) == [])
    #expect(rounded([1, .nan]).allSatisfy { $0.isNaN })
    var random = SeededGenerator(seed: 1)
    let weights = (0..<1000).map { _ in Float(random.uniform() * 2 - 1) }
    #expect(zip(weights, rounded(weights)).allSatisfy { abs($0 - $1) <= 1.001 / 254 })
  }

  /// With one feature its quantisation is exact, so that what is left are the weights and the units.
  @Test(arguments: CellForm.plain) func `int8 weights change the units of a cell by little`(form: CellForm) {
    let weights = CellWeights(form, inputs: 1, hidden: 64, seed: 23)
    let frames = CellTests.frames(200, seed: 24)
    let exact = PackedCell(weights, .best).run(frames, inputs: 1).y.joined()
    let near = PackedCell(weights, .best, .int8).run(frames, inputs: 1).y.joined()
    let largest = zip(exact, near).reduce(0) { max($0, abs($1.0 - $1.1)) }
    #expect(largest > 0 && largest < 0.03, "\(largest)")
  }
}
