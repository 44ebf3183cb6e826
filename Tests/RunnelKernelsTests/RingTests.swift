import RunnelCore
import RunnelKernels
import Testing

@Suite struct RingTests {
  static let sets = KernelSet.available

  struct Shape: Sendable {
    var inputs, outputs, kernel, dilation, groups: Int
  }

  /// One group, groups that fill a block, groups that share one and cross its end, depthwise with one and two outputs.
  static let shapes = [
    Shape(inputs: 1, outputs: 1, kernel: 1, dilation: 1, groups: 1),
    Shape(inputs: 1, outputs: 24, kernel: 15, dilation: 1, groups: 1),
    Shape(inputs: 3, outputs: 7, kernel: 4, dilation: 2, groups: 1),
    Shape(inputs: 2, outputs: 33, kernel: 3, dilation: 5, groups: 1),
    Shape(inputs: 4, outputs: 32, kernel: 3, dilation: 1, groups: 2),
    Shape(inputs: 6, outputs: 9, kernel: 2, dilation: 3, groups: 3),
    Shape(inputs: 9, outputs: 36, kernel: 3, dilation: 1, groups: 3),
    Shape(inputs: 19, outputs: 19, kernel: 5, dilation: 2, groups: 19),
    Shape(inputs: 5, outputs: 10, kernel: 3, dilation: 1, groups: 5),
  ]

  /// Pushes frame n of `x` into ring `slot` of `rings`, at place n mod ring.
  static func push(
    _ x: [Float], _ n: Int, width: Int, into rings: inout [Float], ring: Int, slot: Int, _ set: KernelSet
  ) {
    x.withUnsafeBufferPointer {
      set.push(
        rows: 1, $0.baseAddress! + n * width, xStride: width, width: width, rings: &rings, ring: ring,
        slot: [Int32(slot)], at: [Int32(n % ring)])
    }
  }

  @Test(arguments: shapes, sets)
  func `a convolution over a ring equals one over the whole past, group by group`(shape: Shape, set: KernelSet) {
    var random = SeededGenerator(seed: 7)
    let (inputs, outputs, kernel) = (shape.inputs, shape.outputs, shape.kernel)
    let features = inputs / shape.groups
    let weight = LayerTests.values(outputs * features * kernel, &random)
    let bias = LayerTests.values(outputs, &random)
    let layer = PackedConv(
      weight: weight, bias: bias, inputs: inputs, outputs: outputs, kernel: kernel, dilation: shape.dilation,
      groups: shape.groups, activation: .relu, kernels: set)
    let steps = 2 * layer.ring + 3
    let x = LayerTests.values(steps * inputs, &random)
    let slot = 2
    var rings = [Float](repeating: 0, count: 3 * layer.ring * inputs)
    var y = [Float](repeating: 0, count: KernelSet.padded(outputs))
    for n in 0..<steps {
      Self.push(x, n, width: inputs, into: &rings, ring: layer.ring, slot: slot, set)
      layer.step(rows: 1, rings: rings, slot: [Int32(slot)], at: [Int32(n % layer.ring)], &y, yStride: 0)
      for output in 0..<outputs {
        let group = output / (outputs / shape.groups)
        var terms: [(weight: Float, x: Float)] = []
        for tap in 0..<kernel {
          let past = n - (kernel - 1 - tap) * shape.dilation
          for k in 0..<features {
            let feature = past < 0 ? 0 : x[past * inputs + group * features + k]
            terms.append((weight[(output * features + k) * kernel + tap], feature))
          }
        }
        let sum =
          shape.groups == 1
          ? Plain.sum(bias[output], terms, outputs: outputs) : Plain.chain(bias[output], terms)
        #expect(sameBits(y[output], Plain.activated(.relu, sum)))
      }
    }
    #expect(rings[..<(slot * layer.ring * inputs)].allSatisfy { $0 == 0 }, "other slots are untouched")
  }

  @Test(arguments: shapes)
  func `a convolution gives a row the same bits alone and in a batch`(shape: Shape) {
    var random = SeededGenerator(seed: 8)
    let features = shape.inputs / shape.groups
    let layer = PackedConv(
      weight: LayerTests.values(shape.outputs * features * shape.kernel, &random),
      bias: LayerTests.values(shape.outputs, &random), inputs: shape.inputs, outputs: shape.outputs,
      kernel: shape.kernel, dilation: shape.dilation, groups: shape.groups, activation: .none, kernels: .best)
    let rings = LayerTests.values(4 * layer.ring * shape.inputs, &random)
    let slot: [Int32] = [3, 0, 2]
    let at = slot.map { _ in Int32(random.below(layer.ring)) }
    let stride = KernelSet.padded(shape.outputs)
    var batch = [Float](repeating: 0, count: 3 * stride)
    layer.step(rows: 3, rings: rings, slot: slot, at: at, &batch, yStride: stride)
    for row in 0..<3 {
      var alone = [Float](repeating: 0, count: stride)
      layer.step(rows: 1, rings: rings, slot: [slot[row]], at: [at[row]], &alone, yStride: stride)
      #expect(zip(alone, batch[(row * stride)...]).prefix(shape.outputs).allSatisfy(sameBits))
    }
  }

  @Test(arguments: [(1, 1, 1), (1, 3, 1), (7, 4, 2), (19, 2, 3)], sets)
  func `pools see their frames from the oldest to the newest`(
    shape: (width: Int, kernel: Int, dilation: Int), set: KernelSet
  ) {
    var random = SeededGenerator(seed: 9)
    let (width, kernel, dilation) = shape
    // A ring may hold more than the pool needs.
    let ring = (kernel - 1) * dilation + 3
    let steps = 3 * ring
    let x = LayerTests.values(steps * width, &random)
    var rings = [Float](repeating: 0, count: 2 * ring * width)
    var (largest, mean) = ([Float](repeating: 0, count: width), [Float](repeating: 0, count: width))
    for n in 0..<steps {
      Self.push(x, n, width: width, into: &rings, ring: ring, slot: 1, set)
      let at = [Int32(n % ring)]
      set.maxPool(
        rows: 1, width: width, kernel: kernel, dilation: dilation, rings: rings, ring: ring, slot: [1], at: at,
        &largest, yStride: width)
      set.averagePool(
        rows: 1, width: width, kernel: kernel, dilation: dilation, rings: rings, ring: ring, slot: [1], at: at, &mean,
        yStride: width)
      for k in 0..<width {
        let past = (0..<kernel).map { tap -> Float in
          let frame = n - (kernel - 1 - tap) * dilation
          return frame < 0 ? 0 : x[frame * width + k]
        }
        #expect(largest[k] == past.max())
        #expect(sameBits(mean[k], past.dropFirst().reduce(past[0], +) / Float(kernel)))
      }
    }
  }

  @Test(arguments: sets, [0, 1, 2])
  func `one NaN in a pool is its largest and its mean`(set: KernelSet, place: Int) {
    var rings: [Float] = [1, 2, 3]
    rings[place] = .nan
    var y: [Float] = [0]
    set.maxPool(rows: 1, width: 1, kernel: 3, rings: rings, ring: 3, slot: [0], at: [2], &y, yStride: 1)
    #expect(y[0].isNaN)
    set.averagePool(rows: 1, width: 1, kernel: 3, rings: rings, ring: 3, slot: [0], at: [2], &y, yStride: 1)
    #expect(y[0].isNaN)
  }

  @Test func `the largest of frames of minus infinity is minus infinity`() {
    var y: [Float] = [0]
    let rings = [-Float.infinity, -.infinity]
    KernelSet.best.maxPool(rows: 1, width: 1, kernel: 2, rings: rings, ring: 2, slot: [0], at: [0], &y, yStride: 1)
    #expect(y == [-.infinity])
  }

  @Test func `a push writes one frame of its own ring for each row`() {
    var rings = [Float](repeating: 0, count: 3 * 2 * 2)
    KernelSet.best.push(
      rows: 2, [1, 2, 9, 3, 4, 9], xStride: 3, width: 2, rings: &rings, ring: 2, slot: [2, 0], at: [0, 1])
    #expect(rings == [0, 0, 3, 4, 0, 0, 0, 0, 1, 2, 0, 0])
  }
}
