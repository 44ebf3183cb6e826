import RunnelKernels

/// One recurrent cell of a stack, packed for one kernel set. What is packed belongs to its layer, so that to hand a cell
/// on, as each step does, takes no reference.
struct PackedCell: Sendable {
  private enum Kind: Sendable {
    case rnn(Unmanaged<PackedRNN>)
    case gru(Unmanaged<PackedGRU>)
    case lstm(Unmanaged<PackedLSTM>)
  }

  private let kind: Kind
  let hStride: Int
  /// 0 where there is no c.
  let cStride: Int
  let scratchPerRow: Int
  let sumsPerRow: Int

  /// - Parameter owners: get what is packed, and keep it for as long as the cell is used.
  init(
    _ recurrent: RecurrentDescription, _ weights: CellWeights, inputs: Int, precision: WeightPrecision,
    kernels: KernelSet, owners: inout [any AnyObject & Sendable]
  ) {
    let hidden = recurrent.hidden
    switch recurrent.cell {
    case .rnn(let activation, let leak):
      let rnn = PackedRNN(
        inputWeight: weights.input, hiddenWeight: weights.hidden, bias: weights.bias, inputs: inputs, hidden: hidden,
        activation: activation, leak: leak, precision: precision, kernels: kernels)
      (kind, hStride, cStride, scratchPerRow) = (.rnn(.passUnretained(rnn)), rnn.hStride, 0, rnn.scratchPerRow)
      sumsPerRow = rnn.sumsPerRow
      owners.append(rnn)
    case .gru(let form):
      let gru = PackedGRU(
        inputWeight: weights.input, hiddenWeight: weights.hidden, inputBias: weights.inputBias,
        hiddenBias: weights.hiddenBias, inputs: inputs, hidden: hidden, reset: form.reset == .after ? .after : .before,
        gateActivation: form.gateActivation, activation: form.activation, gateClip: form.gateClip, precision: precision,
        kernels: kernels)
      (kind, hStride, cStride, scratchPerRow) = (.gru(.passUnretained(gru)), gru.hStride, 0, gru.scratchPerRow)
      sumsPerRow = gru.sumsPerRow
      owners.append(gru)
    case .lstm(let form):
      let lstm = PackedLSTM(
        inputWeight: weights.input, hiddenWeight: weights.hidden, bias: weights.bias, inputs: inputs, hidden: hidden,
        options: LSTMOptions(form, weights), precision: precision, kernels: kernels)
      (kind, hStride, cStride, scratchPerRow) = (
        .lstm(.passUnretained(lstm)), lstm.hStride, lstm.cStride, lstm.scratchPerRow
      )
      sumsPerRow = lstm.sumsPerRow
      owners.append(lstm)
    }
  }

  /// Row r reads rows `from[r]` of h and c and writes rows `to[r]`, which no row of the batch reads; h' goes to y too.
  /// x (rows, D), h (·, hStride), c (·, cStride), scratch (rows, scratchPerRow) → y (rows, yStride ≥ hStride)
  func step(
    rows: Int, _ x: UnsafePointer<Float>, xStride: Int, h: UnsafeMutablePointer<Float>,
    c: UnsafeMutablePointer<Float>, from: UnsafePointer<Int32>, to: UnsafePointer<Int32>,
    scratch: UnsafeMutablePointer<Float>, _ y: UnsafeMutablePointer<Float>, yStride: Int
  ) {
    switch kind {
    case .rnn(let rnn):
      rnn._withUnsafeGuaranteedRef {
        $0.step(rows: rows, x, xStride: xStride, h: h, from: from, to: to, scratch: scratch, y, yStride: yStride)
      }
    case .gru(let gru):
      gru._withUnsafeGuaranteedRef {
        $0.step(rows: rows, x, xStride: xStride, h: h, from: from, to: to, scratch: scratch, y, yStride: yStride)
      }
    case .lstm(let lstm):
      lstm._withUnsafeGuaranteedRef {
        $0.step(
          rows: rows, x, xStride: xStride, h: h, c: c, from: from, to: to, scratch: scratch, y, yStride: yStride)
      }
    }
  }

  /// The first half of a step, which does not wait for h, of rows that need not be of one step.
  /// x (rows, D) → sums (rows, sumsPerRow)
  func begin(rows: Int, _ x: UnsafePointer<Float>, xStride: Int, _ sums: UnsafeMutablePointer<Float>) {
    switch kind {
    case .rnn(let rnn): rnn._withUnsafeGuaranteedRef { $0.begin(rows: rows, x, xStride: xStride, sums) }
    case .gru(let gru): gru._withUnsafeGuaranteedRef { $0.begin(rows: rows, x, xStride: xStride, sums) }
    case .lstm(let lstm): lstm._withUnsafeGuaranteedRef { $0.begin(rows: rows, x, xStride: xStride, sums) }
    }
  }

  /// The second half, of one row: with `begin`, the bits of `step`. sums (sumsPerRow) → y (hStride)
  func finish(
    _ sums: UnsafePointer<Float>, h: UnsafeMutablePointer<Float>, c: UnsafeMutablePointer<Float>,
    from: UnsafePointer<Int32>, to: UnsafePointer<Int32>, scratch: UnsafeMutablePointer<Float>,
    _ y: UnsafeMutablePointer<Float>
  ) {
    switch kind {
    case .rnn(let rnn):
      rnn._withUnsafeGuaranteedRef { $0.finish(sums, h: h, from: from, to: to, scratch: scratch, y) }
    case .gru(let gru):
      gru._withUnsafeGuaranteedRef { $0.finish(sums, h: h, from: from, to: to, scratch: scratch, y) }
    case .lstm(let lstm):
      lstm._withUnsafeGuaranteedRef { $0.finish(sums, h: h, c: c, from: from, to: to, scratch: scratch, y) }
    }
  }
}

extension LSTMOptions {
  fileprivate init(_ form: LSTMDescription, _ weights: CellWeights) {
    let coupling: Coupling =
      switch form.coupling {
      case .none: .none
      case .input: .input
      case .forget: .forget
      }
    self.init(
      projection: weights.projection, projectionWidth: form.projection ?? 0, peepholes: weights.peepholes,
      coupling: coupling, gateActivation: form.gateActivation, cellActivation: form.cellActivation,
      outputActivation: form.outputActivation, cellClip: form.cellClip, gateClip: form.gateClip)
  }
}
