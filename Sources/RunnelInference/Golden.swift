import RunnelCore
import RunnelKernels

/// A run of the network by the framework that trained it: frames, the scores of each step, and the final h and c.
/// Every machine repeats it before it runs the model.
public struct Golden: Sendable {
  /// (T, D)
  let frames: [Float]
  /// (T, K)
  let scores: [Float]
  let states: [State]
  /// Of max(1e-3, largest |golden|).
  public let tolerance: Double
  public let steps: Int

  /// A final h or c.
  struct State: Sendable {
    var name: String
    /// Where it begins in `NetworkState.values`.
    var place: Int
    var values: [Float]
  }

  init(_ description: ModelDescription, _ tensors: inout TensorReader) throws(ModelFileError) {
    let shape = try tensors.shape("golden.input")
    steps = max(1, shape.first ?? 0)
    frames = try tensors.take("golden.input", shape: [steps, description.inputs.count])
    scores = try tensors.take("golden.output", shape: [steps, description.outputs])
    var states: [State] = []
    let layout = StateLayout(description.graph)
    for cell in layout.cells {
      for (letter, place, count) in [("h", cell.place, cell.width), ("c", cell.place + cell.width, cell.cells)]
      where count > 0 {
        let name = "golden.\(layout.names[cell.node]).\(letter)_l\(cell.depth)"
        states.append(State(name: name, place: place, values: try tensors.take(name, shape: [count])))
      }
    }
    self.states = states
    tolerance = description.tolerance
  }

  /// Runs the network over the golden frames whole, step by step in the company of other lanes, and in seeded random
  /// chunks whose state goes through a snapshot into another slot; compares scores, final h and final c.
  /// - Returns: the largest error of each way, where all are within tolerance.
  public func check(_ network: Network, seed: UInt64 = 1) throws(GoldenError) -> GoldenReport {
    var report = GoldenReport(steps: steps, kernels: network.kernels)
    let ways: [(GoldenReport.Way, (scores: [Float], state: NetworkState))] = [
      (.whole, whole(network)), (.stepByStep, stepByStep(network)), (.chunks, chunks(network, seed)),
    ]
    for (way, result) in ways {
      report.errors[way] = try judge(result.scores, result.state, way)
    }
    let first = ways[0].1
    for (way, result) in ways where result.state != first.state || !sameBits(result.scores, first.scores) {
      throw GoldenError(way: way, place: .bits)
    }
    return report
  }

  // MARK: three ways to the same scores

  private func whole(_ network: Network) -> (scores: [Float], state: NetworkState) {
    var bank = StateBank(for: network, capacity: 1)
    let slot = bank.open()
    return (network.run(frames, slot: slot, bank: &bank), bank.snapshot(slot))
  }

  private func stepByStep(_ network: Network) -> (scores: [Float], state: NetworkState) {
    var bank = StateBank(for: network, capacity: 3)
    let slots = [bank.open(), bank.open(), bank.open()]
    var result = [Float](repeating: 0, count: steps * network.outputs)
    var some = [Float](repeating: 0, count: 3 * network.outputs)
    for n in 0..<steps {
      let frame = frames[n * network.inputs..<(n + 1) * network.inputs]
      let last = frames[(steps - 1 - n) * network.inputs..<(steps - n) * network.inputs]
      let batch = Array(last) + Array(frame) + frame.map { -$0 }
      _ = slots.withUnsafeBufferPointer {
        network.step(
          slots: $0, steps: [Int64](repeating: Int64(n), count: 3), frames: batch, scores: &some, bank: &bank)
      }
      for k in 0..<network.outputs { result[n * network.outputs + k] = some[network.outputs + k] }
    }
    return (result, bank.snapshot(slots[1]))
  }

  private func chunks(_ network: Network, _ seed: UInt64) -> (scores: [Float], state: NetworkState) {
    var random = SeededGenerator(seed: seed)
    var bank = StateBank(for: network, capacity: 2)
    var slot = bank.open()
    var scores: [Float] = []
    var n = 0
    while n < steps {
      let end = min(steps, n + random.below(40))
      scores += network.run(Array(frames[n * network.inputs..<end * network.inputs]), slot: slot, bank: &bank)
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

  // MARK: the judgement

  /// The largest error, or what is beyond the tolerance.
  private func judge(
    _ found: [Float], _ state: NetworkState, _ way: GoldenReport.Way
  ) throws(GoldenError) -> Double {
    var largest = try compare(found[...], scores, way) { .score(step: $0 / (scores.count / steps)) }
    for each in states {
      let values = state.values[each.place..<each.place + each.values.count]
      largest = max(largest, try compare(values, each.values, way) { .state(name: each.name, unit: $0) })
    }
    return largest
  }

  private func compare(
    _ found: ArraySlice<Float>, _ golden: [Float], _ way: GoldenReport.Way, _ place: (Int) -> GoldenError.Place
  ) throws(GoldenError) -> Double {
    let scale = golden.reduce(1e-3) { max($0, abs(Double($1))) }
    var largest = 0.0
    for (index, (x, y)) in zip(found, golden).enumerated() {
      let error = abs(Double(x) - Double(y))
      // Also where it is NaN.
      guard error <= tolerance * scale else {
        throw GoldenError(way: way, place: place(index), expected: y, found: x, allowed: tolerance * scale)
      }
      largest = max(largest, error)
    }
    return largest
  }

  private func sameBits(_ a: [Float], _ b: [Float]) -> Bool {
    NetworkState(values: a) == NetworkState(values: b)
  }
}

/// How near this machine came to the golden scores and states.
public struct GoldenReport: Sendable, Equatable {
  public enum Way: String, Sendable, CaseIterable {
    case whole
    case stepByStep = "step by step"
    case chunks = "random chunks"
  }

  public var steps: Int
  public var kernels: KernelSet
  /// The largest absolute error of each way, scores and final states together.
  public var errors: [Way: Double] = [:]
  public var largestError: Double { errors.values.reduce(0, max) }
}

/// This machine does not compute what the training framework computed.
public struct GoldenError: Error, Sendable, Equatable, CustomStringConvertible {
  public enum Place: Sendable, Equatable {
    case score(step: Int)
    case state(name: String, unit: Int)
    /// Two ways differ in their bits: a bug of runnel.
    case bits
  }

  public var way: GoldenReport.Way
  public var place: Place
  public var expected: Float = 0
  public var found: Float = 0
  public var allowed: Double = 0

  public var description: String {
    let difference = "expected \(expected), found \(found), allowed difference \(Float(allowed))"
    switch place {
    case .score(let step): return "golden check, \(way.rawValue): the score at step \(step) is wrong: \(difference)"
    case .state(let name, let unit): return "golden check, \(way.rawValue): \(name)[\(unit)] is wrong: \(difference)"
    case .bits: return "golden check: \(way.rawValue) differs from whole in its bits; this is a bug of runnel"
    }
  }
}
