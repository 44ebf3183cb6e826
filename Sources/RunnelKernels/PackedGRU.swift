internal import CRunnelKernels

/// One GRU layer (Cho et al. 2014), gates in PyTorch's order r z n, packed for one kernel set:
///
///     r, z = gate(W x + b_i + b_h + R h)
///     n = act(W x + b_in + r ⊙ (R h + b_hn)), or with the reset before n = act(W x + b_in + b_hn + R (r ⊙ h))
///     h' = (1 − z) ⊙ n + z ⊙ h
public final class PackedGRU: @unchecked Sendable {
  /// Whether r multiplies the hidden product (PyTorch, Keras since 2.1, cuDNN) or h before it (the paper, Keras with
  /// `reset_after=False`, ONNX with `linear_before_reset` 0).
  public enum Reset: String, Sendable, CaseIterable { case after, before }

  public let inputs: Int
  public let hidden: Int
  /// Floats from one row of h to the next.
  public let hStride: Int
  /// Floats of scratch for each row; some only where the reset is before.
  public let scratchPerRow: Int
  /// Floats of the sums of a row that `begin` gives.
  public let sumsPerRow: Int
  private let table: UnsafePointer<runnel_kernels>
  private let weights: PackedWeights
  private let bias: PackedWeights
  private let scales: PackedWeights
  private let layer: FixedAddress<runnel_gru>

  /// - Parameters:
  ///   - inputWeight: `weight_ih` (3H, D)
  ///   - hiddenWeight: `weight_hh` (3H, H)
  ///   - inputBias: `bias_ih` (3H)
  ///   - hiddenBias: `bias_hh` (3H)
  ///   - activation: of n.
  ///   - gateClip: bounds what `gateActivation` and `activation` are taken of to ±gateClip.
  public init(
    inputWeight: [Float], hiddenWeight: [Float], inputBias: [Float], hiddenBias: [Float], inputs: Int, hidden: Int,
    reset: Reset = .after, gateActivation: Activation = .sigmoid, activation: Activation = .tanh,
    gateClip: Float? = nil, precision: WeightPrecision = .float32, kernels: KernelSet
  ) {
    precondition(
      inputWeight.count == 3 * hidden * inputs && hiddenWeight.count == 3 * hidden * hidden
        && inputBias.count == 3 * hidden && hiddenBias.count == 3 * hidden, "weights have the shape of their layer")
    self.inputs = inputs
    self.hidden = hidden
    hStride = KernelSet.padded(hidden)
    scratchPerRow = reset == .before ? 3 * hStride : 0
    sumsPerRow = 3 * hStride
    table = kernels.table(for: precision)
    let factors = [gateActivation, gateActivation, activation].map { precision.factor($0) }
    let matrices: [PackedWeights.Matrix] = [
      .init(values: inputWeight, columns: inputs, gates: [0, 1, 2], factors: factors),
      .init(values: hiddenWeight, columns: hidden, gates: [0, 1, 2], factors: factors),
    ]
    weights = PackedWeights(units: hidden, matrices, precision)
    scales = PackedWeights(scalesOf: matrices, units: hidden, precision)
    // Gates of the sums r z n, then n's of the hidden units.
    var biases = zip(inputBias, hiddenBias).map { $0 + $1 }
    if reset == .after { biases.replaceSubrange(2 * hidden..<3 * hidden, with: inputBias[(2 * hidden)...]) }
    biases += reset == .after ? hiddenBias[(2 * hidden)...] : [Float](repeating: 0, count: hidden)[...]
    bias = PackedWeights(
      units: hidden, [.init(values: biases, columns: 1, gates: [0, 1, 2, 3], factors: factors + factors.suffix(1))])
    var gru = runnel_gru(
      inputs: Int32(inputs), hidden: Int32(hidden), weights: weights.base, bias: bias.base,
      form: runnel_gru_form(
        reset_before: reset == .before ? 1 : 0, gate: gateActivation.function, candidate: activation.function,
        gate_clip: gateActivation.bound(gateClip), candidate_clip: activation.bound(gateClip)),
      precision: precision.code, scales: scales.base, plain: 0, lone_step: nil,
      lone_finish: nil)
    table.pointee.prepare_gru(&gru)
    layer = FixedAddress(gru)
  }

  /// Row r reads row `from[r]` of h and writes row `to[r]`, which no row of the batch reads; h' goes to y as well.
  /// x (rows, xStride ≥ inputs), h (·, hStride), scratch (rows, scratchPerRow) → y (rows, yStride ≥ hStride).
  public func step(
    rows: Int, _ x: UnsafePointer<Float>, xStride: Int, h: UnsafeMutablePointer<Float>, from: UnsafePointer<Int32>,
    to: UnsafePointer<Int32>, scratch: UnsafeMutablePointer<Float>, _ y: UnsafeMutablePointer<Float>, yStride: Int
  ) {
    var state = runnel_state(h: h, c: nil, from: from, to: to)
    table.pointee.gru(layer.pointer, Int32(rows), x, Int64(xStride), &state, scratch, y, Int64(yStride))
  }

  /// The first half of a step, which does not wait for h, of rows that need not be of one step: x (rows, xStride ≥ inputs)
  /// → sums (rows, sumsPerRow).
  public func begin(
    rows: Int, _ x: UnsafePointer<Float>, xStride: Int, _ sums: UnsafeMutablePointer<Float>
  ) {
    table.pointee.gru_begin(layer.pointer, Int32(rows), x, Int64(xStride), sums, Int64(sumsPerRow))
  }

  /// The second half, of one row: with `begin`, the bits of `step`. sums (sumsPerRow), scratch (scratchPerRow)
  /// → y (hStride).
  public func finish(
    _ sums: UnsafePointer<Float>, h: UnsafeMutablePointer<Float>, from: UnsafePointer<Int32>,
    to: UnsafePointer<Int32>, scratch: UnsafeMutablePointer<Float>, _ y: UnsafeMutablePointer<Float>
  ) {
    var state = runnel_state(h: h, c: nil, from: from, to: to)
    table.pointee.gru_finish(layer.pointer, sums, &state, scratch, y)
  }
}
