import RunnelKernels

/// A layer that makes a row of each row and carries nothing.
enum PointwiseLayer: Sendable {
  case linear(PackedLinear)
  case affine(scale: FixedBuffer<Float>, shift: FixedBuffer<Float>)
  case layerNorm(epsilon: Double, weight: FixedBuffer<Float>?, bias: FixedBuffer<Float>?)
  case embedding(classes: Int, table: FixedBuffer<Float>)
  case activation(Activation)
  case prelu(FixedBuffer<Float>)
  case softmax

  /// x (rows, D) → y (rows, `width`), with room for whole blocks.
  func run(
    rows: Int, width: Int, _ x: UnsafePointer<Float>, xStride: Int, _ y: UnsafeMutablePointer<Float>, yStride: Int,
    kernels: KernelSet
  ) {
    switch self {
    case .linear(let linear): linear.step(rows: rows, x, xStride: xStride, y, yStride: yStride)
    case .affine(let scale, let shift):
      kernels.affine(
        rows: rows, width: width, x, xStride: xStride, scale: scale.base, shift: shift.base, y, yStride: yStride)
    case .layerNorm(let epsilon, let weight, let bias):
      kernels.layerNorm(
        rows: rows, width: width, epsilon: epsilon, weight: weight.map { UnsafePointer($0.base) },
        bias: bias.map { UnsafePointer($0.base) }, x, xStride: xStride, y, yStride: yStride)
    case .embedding(let classes, let table):
      kernels.embed(
        rows: rows, classes: classes, width: width, table: table.base, x, xStride: xStride, y, yStride: yStride)
    case .activation(let activation):
      kernels.activate(activation, rows: rows, width: width, x, xStride: xStride, y, yStride: yStride)
    case .prelu(let alpha):
      kernels.prelu(
        rows: rows, width: width, alpha: alpha.base, alphas: alpha.count, x, xStride: xStride, y, yStride: yStride)
    case .softmax: kernels.softmax(rows: rows, width: width, x, xStride: xStride, y, yStride: yStride)
    }
  }
}

/// A layer that looks along time: it reads past frames where they lie in a ring.
enum SpanLayer: Sendable {
  case conv(PackedConv)
  case pool(LayerDescription.PoolOperation, kernel: Int, dilation: Int)

  /// Row r has its newest frame at `at[r]` of ring `slot[r]`. rings (slots, ring, `width`) → y (rows, ·)
  func run(
    rows: Int, width: Int, rings: UnsafePointer<Float>, ring: Int, slot: UnsafePointer<Int32>,
    at: UnsafePointer<Int32>, _ y: UnsafeMutablePointer<Float>, yStride: Int, kernels: KernelSet
  ) {
    switch self {
    case .conv(let conv): conv.step(rows: rows, rings: rings, slot: slot, at: at, y, yStride: yStride)
    case .pool(.max, let kernel, let dilation):
      kernels.maxPool(
        rows: rows, width: width, kernel: kernel, dilation: dilation, rings: rings, ring: ring, slot: slot, at: at, y,
        yStride: yStride)
    case .pool(.mean, let kernel, let dilation):
      kernels.averagePool(
        rows: rows, width: width, kernel: kernel, dilation: dilation, rings: rings, ring: ring, slot: slot, at: at, y,
        yStride: yStride)
    }
  }
}
