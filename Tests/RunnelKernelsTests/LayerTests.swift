import RunnelCore
import RunnelKernels
import Testing

/// The stated order of every sum, once more in plain Swift: what the kernels must give bit for bit.
enum Plain {
  static func activated(_ kind: Activation, _ x: Float) -> Float {
    var y: Float = 0
    withUnsafePointer(to: x) { KernelSet.scalar.activate(kind, 1, $0, &y) }
    return y
  }

  static func chain(_ bias: Float, _ terms: [(weight: Float, x: Float)]) -> Float {
    terms.reduce(bias) { $0.addingProduct($1.x, $1.weight) }
  }

  /// The sum of a layer of one gate and so many outputs, in its chains.
  static func sum(_ bias: Float, _ terms: [(weight: Float, x: Float)], outputs: Int) -> Float {
    let count = outputs <= 16 ? 4 : outputs <= 32 ? 2 : 1
    let chains = (0..<count).map { c in
      chain(c == 0 ? bias : 0, stride(from: c, to: terms.count, by: count).map { terms[$0] })
    }
    return switch count {
    case 4: (chains[0] + chains[1]) + (chains[2] + chains[3])
    case 2: chains[0] + chains[1]
    default: chains[0]
    }
  }
}

@Suite struct LayerTests {
  /// Odd sizes, whole blocks, and one more than a block.
  static let sizes = [1, 3, 7, 16, 33, 64]
  static let sets = KernelSet.available

  static func values(_ count: Int, _ random: inout SeededGenerator, scale: Double = 1) -> [Float] {
    (0..<count).map { index in
      switch random.below(40) {
      case 0: Float(random.uniform() * 1e-41)
      case 1: Float((random.uniform() - 0.5) * 1e18)
      case 2: -0.0
      default: Float((random.uniform() - 0.5) * 2 * scale)
      }
    }
  }

  @Test(arguments: sizes, sets)
  func `linear sums bias and inputs in the order that the header states`(size: Int, set: KernelSet) {
    var random = SeededGenerator(seed: UInt64(size))
    for inputs in [1, 5, 24] {
      let rows = 3
      let weight = Self.values(size * inputs, &random)
      let bias = Self.values(size, &random)
      let x = Self.values(rows * inputs, &random)
      for activation in [Activation.none, .relu, .tanh, .sigmoid, Activation(.leakyRelu), Activation(.gelu)] {
        let layer = PackedLinear(
          weight: weight, bias: bias, inputs: inputs, outputs: size, activation: activation, kernels: set)
        let stride = KernelSet.padded(size)
        var y = [Float](repeating: 0, count: rows * stride)
        layer.step(rows: rows, x, xStride: inputs, &y, yStride: stride)
        for row in 0..<rows {
          for output in 0..<size {
            let sum = Plain.sum(
              bias[output], (0..<inputs).map { (weight[output * inputs + $0], x[row * inputs + $0]) }, outputs: size)
            #expect(sameBits(y[row * stride + output], Plain.activated(activation, sum)))
          }
        }
      }
    }
  }

  @Test(arguments: sizes)
  func `an LSTM gives the same bits in every set over a thousand steps`(size: Int) {
    var random = SeededGenerator(seed: 900 + UInt64(size))
    let inputs = 1 + random.below(8)
    let wih = Self.values(4 * size * inputs, &random, scale: 0.5)
    let whh = Self.values(4 * size * size, &random, scale: 0.5)
    let bias = Self.values(4 * size, &random)
    let frames = Self.values(1000 * inputs, &random)
    func run(_ set: KernelSet) -> [Float] {
      let layer = PackedLSTM(
        inputWeight: wih, hiddenWeight: whh, bias: bias, inputs: inputs, hidden: size, kernels: set)
      var h = [Float](repeating: 0, count: 2 * layer.hStride)
      var c = h
      var y = [Float](repeating: 0, count: layer.hStride)
      var scratch: [Float] = [0]
      var all: [Float] = []
      for n in 0..<(size > 16 ? 100 : 1000) {
        let (from, to): (Int32, Int32) = n % 2 == 0 ? (0, 1) : (1, 0)
        frames.withUnsafeBufferPointer {
          layer.step(
            rows: 1, $0.baseAddress! + n * inputs, xStride: inputs, h: &h, c: &c, from: [from], to: [to],
            scratch: &scratch, &y, yStride: layer.hStride)
        }
        all += y
      }
      return all + c
    }
    let reference = run(.scalar)
    for set in Self.sets { #expect(zip(reference, run(set)).allSatisfy(sameBits), "\(set)") }
  }

  @Test(arguments: sets, [33, 70, 130])
  func `a row gives the same bits alone and in a batch of any size`(set: KernelSet, outputs: Int) {
    var random = SeededGenerator(seed: 12)
    let layer = PackedLinear(
      weight: Self.values(outputs * 9, &random), bias: Self.values(outputs, &random), inputs: 9, outputs: outputs,
      activation: .tanh, kernels: set)
    let stride = KernelSet.padded(outputs)
    for rows in Array(2...14) + [49, 101] {
      let x = Self.values(rows * 9, &random)
      var batch = [Float](repeating: 0, count: rows * stride)
      layer.step(rows: rows, x, xStride: 9, &batch, yStride: stride)
      for row in 0..<rows {
        var alone = [Float](repeating: 0, count: stride)
        layer.step(rows: 1, Array(x[row * 9..<row * 9 + 9]), xStride: 9, &alone, yStride: stride)
        #expect(zip(alone, batch[row * stride..<(row + 1) * stride]).prefix(outputs).allSatisfy(sameBits))
      }
    }
    var none: [Float] = []
    layer.step(rows: 0, [], xStride: 9, &none, yStride: stride)
  }
}
