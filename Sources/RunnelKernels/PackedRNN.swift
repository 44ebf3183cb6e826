internal import CRunnelKernels

/// One Elman RNN layer (Elman 1990), packed for one kernel set; with `leak` below 1 its units are leaky (Jaeger et al.
/// 2007):
///
///     a = W x + b_ih + b_hh + R h, h' = act(a), or h' = (1 − leak) h + leak · act(a)
public final class PackedRNN: @unchecked Sendable {
  public let inputs: Int
  public let hidden: Int
  /// Floats from one row of h to the next.
  public let hStride: Int
  /// Floats of scratch for each row: none.
  public let scratchPerRow = 0
  /// Floats of the sums of a row that `begin` gives.
  public let sumsPerRow: Int
  private let table: UnsafePointer<runnel_kernels>
  private let weights: PackedWeights
  private let bias: PackedWeights
  private let scales: PackedWeights
  private let layer: FixedAddress<runnel_rnn>

  /// - Parameters:
  ///   - inputWeight: `weight_ih` (H, D)
  ///   - hiddenWeight: `weight_hh` (H, H)
  ///   - bias: `bias_ih` + `bias_hh`, rounded once (H)
  public init(
    inputWeight: [Float], hiddenWeight: [Float], bias: [Float], inputs: Int, hidden: Int,
    activation: Activation = .tanh, leak: Float = 1, precision: WeightPrecision = .float32, kernels: KernelSet
  ) {
    precondition(
      inputWeight.count == hidden * inputs && hiddenWeight.count == hidden * hidden && bias.count == hidden,
      "weights have the shape of their layer")
    self.inputs = inputs
    self.hidden = hidden
    hStride = KernelSet.padded(hidden)
    sumsPerRow = hStride
    table = kernels.table(for: precision)
    let factors = [precision.factor(activation)]
    let matrices: [PackedWeights.Matrix] = [
      .init(values: inputWeight, columns: inputs, factors: factors),
      .init(values: hiddenWeight, columns: hidden, factors: factors),
    ]
    weights = PackedWeights(units: hidden, matrices, precision)
    scales = PackedWeights(scalesOf: matrices, units: hidden, precision)
    self.bias = PackedWeights(units: hidden, [.init(values: bias, columns: 1, factors: factors)])
    var rnn = runnel_rnn(
      inputs: Int32(inputs), hidden: Int32(hidden), weights: weights.base, bias: self.bias.base,
      activation: activation.function, leak: leak, precision: precision.code, scales: scales.base, plain: 0,
      lone_step: nil, lone_finish: nil)
    table.pointee.prepare_rnn(&rnn)
    layer = FixedAddress(rnn)
  }

  /// Row r reads row `from[r]` of h and writes row `to[r]`, which no row of the batch reads; h' goes to y as well.
  /// x (rows, xStride ≥ inputs), h (·, hStride) → y (rows, yStride ≥ hStride).
  public func step(
    rows: Int, _ x: UnsafePointer<Float>, xStride: Int, h: UnsafeMutablePointer<Float>, from: UnsafePointer<Int32>,
    to: UnsafePointer<Int32>, scratch: UnsafeMutablePointer<Float>, _ y: UnsafeMutablePointer<Float>, yStride: Int
  ) {
    var state = runnel_state(h: h, c: nil, from: from, to: to)
    table.pointee.rnn(layer.pointer, Int32(rows), x, Int64(xStride), &state, y, Int64(yStride))
  }

  /// The first half of a step, which does not wait for h, of rows that need not be of one step: x (rows, xStride ≥ inputs)
  /// → sums (rows, sumsPerRow).
  public func begin(
    rows: Int, _ x: UnsafePointer<Float>, xStride: Int, _ sums: UnsafeMutablePointer<Float>
  ) {
    table.pointee.rnn_begin(layer.pointer, Int32(rows), x, Int64(xStride), sums, Int64(sumsPerRow))
  }

  /// The second half, of one row: with `begin`, the bits of `step`. sums (sumsPerRow) → y (hStride).
  public func finish(
    _ sums: UnsafePointer<Float>, h: UnsafeMutablePointer<Float>, from: UnsafePointer<Int32>,
    to: UnsafePointer<Int32>, scratch: UnsafeMutablePointer<Float>, _ y: UnsafeMutablePointer<Float>
  ) {
    var state = runnel_state(h: h, c: nil, from: from, to: to)
    table.pointee.rnn_finish(layer.pointer, sums, &state, y)
  }
}
