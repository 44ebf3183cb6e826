import RunnelKernels

/// The packed form of any cell behind one call, with its own scratch.
struct PackedCell {
  private enum Kind {
    case rnn(PackedRNN)
    case gru(PackedGRU)
    case lstm(PackedLSTM)
  }

  private let kind: Kind
  let outputs: Int
  let hStride: Int
  let cStride: Int
  private let scratchPerRow: Int
  let sumsPerRow: Int

  init(_ weights: CellWeights, _ kernels: KernelSet, _ precision: WeightPrecision = .float32) {
    switch weights.form {
    case .rnn(let activation, let leak):
      let rnn = PackedRNN(
        inputWeight: weights.input, hiddenWeight: weights.recurrent, bias: weights.bias, inputs: weights.inputs,
        hidden: weights.hidden, activation: activation, leak: leak, precision: precision, kernels: kernels)
      (kind, hStride, scratchPerRow, sumsPerRow) = (.rnn(rnn), rnn.hStride, rnn.scratchPerRow, rnn.sumsPerRow)
    case .gru(let reset, let gate, let activation, let clip):
      let gru = PackedGRU(
        inputWeight: weights.input, hiddenWeight: weights.recurrent, inputBias: weights.inputBias,
        hiddenBias: weights.hiddenBias, inputs: weights.inputs, hidden: weights.hidden, reset: reset,
        gateActivation: gate, activation: activation, gateClip: clip, precision: precision, kernels: kernels)
      (kind, hStride, scratchPerRow, sumsPerRow) = (.gru(gru), gru.hStride, gru.scratchPerRow, gru.sumsPerRow)
    case .lstm(let form):
      let options = LSTMOptions(
        projection: form.projected ? weights.projection : nil, projectionWidth: form.projected ? weights.outputs : 0,
        peepholes: form.peepholes ? weights.peepholes : nil, coupling: form.coupling, gateActivation: form.gate,
        cellActivation: form.cell, outputActivation: form.output, cellClip: form.cellClip, gateClip: form.gateClip)
      let lstm = PackedLSTM(
        inputWeight: weights.input, hiddenWeight: weights.recurrent, bias: weights.bias, inputs: weights.inputs,
        hidden: weights.hidden, options: options, precision: precision, kernels: kernels)
      (kind, hStride, scratchPerRow, sumsPerRow) = (.lstm(lstm), lstm.hStride, lstm.scratchPerRow, lstm.sumsPerRow)
    }
    outputs = weights.outputs
    cStride = KernelSet.padded(weights.hidden)
  }

  /// One step of every row; h and c are whole banks. → y (rows, hStride)
  func step(_ x: [Float], inputs: Int, h: inout [Float], c: inout [Float], from: [Int32], to: [Int32]) -> [Float] {
    let rows = from.count
    // What a step leaves in its scratch is nobody's business, nor what it finds there.
    var scratch = [Float](repeating: .nan, count: max(rows * scratchPerRow, 1))
    var y = [Float](repeating: 0, count: rows * hStride)
    switch kind {
    case .rnn(let rnn):
      rnn.step(rows: rows, x, xStride: inputs, h: &h, from: from, to: to, scratch: &scratch, &y, yStride: hStride)
    case .gru(let gru):
      gru.step(rows: rows, x, xStride: inputs, h: &h, from: from, to: to, scratch: &scratch, &y, yStride: hStride)
    case .lstm(let lstm):
      lstm.step(
        rows: rows, x, xStride: inputs, h: &h, c: &c, from: from, to: to, scratch: &scratch, &y, yStride: hStride)
    }
    return y
  }

  /// The first half of a step of every row. → (rows, sumsPerRow)
  func begin(_ x: [Float], inputs: Int) -> [Float] {
    let rows = x.count / inputs
    var sums = [Float](repeating: .nan, count: rows * sumsPerRow)
    switch kind {
    case .rnn(let rnn): rnn.begin(rows: rows, x, xStride: inputs, &sums)
    case .gru(let gru): gru.begin(rows: rows, x, xStride: inputs, &sums)
    case .lstm(let lstm): lstm.begin(rows: rows, x, xStride: inputs, &sums)
    }
    return sums
  }

  /// The second half, of one row. → y (hStride)
  func finish(_ sums: ArraySlice<Float>, h: inout [Float], c: inout [Float], from: Int32, to: Int32) -> [Float] {
    var scratch = [Float](repeating: .nan, count: max(scratchPerRow, 1))
    var y = [Float](repeating: 0, count: hStride)
    let (sums, from, to) = (Array(sums), [from], [to])
    switch kind {
    case .rnn(let rnn): rnn.finish(sums, h: &h, from: from, to: to, scratch: &scratch, &y)
    case .gru(let gru): gru.finish(sums, h: &h, from: from, to: to, scratch: &scratch, &y)
    case .lstm(let lstm): lstm.finish(sums, h: &h, c: &c, from: from, to: to, scratch: &scratch, &y)
    }
    return y
  }

  /// A lane alone, `steps` steps from zeros: y of every step, then the final c.
  func run(_ frames: [Float], inputs: Int) -> (y: [[Float]], c: [Float]) {
    var h = [Float](repeating: 0, count: 2 * hStride)
    var c = [Float](repeating: 0, count: 2 * cStride)
    var all: [[Float]] = []
    for n in 0..<frames.count / inputs {
      let (from, to): (Int32, Int32) = n % 2 == 0 ? (0, 1) : (1, 0)
      let y = step(
        Array(frames[n * inputs..<(n + 1) * inputs]), inputs: inputs, h: &h, c: &c, from: [from], to: [to])
      all.append(Array(y[..<outputs]))
    }
    let last = frames.count / inputs % 2
    return (all, Array(c[last * cStride..<(last + 1) * cStride]))
  }
}
