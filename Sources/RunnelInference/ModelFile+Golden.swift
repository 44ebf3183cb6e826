import RunnelCore
import RunnelKernels

/// The golden run repeated on this machine.
extension ModelFile {
  /// Runs the golden input in every order that the model allows and compares scores, final h and final c: carried whole
  /// (layer by layer), step by step in the company of other lanes, and in seeded random chunks whose state goes through
  /// a snapshot into another slot; windowed all windows together, each alone, and stepped side by side. All ways must
  /// agree in their bits. Reduced weights are held to the tolerance that the file gives for their precision, and to none
  /// where it gives none: then the report says what they cost.
  /// - Parameter network: of this file, where one is made already.
  public func check(
    kernels: KernelSet = .best, precision: WeightPrecision = .float32, network: Network? = nil, seed: UInt64 = 1
  ) throws(GoldenError) -> GoldenReport {
    let network = network ?? makeNetwork(kernels: kernels, precision: precision)
    let golden = self.golden.allowing(description.tolerance(of: network.precision))
    var report = GoldenReport(steps: golden.steps, kernels: network.kernels, precision: network.precision)
    let runs = description.regime == .carried ? golden.carried(network, seed) : windowed(network)
    for (way, scores, state) in runs { report.results.append(try golden.judge(scores, state, way, description)) }
    for (way, scores, state) in runs where state != runs[0].state || !sameBits(scores, runs[0].scores) {
      throw GoldenError(way: way, place: .bits)
    }
    if let stage = makeEventStage(kernels: network.kernels, precision: network.precision),
      let head = description.eventStage?.head
    {
      report.results.append(try golden.judgeEvents(stage, head))
    }
    return report
  }

  private func windowed(_ network: Network) -> [Golden.Run] {
    let all = makeEvaluator(
      kernels: network.kernels, precision: network.precision, windows: golden.steps
    ).evaluate(golden.frames)
    let one = makeEvaluator(kernels: network.kernels, precision: network.precision, windows: 1).evaluate(golden.frames)
    var runs: [Golden.Run] = [(.together, all, nil), (.alone, one, nil)]
    if description.stepsSideBySide {
      runs.append((.sideBySide, golden.sideBySide(network, description), nil))
    }
    return runs
  }
}

extension Golden {
  typealias Run = (way: GoldenReport.Way, scores: [Float], state: NetworkState?)

  // MARK: ways to the same scores

  fileprivate func carried(_ network: Network, _ seed: UInt64) -> [Run] {
    var state = network.initialState
    // Something that is not finite compares as wrong.
    let whole = network.whole(frames, state: &state) ?? [Float](repeating: .nan, count: scores.count)
    let (stepped, steppedState) = stepByStep(network)
    let (chunked, chunkedState) = chunks(network, seed)
    return [(.whole, whole, state), (.stepByStep, stepped, steppedState), (.chunks, chunked, chunkedState)]
  }

  private func stepByStep(_ network: Network) -> ([Float], NetworkState) {
    var bank = StateBank(for: network, capacity: 3)
    let slots = [bank.open(), bank.open(), bank.open()]
    var result: [Float] = []
    var some = [Float](repeating: 0, count: 3 * network.outputs)
    for n in 0..<steps {
      let frame = frames[n * network.inputs..<(n + 1) * network.inputs]
      let last = frames[(steps - 1 - n) * network.inputs..<(steps - n) * network.inputs]
      let batch = Array(last) + Array(frame) + Array(last)
      // The other lanes stand elsewhere on their grids.
      let indexes = [Int64(n), Int64(n), Int64(n) + 1]
      _ = slots.withUnsafeBufferPointer {
        network.step(slots: $0, steps: indexes, frames: batch, scores: &some, bank: &bank)
      }
      if network.time.output(atFrame: Int64(n)) != nil { result += some[network.outputs..<2 * network.outputs] }
    }
    return (result, bank.snapshot(slots[1]))
  }

  private func chunks(_ network: Network, _ seed: UInt64) -> ([Float], NetworkState) {
    var random = SeededGenerator(seed: seed)
    var bank = StateBank(for: network, capacity: 2)
    var slot = bank.open()
    var scores: [Float] = []
    var n = 0
    while n < steps {
      let end = min(steps, n + random.below(40))
      let piece = Array(frames[n * network.inputs..<end * network.inputs])
      scores += network.run(piece, from: Int64(n), slot: slot, bank: &bank)
      n = end
      let next = bank.open()
      do throws(StateError) { try bank.restore(bank.snapshot(slot), into: next) } catch {
        preconditionFailure("a snapshot restores: \(error)")
      }
      bank.close(slot)
      slot = next
    }
    return (scores, bank.snapshot(slot))
  }

  /// Each window is stepped in a slot of its own, beside as many others as a bank of 64 MiB holds.
  fileprivate func sideBySide(_ network: Network, _ description: ModelDescription) -> [Float] {
    let together = max(1, StateLayout.limit / max(1, network.layout.valueCount))
    var result = [Float](repeating: .nan, count: scores.count)
    for first in stride(from: 0, to: steps, by: together) {
      step(first..<min(steps, first + together), network, description, into: &result)
    }
    return result
  }

  private func step(
    _ windows: Range<Int>, _ network: Network, _ description: ModelDescription, into result: inout [Float]
  ) {
    guard let window = description.window else { preconditionFailure("a windowed model has windows") }
    let (inputs, outputs) = (network.inputs, network.outputs)
    var bank = StateBank(for: network, capacity: windows.count)
    var slots: [Slot] = []
    for _ in windows { slots.append(bank.open()) }
    var some = [Float](repeating: 0, count: windows.count * outputs)
    let each = outputSteps / steps
    for n in 0..<window.length {
      var batch: [Float] = []
      for w in windows { batch += frames[(w * window.length + n) * inputs..<(w * window.length + n + 1) * inputs] }
      let indexes = [Int64](repeating: Int64(n), count: windows.count)
      _ = slots.withUnsafeBufferPointer {
        network.step(slots: $0, steps: indexes, frames: batch, scores: &some, bank: &bank)
      }
      guard let output = network.time.output(atFrame: Int64(n)) else { continue }
      let step = Int(output) - (description.pattern == .manyToMany ? 0 : window.target)
      guard (0..<each).contains(step) else { continue }
      for (row, w) in windows.enumerated() {
        for k in 0..<outputs { result[(w * each + step) * outputs + k] = some[row * outputs + k] }
      }
    }
  }

  // MARK: the judgement

  fileprivate func judge(
    _ found: [Float], _ state: NetworkState?, _ way: GoldenReport.Way, _ description: ModelDescription
  ) throws(GoldenError) -> GoldenReport.Result {
    let outputs = description.outputs
    let each = outputSteps / steps
    let isWindowed = description.regime == .windowed
    var result = GoldenReport.Result(
      way: way,
      scores: try compare(found, scores, way) { value in
        let step = value / outputs
        return isWindowed ? .windowScore(window: step / each, step: step % each) : .score(step: step)
      })
    result.labels = Self.agreement(found, scores, description.heads)
    guard let state else { return result }
    for isCell in [false, true] {
      var figures: [(GoldenReport.Figure, Int)] = []
      for each in states where each.isCell == isCell {
        let values = Array(state.values[each.place..<each.place + each.values.count])
        let figure = try compare(values, each.values, way) { .state(name: each.name, unit: $0) }
        figures.append((figure, values.count))
      }
      guard !figures.isEmpty else { continue }
      let count = Double(figures.reduce(0) { $0 + $1.1 })
      let joined = GoldenReport.Figure(
        largest: figures.map(\.0.largest).reduce(0, max),
        mean: figures.reduce(0) { $0 + $1.0.mean * Double($1.1) } / count,
        rms: (figures.reduce(0) { $0 + $1.0.rms * $1.0.rms * Double($1.1) } / count).squareRoot())
      if isCell { result.c = joined } else { result.h = joined }
    }
    return result
  }

  fileprivate func judgeEvents(
    _ stage: Network, _ head: ModelDescription.Head
  ) throws(GoldenError) -> GoldenReport.Result {
    var bank = StateBank(for: stage, capacity: 1)
    let slot = bank.open()
    let stepped = stage.run(eventFrames, slot: slot, bank: &bank)
    var state = stage.initialState
    guard let whole = stage.whole(eventFrames, state: &state), sameBits(whole, stepped) else {
      _ = try compare(stepped, eventScores, .events) { .score(step: $0 / stage.outputs) }
      throw GoldenError(way: .events, place: .bits)
    }
    return GoldenReport.Result(
      way: .events, scores: try compare(stepped, eventScores, .events) { .score(step: $0 / stage.outputs) },
      labels: Self.agreement(stepped, eventScores, [head]))
  }

  private static func agreement(
    _ found: [Float], _ golden: [Float], _ heads: [ModelDescription.Head]
  ) -> GoldenReport.Agreement? {
    let outputs = heads.reduce(0) { $0 + $1.labels.count }
    var agreement = GoldenReport.Agreement(agreed: 0, total: 0)
    for step in stride(from: 0, to: found.count, by: outputs) {
      var first = step
      for head in heads {
        let part = first..<first + head.labels.count
        first = part.upperBound
        let same: [Bool]
        switch head.activation {
        case .softmax: same = [largest(found[part]) == largest(golden[part])]
        case .sigmoid: same = part.map { (found[$0] >= 0.5) == (golden[$0] >= 0.5) }
        case .linear: same = []
        }
        agreement.agreed += same.filter { $0 }.count
        agreement.total += same.count
      }
    }
    return agreement.total > 0 ? agreement : nil
  }

  /// The first of the largest.
  private static func largest(_ scores: ArraySlice<Float>) -> Int? {
    scores.indices.max { scores[$0] < scores[$1] || (scores[$0] == scores[$1] && $0 > $1) }
  }

  private func compare(
    _ found: [Float], _ golden: [Float], _ way: GoldenReport.Way, _ place: (Int) -> GoldenError.Place
  ) throws(GoldenError) -> GoldenReport.Figure {
    precondition(found.count == golden.count, "as many values as the description says")
    let scale = golden.reduce(1e-3) { max($0, abs(Double($1))) }
    var (largest, sum, squares) = (0.0, 0.0, 0.0)
    for (index, (x, y)) in zip(found, golden).enumerated() {
      let error = abs(Double(x) - Double(y))
      // Also where it is NaN.
      guard error.isFinite, error <= tolerance * scale else {
        throw GoldenError(way: way, place: place(index), expected: y, found: x, allowed: tolerance * scale)
      }
      largest = max(largest, error)
      sum += error
      squares += error * error
    }
    let count = Double(max(1, found.count))
    return GoldenReport.Figure(largest: largest, mean: sum / count, rms: (squares / count).squareRoot())
  }
}
