internal import CRunnelKernels

/// One LSTM layer (Hochreiter and Schmidhuber 1997, with the forget gate of Gers et al. 2000), gates in PyTorch's
/// order i f g o, packed for one kernel set:
///
///     i, f, o = σ(W x + b_ih + b_hh + R h), g = tanh(likewise), c' = f ⊙ c + i ⊙ g, h' = o ⊙ tanh(c')
///
/// and what `LSTMOptions` makes of it.
public final class PackedLSTM: @unchecked Sendable {
  public let inputs: Int
  /// H, units of c.
  public let hidden: Int
  /// Units of h: P where projected, else H.
  public let outputs: Int
  /// Floats from one row of h to the next.
  public let hStride: Int
  /// Floats from one row of c to the next.
  public let cStride: Int
  /// Floats of scratch for each row; some only where projected.
  public let scratchPerRow: Int
  /// Floats of the sums of a row that `begin` gives.
  public let sumsPerRow: Int
  private let table: UnsafePointer<runnel_kernels>
  /// weights, their scales, bias, peepholes, projection, its scales, its bias
  private let packed: [PackedWeights]
  private let layer: FixedAddress<runnel_lstm>

  /// - Parameters:
  ///   - inputWeight: `weight_ih` (4H, D); coupled (3H, D), without the missing gate.
  ///   - hiddenWeight: `weight_hh` (4H, H), of a projected one (4H, P); coupled 3H.
  ///   - bias: `bias_ih` + `bias_hh`, rounded once (4H); coupled 3H.
  public init(
    inputWeight: [Float], hiddenWeight: [Float], bias: [Float], inputs: Int, hidden: Int,
    options: LSTMOptions = .plain, precision: WeightPrecision = .float32, kernels: KernelSet
  ) {
    let gates = options.coupling == .none ? 4 : 3
    let outputs = options.projection == nil ? hidden : options.projectionWidth
    precondition(
      inputWeight.count == gates * hidden * inputs && hiddenWeight.count == gates * hidden * outputs
        && bias.count == gates * hidden, "weights have the shape of their layer")
    precondition(
      options.projection.map { $0.count == outputs * hidden } ?? (options.projectionWidth == 0),
      "a projection has the shape of its layer")
    precondition(
      options.peepholes.map { $0.count == (gates - 1) * hidden } ?? true, "peepholes have the shape of their layer")
    self.inputs = inputs
    self.hidden = hidden
    self.outputs = outputs
    hStride = KernelSet.padded(outputs)
    cStride = KernelSet.padded(hidden)
    scratchPerRow = options.projection == nil ? 0 : cStride
    sumsPerRow = gates * cStride
    table = kernels.table(for: precision)
    let all = Array(0..<gates)
    let factors = all.map { precision.factor($0 == gates - 2 ? options.cellActivation : options.gateActivation) }
    let matrices: [PackedWeights.Matrix] = [
      .init(values: inputWeight, columns: inputs, gates: all, factors: factors),
      .init(values: hiddenWeight, columns: outputs, gates: all, factors: factors),
    ]
    let peepholes = options.peepholes ?? [Float](repeating: 0, count: (gates - 1) * hidden)
    let projection = PackedWeights.Matrix(
      values: options.projection ?? [], columns: options.projection == nil ? 0 : hidden)
    packed = [
      PackedWeights(units: hidden, matrices, precision),
      PackedWeights(scalesOf: matrices, units: hidden, precision),
      PackedWeights(units: hidden, [.init(values: bias, columns: 1, gates: all, factors: factors)]),
      PackedWeights(
        units: hidden,
        [
          .init(
            values: peepholes, columns: 1, gates: Array(all.dropLast()),
            factors: Array(repeating: options.gateActivation.factor, count: gates - 1))
        ]),
      PackedWeights(units: outputs, [projection], precision),
      PackedWeights(scalesOf: [projection], units: outputs, precision),
      PackedWeights(count: hStride) { _ in },
    ]
    var lstm = runnel_lstm(
      inputs: Int32(inputs), hidden: Int32(hidden), weights: packed[0].base, bias: packed[2].base,
      peepholes: packed[3].base,
      projection: runnel_linear(
        inputs: Int32(hidden), outputs: Int32(outputs), weights: packed[4].base, bias: packed[6].base,
        precision: precision.code, scales: packed[5].base),
      form: options.form, precision: precision.code, scales: packed[1].base, plain: 0, lone_step: nil,
      lone_finish: nil)
    table.pointee.prepare_lstm(&lstm)
    layer = FixedAddress(lstm)
  }

  /// Row r reads row `from[r]` of h and c and writes row `to[r]`, which no row of the batch reads; h' goes to y as well.
  /// x (rows, xStride ≥ inputs), h (·, hStride), c (·, cStride), scratch (rows, scratchPerRow)
  /// → y (rows, yStride ≥ hStride).
  public func step(
    rows: Int, _ x: UnsafePointer<Float>, xStride: Int, h: UnsafeMutablePointer<Float>,
    c: UnsafeMutablePointer<Float>, from: UnsafePointer<Int32>, to: UnsafePointer<Int32>,
    scratch: UnsafeMutablePointer<Float>, _ y: UnsafeMutablePointer<Float>, yStride: Int
  ) {
    var state = runnel_state(h: h, c: c, from: from, to: to)
    table.pointee.lstm(layer.pointer, Int32(rows), x, Int64(xStride), &state, scratch, y, Int64(yStride))
  }

  /// The first half of a step, which does not wait for h, of rows that need not be of one step: x (rows, xStride ≥ inputs)
  /// → sums (rows, sumsPerRow).
  public func begin(
    rows: Int, _ x: UnsafePointer<Float>, xStride: Int, _ sums: UnsafeMutablePointer<Float>
  ) {
    table.pointee.lstm_begin(layer.pointer, Int32(rows), x, Int64(xStride), sums, Int64(sumsPerRow))
  }

  /// The second half, of one row: with `begin`, the bits of `step`. sums (sumsPerRow), scratch (scratchPerRow)
  /// → y (hStride).
  public func finish(
    _ sums: UnsafePointer<Float>, h: UnsafeMutablePointer<Float>, c: UnsafeMutablePointer<Float>,
    from: UnsafePointer<Int32>, to: UnsafePointer<Int32>, scratch: UnsafeMutablePointer<Float>,
    _ y: UnsafeMutablePointer<Float>
  ) {
    var state = runnel_state(h: h, c: c, from: from, to: to)
    table.pointee.lstm_finish(layer.pointer, sums, &state, scratch, y)
  }
}

extension LSTMOptions {
  fileprivate var form: runnel_lstm_form {
    let coupling: Int32
    switch self.coupling {
    case .none: coupling = Int32(RUNNEL_UNCOUPLED)
    case .input: coupling = Int32(RUNNEL_COUPLED_INPUT)
    case .forget: coupling = Int32(RUNNEL_COUPLED_FORGET)
    }
    return runnel_lstm_form(
      coupling: coupling, peepholes: peepholes == nil ? 0 : 1, projected: projection == nil ? 0 : 1,
      gate: gateActivation.function, cell: cellActivation.function, output: outputActivation.function,
      gate_clip: gateActivation.bound(gateClip), candidate_clip: cellActivation.bound(gateClip),
      cell_clip: cellClip ?? .infinity)
  }
}
