import RunnelCore
import RunnelKernels
import Testing

/// A recurrent cell and its variant.
enum CellForm: Sendable, CustomTestStringConvertible {
  case rnn(Activation, leak: Float)
  case gru(PackedGRU.Reset, gate: Activation, activation: Activation, clip: Float?)
  case lstm(LSTMForm)

  struct LSTMForm: Sendable {
    var projected = false
    var peepholes = false
    var coupling = LSTMOptions.Coupling.none
    var gate = Activation.sigmoid
    var cell = Activation.tanh
    var output = Activation.tanh
    var cellClip: Float?
    var gateClip: Float?
  }

  static let plainGRU = gru(.after, gate: .sigmoid, activation: .tanh, clip: nil)
  static let plain: [CellForm] = [.rnn(.tanh, leak: 1), plainGRU, .lstm(LSTMForm())]

  static let all: [CellForm] =
    plain + [
      .rnn(.relu, leak: 1), .rnn(.tanh, leak: 0.25), .rnn(Activation(.softsign), leak: 0.5),
      .gru(.before, gate: .sigmoid, activation: .tanh, clip: nil),
      .gru(.after, gate: Activation(.hardSigmoid, alpha: 0.2), activation: .relu, clip: nil),
      .gru(.before, gate: Activation(.hardSigmoid), activation: Activation(.softsign), clip: 0.3),
      .gru(.after, gate: .sigmoid, activation: .tanh, clip: 0.3),
      .lstm(LSTMForm(projected: true)), .lstm(LSTMForm(peepholes: true)),
      .lstm(LSTMForm(coupling: .input)), .lstm(LSTMForm(coupling: .forget)),
      .lstm(LSTMForm(cellClip: 0.2)), .lstm(LSTMForm(peepholes: true, gateClip: 0.3)),
      .lstm(LSTMForm(gate: Activation(.hardSigmoid), cell: Activation(.softsign), output: Activation(.elu))),
      .lstm(LSTMForm(projected: true, peepholes: true, coupling: .input, cellClip: 0.5, gateClip: 0.6)),
      .lstm(LSTMForm(projected: true, peepholes: true, coupling: .forget, output: .none)),
    ]

  var gates: Int {
    switch self {
    case .rnn: 1
    case .gru: 3
    case .lstm(let form): form.coupling == .none ? 4 : 3
    }
  }

  /// What each gate's sum is taken by.
  var activations: [Activation] {
    switch self {
    case .rnn(let activation, _): [activation]
    case .gru(_, let gate, let activation, _): [gate, gate, activation]
    case .lstm(let form): (0..<gates).map { $0 == candidate ? form.cell : form.gate }
    }
  }

  /// Which of the gates is n, or g.
  var candidate: Int { if case .lstm = self { gates - 2 } else { gates - 1 } }

  var hasCellState: Bool { if case .lstm = self { true } else { false } }
  var isProjected: Bool { if case .lstm(let form) = self { form.projected } else { false } }

  var testDescription: String {
    switch self {
    case .rnn(let activation, let leak): "rnn \(activation.kind) leak \(leak)"
    case .gru(let reset, let gate, let activation, let clip):
      "gru reset \(reset) \(gate.kind) \(activation.kind) clip \(clip ?? .infinity)"
    case .lstm(let f):
      "lstm\(f.projected ? " projected" : "")\(f.peepholes ? " peepholes" : "") \(f.coupling) \(f.gate.kind) "
        + "\(f.cell.kind) \(f.output.kind) clips \(f.cellClip ?? .infinity) \(f.gateClip ?? .infinity)"
    }
  }
}

/// Numbers for one cell in PyTorch's order, small enough that its state does not run away.
struct CellWeights {
  let form: CellForm
  let inputs: Int
  let hidden: Int
  /// P or H.
  let outputs: Int
  var input: [Float]
  var recurrent: [Float]
  var inputBias: [Float]
  var hiddenBias: [Float]
  /// The two added and rounded once.
  var bias: [Float]
  var projection: [Float]
  /// (gates − 1, H)
  var peepholes: [Float]
  /// What bounds what the gates, and the candidate, are taken of.
  var gateClip: Float?
  var candidateClip: Float?

  init(_ form: CellForm, inputs: Int, hidden: Int, seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    self.form = form
    self.inputs = inputs
    self.hidden = hidden
    outputs = form.isProjected ? max(1, hidden * 2 / 3) : hidden
    func values(_ count: Int, scale: Double) -> [Float] {
      (0..<count).map { _ in Float((random.uniform() * 2 - 1) * scale) }
    }
    let rows = form.gates * hidden
    input = values(rows * inputs, scale: 1 / Double(inputs).squareRoot())
    recurrent = values(rows * outputs, scale: 1 / Double(outputs).squareRoot())
    inputBias = values(rows, scale: 0.5)
    hiddenBias = values(rows, scale: 0.5)
    bias = zip(inputBias, hiddenBias).map { $0 + $1 }
    projection = values(outputs * hidden, scale: 1 / Double(hidden).squareRoot())
    peepholes = values((form.gates - 1) * hidden, scale: 0.5)
    switch form {
    case .rnn: gateClip = nil
    case .gru(_, _, _, let clip): gateClip = clip
    case .lstm(let form): gateClip = form.gateClip
    }
    candidateClip = gateClip
  }

  /// As they are packed, in units of the activations: of bf16 weights and their biases nothing is multiplied.
  func inUnits(_ precision: WeightPrecision = .float32) -> CellWeights {
    func multiplied(_ values: [Float], by factors: [Double]) -> [Float] {
      let part = max(values.count / factors.count, 1)
      return values.enumerated().map { Float(Double($1) * factors[$0 / part]) }
    }
    let factors = form.activations.map { SumQuotient.factor($0) }
    var packed = self
    packed.peepholes = multiplied(peepholes, by: Array(factors.prefix(1)))
    packed.gateClip = gateClip.map { Float(Double($0) * factors[0]) }
    packed.candidateClip = candidateClip.map { Float(Double($0) * factors[form.candidate]) }
    guard precision != .bf16 else { return packed }
    packed.input = multiplied(input, by: factors)
    packed.recurrent = multiplied(recurrent, by: factors)
    packed.inputBias = multiplied(inputBias, by: factors)
    packed.hiddenBias = multiplied(hiddenBias, by: factors)
    packed.bias = multiplied(bias, by: factors)
    return packed
  }
}

/// One step of a cell, equation by equation, unit by unit. In f64 it is the reference; in f32, whose `addingProduct`
/// is the fused one, it is the order that the header of CRunnelKernels states, bit for bit.
struct ReferenceCell<T: ChainedNumber> {
  let weights: CellWeights
  let act: (Activation, T) -> T
  /// What a row of weights adds to a sum, where it is not the chains.
  var term: ((_ sum: T, _ weights: [Float], _ x: [T]) -> T)?
  /// What a sum that is at its end is multiplied by.
  var factor: (Activation) -> T = { _ in 1 }

  private func matrix(_ w: [Float], _ row: Int, _ columns: Int, _ x: [T], from sum: T, outputs: Int? = nil) -> T {
    if let term { return term(sum, Array(w[row * columns..<(row + 1) * columns]), x) }
    let count = outputs.map { $0 <= 16 ? 4 : $0 <= 32 ? 2 : 1 } ?? 1
    let sums = (0..<count).map { c in
      T.chain(c == 0 ? sum : 0, w[row * columns..<(row + 1) * columns], x, from: c, by: count)
    }
    return count == 4 ? (sums[0] + sums[1]) + (sums[2] + sums[3]) : count == 2 ? sums[0] + sums[1] : sums[0]
  }

  /// W x + b of one gate and unit.
  private func inputs(_ gate: Int, _ unit: Int, _ x: [T], bias: T) -> T {
    matrix(weights.input, gate * weights.hidden + unit, weights.inputs, x, from: bias)
  }

  /// sum + R h
  private func recurrent(_ gate: Int, _ unit: Int, _ h: [T], from sum: T) -> T {
    matrix(
      weights.recurrent, gate * weights.hidden + unit, weights.outputs, h, from: sum,
      outputs: weights.form.gates == 1 ? weights.hidden : nil)
  }

  private func clipped(_ x: T, _ limit: Float?) -> T { limit.map { min(max(x, -T($0)), T($0)) } ?? x }

  private func taken(_ f: Activation, _ sum: T) -> T { T.quotient(f, sum).map { $0.over / $0.under } ?? act(f, sum) }

  /// gate(sum) times a quotient or, where one of them is none, times the value it stands for.
  private func gated(_ gate: Activation, _ sum: T, _ value: T.Quotient?, or other: @autoclosure () -> T) -> T {
    guard let gate = T.quotient(gate, sum), let value else { return taken(gate, sum) * other() }
    return gate.over * value.over / (gate.under * value.under)
  }

  func step(x: [T], h: [T], c: [T]) -> (h: [T], c: [T]) {
    switch weights.form {
    case .rnn(let activation, let leak): (rnn(x, h, activation, T(leak)), [])
    case .gru(let reset, let gate, let activation, _): (gru(x, h, reset, gate, activation), [])
    case .lstm(let form): lstm(x, h, c, form)
    }
  }

  private func rnn(_ x: [T], _ h: [T], _ activation: Activation, _ leak: T) -> [T] {
    (0..<weights.hidden).map { unit in
      let a = recurrent(0, unit, h, from: inputs(0, unit, x, bias: T(weights.bias[unit]))) * factor(activation)
      return leak == 1 ? taken(activation, a) : ((1 - leak) * h[unit]).addingProduct(leak, taken(activation, a))
    }
  }

  private func gru(
    _ x: [T], _ h: [T], _ reset: PackedGRU.Reset, _ gate: Activation, _ activation: Activation
  ) -> [T] {
    let units = weights.hidden
    func before(_ number: Int, _ unit: Int) -> T {
      let sum = recurrent(number, unit, h, from: inputs(number, unit, x, bias: T(weights.bias[number * units + unit])))
      return clipped(sum * factor(gate), weights.gateClip)
    }
    let r = (0..<units).map { taken(gate, before(0, $0)) }
    let remembered = zip(r, h).map { $0 * $1 }
    return (0..<units).map { unit in
      let place = 2 * units + unit
      let a: T
      switch reset {
      case .after:
        let past = recurrent(2, unit, h, from: T(weights.hiddenBias[place])) * factor(activation)
        let present = inputs(2, unit, x, bias: T(weights.inputBias[place])) * factor(activation)
        a = present.addingProduct(r[unit], past)
      case .before:
        a = recurrent(2, unit, remembered, from: inputs(2, unit, x, bias: T(weights.bias[place]))) * factor(activation)
      }
      let z = taken(gate, before(1, unit))
      return ((1 - z) * taken(activation, clipped(a, weights.candidateClip))).addingProduct(z, h[unit])
    }
  }

  private func lstm(_ x: [T], _ h: [T], _ c: [T], _ form: CellForm.LSTMForm) -> (h: [T], c: [T]) {
    let units = weights.hidden
    // Which rows a gate has, without the one that is missing.
    let (i, f, g, o) = form.coupling == .none ? (0, 1, 2, 3) : (0, 0, 1, 2)
    func sum(_ gate: Int, _ unit: Int) -> T {
      recurrent(gate, unit, h, from: inputs(gate, unit, x, bias: T(weights.bias[gate * units + unit])))
        * factor(gate == g ? form.cell : form.gate)
    }
    func before(_ gate: Int, _ unit: Int, peephole: Int, cell: T) -> T {
      var a = sum(gate, unit)
      if form.peepholes { a = a.addingProduct(T(weights.peepholes[peephole * units + unit]), cell) }
      return clipped(a, weights.gateClip)
    }
    var (m, cells) = ([T](), [T]())
    for unit in 0..<units {
      let input = before(i, unit, peephole: i, cell: c[unit])
      let candidate = clipped(sum(g, unit), weights.candidateClip)
      let forget = taken(form.gate, before(f, unit, peephole: f, cell: c[unit]))
      let cell: T
      switch form.coupling {
      case .none:
        cell = gated(form.gate, input, T.quotient(form.cell, candidate), or: taken(form.cell, candidate))
          .addingProduct(forget, c[unit])
      case .input: cell = ((1 - forget) * taken(form.cell, candidate)).addingProduct(forget, c[unit])
      case .forget:
        let gate = taken(form.gate, input)
        cell = (gate * taken(form.cell, candidate)).addingProduct(1 - gate, c[unit])
      }
      cells.append(clipped(cell, form.cellClip))
      let output = before(o, unit, peephole: form.coupling == .none ? 2 : 1, cell: cells[unit])
      m.append(
        gated(form.gate, output, T.quotient(ofState: form.output, cells[unit]), or: act(form.output, cells[unit])))
    }
    guard form.projected else { return (m, cells) }
    return (
      (0..<weights.outputs).map { matrix(weights.projection, $0, units, m, from: 0, outputs: weights.outputs) }, cells
    )
  }
}

/// sum + Σ w[k] x[k] for k = first, first + step, …, one fused multiply-add each. Written for each type, because a test
/// build does not specialise a generic one.
protocol ChainedNumber: BinaryFloatingPoint {
  static func chain(_ sum: Self, _ w: ArraySlice<Float>, _ x: [Self], from first: Int, by step: Int) -> Self
  typealias Quotient = (over: Self, under: Self)
  /// What a cell makes of the sum of a sigmoid or of a tanh, and of a state of a tanh; nil where it takes the function itself.
  static func quotient(_ f: Activation, _ sum: Self) -> Quotient?
  static func quotient(ofState f: Activation, _ x: Self) -> Quotient?
}

extension Float: ChainedNumber {
  static func chain(_ sum: Float, _ w: ArraySlice<Float>, _ x: [Float], from first: Int, by step: Int) -> Float {
    var sum = sum
    for k in stride(from: first, to: w.count, by: step) { sum.addProduct(x[k], w[w.startIndex + k]) }
    return sum
  }

  static func quotient(_ f: Activation, _ sum: Float) -> Quotient? {
    switch f.kind {
    case .sigmoid: SumQuotient.sigmoid(sum)
    case .tanh: SumQuotient.tanh(sum)
    default: nil
    }
  }

  static func quotient(ofState f: Activation, _ x: Float) -> Quotient? {
    f.kind == .tanh ? SumQuotient.tanhOfState(x) : nil
  }
}

extension Double: ChainedNumber {
  static func chain(_ sum: Double, _ w: ArraySlice<Float>, _ x: [Double], from first: Int, by step: Int) -> Double {
    var sum = sum
    for k in stride(from: first, to: w.count, by: step) { sum.addProduct(x[k], Double(w[w.startIndex + k])) }
    return sum
  }

  static func quotient(_ f: Activation, _ sum: Double) -> Quotient? { nil }
  static func quotient(ofState f: Activation, _ x: Double) -> Quotient? { nil }
}
