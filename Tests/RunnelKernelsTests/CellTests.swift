import RunnelCore
import RunnelKernels
import Testing

@Suite struct CellTests {
  /// Inputs and hidden units: one of each, no whole block, a whole one, more than one.
  static let shapes = [(1, 1), (1, 7), (5, 16), (24, 33), (70, 20)]
  static let sets = KernelSet.available

  static func frames(_ count: Int, seed: UInt64) -> [Float] {
    var random = SeededGenerator(seed: seed)
    return (0..<count).map { _ in Float(random.uniform() * 2 - 1) }
  }

  @Test(arguments: CellForm.all)
  func `a cell follows its equations over a hundred steps`(form: CellForm) {
    for (inputs, hidden) in Self.shapes + [(3, 130)] {
      let weights = CellWeights(form, inputs: inputs, hidden: hidden, seed: UInt64(hidden))
      let reference = ReferenceCell<Double>(weights: weights, act: ReferenceActivation.value)
      let frames = Self.frames((hidden > 100 ? 10 : 100) * inputs, seed: 3)
      let (y, c) = PackedCell(weights, .best).run(frames, inputs: inputs)
      var state = (h: [Double](repeating: 0, count: weights.outputs), c: [Double](repeating: 0, count: hidden))
      var (largest, worst) = (0.0, 0.0)
      for (n, y) in y.enumerated() {
        state = reference.step(
          x: frames[n * inputs..<(n + 1) * inputs].map(Double.init), h: state.h, c: state.c)
        for (y, exact) in zip(y, state.h) {
          largest = max(largest, abs(exact))
          worst = max(worst, abs(Double(y) - exact))
        }
      }
      for (c, exact) in zip(c, state.c) { worst = max(worst, abs(Double(c) - exact)) }
      #expect(worst <= 1e-5 * max(1e-3, largest), "\(inputs) × \(hidden): \(worst) of \(largest)")
    }
  }

  /// One step of one row, from some state, has the bits of the reference.
  static func expectStep(
    of cell: PackedCell, _ weights: CellWeights, like reference: ReferenceCell<Float>, x: [Float]
  ) {
    var h = frames(2 * cell.hStride, seed: 5)
    var c = frames(2 * cell.cStride, seed: 6)
    let (inputs, hidden) = (weights.inputs, weights.hidden)
    let exact = reference.step(x: x, h: Array(h[..<weights.outputs]), c: Array(c[..<hidden]))
    let y = cell.step(x, inputs: inputs, h: &h, c: &c, from: [0], to: [1])
    #expect(zip(y, exact.h).allSatisfy(sameBits), "y of \(inputs) × \(hidden)")
    #expect(zip(h[cell.hStride...], exact.h).allSatisfy(sameBits), "h of \(inputs) × \(hidden)")
    #expect(zip(c[cell.cStride...], exact.c).allSatisfy(sameBits), "c of \(inputs) × \(hidden)")
  }

  @Test(arguments: CellForm.all, sets)
  func `a step has the order that the header states, bit for bit`(form: CellForm, set: KernelSet) {
    for (inputs, hidden) in Self.shapes {
      let weights = CellWeights(form, inputs: inputs, hidden: hidden, seed: 40 + UInt64(hidden))
      let reference = ReferenceCell<Float>(weights: weights.inUnits(), act: Plain.activated)
      let cell = PackedCell(weights, set)
      Self.expectStep(
        of: cell, weights, like: reference, x: Self.frames(inputs, seed: 7))
    }
  }

  @Test(arguments: CellForm.all)
  func `a cell gives the same bits in every set, denormal and huge inputs too`(form: CellForm) {
    for (inputs, hidden) in Self.shapes {
      var random = SeededGenerator(seed: UInt64(inputs * hidden))
      let weights = CellWeights(form, inputs: inputs, hidden: hidden, seed: 80 + UInt64(hidden))
      let frames = LayerTests.values(20 * inputs, &random)
      let (y, c) = PackedCell(weights, .scalar).run(frames, inputs: inputs)
      for set in Self.sets {
        let (ySet, cSet) = PackedCell(weights, set).run(frames, inputs: inputs)
        #expect(zip(y.joined(), ySet.joined()).allSatisfy(sameBits), "\(set)")
        #expect(zip(c[..<hidden], cSet[..<hidden]).allSatisfy(sameBits), "\(set)")
      }
    }
  }

  /// Every tile and how they follow each other, a batch of several chunks, and features so many that a chunk takes five
  /// rows, two or one.
  static let batches =
    (2...14).map { (3, 21, $0) } + [(1, 40, 49), (2, 70, 10), (2, 16, 103), (3100, 5, 11), (8000, 3, 5), (9000, 2, 3)]

  @Test(arguments: CellForm.all, batches)
  func `a row gives the same bits alone and in a batch whose slots are permuted`(
    form: CellForm, batch: (inputs: Int, hidden: Int, rows: Int)
  ) {
    let (inputs, hidden, rows) = batch
    let weights = CellWeights(form, inputs: inputs, hidden: hidden, seed: 9)
    let cell = PackedCell(weights, .best)
    var random = SeededGenerator(seed: 10)
    let slots = (0..<Int32(2 * rows)).shuffled(using: &random)
    let (from, to) = (Array(slots[..<rows]), Array(slots[rows...]))
    let x = Self.frames(rows * inputs, seed: 11)
    let (h0, c0) = (Self.frames(2 * rows * cell.hStride, seed: 12), Self.frames(2 * rows * cell.cStride, seed: 13))
    var (h, c) = (h0, c0)
    let y = cell.step(x, inputs: inputs, h: &h, c: &c, from: from, to: to)
    for row in 0..<rows {
      func part(_ all: [Float], _ index: Int, _ stride: Int) -> [Float] {
        Array(all[index * stride..<(index + 1) * stride])
      }
      let (old, new) = (Int(from[row]), Int(to[row]))
      var ha = part(h0, old, cell.hStride) + [Float](repeating: 0, count: cell.hStride)
      var ca = part(c0, old, cell.cStride) + [Float](repeating: 0, count: cell.cStride)
      let alone = cell.step(part(x, row, inputs), inputs: inputs, h: &ha, c: &ca, from: [0], to: [1])
      #expect(zip(alone, part(y, row, cell.hStride)).prefix(cell.outputs).allSatisfy(sameBits))
      #expect(zip(alone, part(h, new, cell.hStride)).prefix(cell.outputs).allSatisfy(sameBits))
      if form.hasCellState {
        #expect(zip(ca[cell.cStride...], part(c, new, cell.cStride)).prefix(hidden).allSatisfy(sameBits))
      }
      #expect(part(h, old, cell.hStride) == part(h0, old, cell.hStride), "the old state stays")
      #expect(part(c, old, cell.cStride) == part(c0, old, cell.cStride), "the old state stays")
    }
  }

  @Test(arguments: CellForm.all)
  func `NaN in one row's frame reaches that row and no other`(form: CellForm) {
    let weights = CellWeights(form, inputs: 2, hidden: 18, seed: 14)
    let cell = PackedCell(weights, .best)
    var (h, c) = (Self.frames(6 * cell.hStride, seed: 15), Self.frames(6 * cell.cStride, seed: 16))
    let y = cell.step([1, 2, .nan, 1, 0, 1], inputs: 2, h: &h, c: &c, from: [0, 1, 2], to: [3, 4, 5])
    for row in 0..<3 {
      let units = y[row * cell.hStride..<row * cell.hStride + cell.outputs]
      #expect(row == 1 ? units.allSatisfy(\.isNaN) : units.allSatisfy(\.isFinite))
    }
  }

  /// Options that are there and change nothing lead through the general instance of the body.
  @Test(
    arguments: [
      (CellForm.plainGRU, CellForm.gru(.after, gate: .sigmoid, activation: .tanh, clip: .greatestFiniteMagnitude)),
      (.lstm(.init()), .lstm(.init(gateClip: .greatestFiniteMagnitude))),
      (.lstm(.init()), .lstm(.init(cellClip: .greatestFiniteMagnitude))),
    ], sets)
  func `the plain instance and the general one give the same bits`(forms: (CellForm, CellForm), set: KernelSet) {
    for (inputs, hidden) in Self.shapes {
      let plain = CellWeights(forms.0, inputs: inputs, hidden: hidden, seed: 17)
      let general = CellWeights(forms.1, inputs: inputs, hidden: hidden, seed: 17)
      let frames = Self.frames(20 * inputs, seed: 18)
      let (ya, ca) = PackedCell(plain, set).run(frames, inputs: inputs)
      let (yb, cb) = PackedCell(general, set).run(frames, inputs: inputs)
      #expect(zip(ya.joined(), yb.joined()).allSatisfy(sameBits))
      #expect(zip(ca, cb).allSatisfy(sameBits))
    }
  }

  @Test func `a sigmoid and a tanh in a cell keep their bounds, and what is between 0 and 1 stays there`() {
    func value(_ q: SumQuotient.Quotient) -> Float { q.over / q.under }
    func times(_ a: SumQuotient.Quotient, _ b: SumQuotient.Quotient) -> Float { a.over * b.over / (a.under * b.under) }
    func expect(_ y: Float, _ exact: Double, within ulps: Double, _ text: String) {
      #expect(abs(Double(y) - exact) <= ulps * Double(Float(exact).ulp), "\(text): \(y)")
    }
    // What is taken of a sum is taken of what the sum stands for.
    let (perSigmoid, perTanh) = (1 / SumQuotient.factor(.sigmoid), 1 / SumQuotient.factor(.tanh))
    for (s, x) in zip(ActivationTests.usual(40000, seed: 23), ActivationTests.usual(40000, seed: 24)) {
      for x in [x, x / 20] {
        let gate = ReferenceActivation.value(.sigmoid, perSigmoid * Double(s))
        let candidate = ReferenceActivation.value(.tanh, perTanh * Double(x / 3))
        let state = ReferenceActivation.value(.tanh, Double(x))
        expect(value(SumQuotient.sigmoid(s)), gate, within: 2.5, "sigmoid of \(s)")
        expect(value(SumQuotient.tanh(x / 3)), candidate, within: 2.5, "tanh of \(x / 3)")
        expect(value(SumQuotient.tanhOfState(x)), state, within: 2.5, "tanh of state \(x)")
        expect(times(SumQuotient.sigmoid(s), SumQuotient.tanh(x / 3)), gate * candidate, within: 7, "\(s), \(x / 3)")
        expect(
          times(SumQuotient.sigmoid(s), SumQuotient.tanhOfState(x)), gate * state, within: 7, "\(s), \(x)")
        let z = value(SumQuotient.sigmoid(s)), n = value(SumQuotient.tanh(x))
        for old in [Float(0), 1, -1] { #expect(abs(((1 - z) * n).addingProduct(z, old)) <= 1, "\(s), \(x), \(old)") }
      }
    }
    let infinity = Float.infinity
    #expect(value(SumQuotient.sigmoid(infinity)) == 1 && abs(value(SumQuotient.sigmoid(-infinity)) - 2e-28) < 1e-29)
    #expect(value(SumQuotient.tanh(infinity)) == 1 && value(SumQuotient.tanh(-infinity)) == -1)
    #expect(value(SumQuotient.tanhOfState(infinity)) == 1 && value(SumQuotient.tanhOfState(-infinity)) == -1)
    for function in [SumQuotient.sigmoid, SumQuotient.tanh, SumQuotient.tanhOfState] {
      #expect(value(function(.nan)).isNaN)
    }
  }

  @Test func `a projection that leaves every unit as it is gives the plain cell`() {
    var projected = CellWeights(.lstm(.init(projected: true)), inputs: 3, hidden: 1, seed: 19)
    projected.projection = [1]
    var plain = CellWeights(.lstm(.init()), inputs: 3, hidden: 1, seed: 19)
    (plain.input, plain.recurrent) = (projected.input, projected.recurrent)
    plain.bias = projected.bias
    let frames = Self.frames(60, seed: 20)
    #expect(PackedCell(projected, .best).run(frames, inputs: 3).y == PackedCell(plain, .best).run(frames, inputs: 3).y)
  }

  @Test func `a cell of units that keep everything keeps everything`() {
    // z = 1 where its bias is large: h' = h, whatever n is.
    var weights = CellWeights(.plainGRU, inputs: 1, hidden: 5, seed: 21)
    for unit in 5..<10 { weights.inputBias[unit] = 200 }
    let cell = PackedCell(weights, .best)
    var (h, c) = (Self.frames(2 * cell.hStride, seed: 22), [Float](repeating: 0, count: 2 * cell.cStride))
    let y = cell.step([0.5], inputs: 1, h: &h, c: &c, from: [0], to: [1])
    #expect(Array(y[..<5]) == Array(h[..<5]))
  }
}
