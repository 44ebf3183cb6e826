import RunnelKernels

/// A network ready to step: layers packed for one kernel set, immutable, shared by every lane and thread.
///
///     frames (B, D) → conv1d, lstm, linear in their order → logits → heads → scores (B, K)
///
/// What a lane carries lives in a `StateBank`. A row's scores and its new state have the same bits whatever other rows
/// are in its batch, whichever slot it has and whichever kernel set computes them (laws 2 and 7).
public final class Network: Sendable {
  /// D, features of a frame.
  public let inputs: Int
  /// K, scores of a step.
  public let outputs: Int
  public let kernels: KernelSet
  public let layout: StateLayout
  /// The widest row between two layers, in whole blocks.
  let widest: Int
  public let graph: NetworkGraph
  private let layers: [Layer]
  private let heads: [Head]

  private enum Layer: Sendable {
    case conv(PackedConv, ring: Int)
    case lstm(PackedLSTM, cell: Int)
    case linear(PackedLinear)
  }

  private struct Head: Sendable {
    var activation: ModelDescription.Head.Activation
    var first: Int
    var count: Int
  }

  init(_ description: ModelDescription, weights: [LayerWeights], kernels: KernelSet) {
    inputs = description.inputs.count
    outputs = description.outputs
    self.kernels = kernels
    layout = StateLayout(description.layers)
    graph = description.graph
    widest = description.layers.map { KernelSet.padded($0.output) }.reduce(0, max)
    var layers: [Layer] = []
    var (rings, cells) = (0, 0)
    for (layer, weights) in zip(description.layers, weights) {
      switch (layer.kind, weights) {
      case (.conv1d(let span, _, let activation, _), .dense(let weight, let bias)):
        let packed = PackedConv(
          weight: weight, bias: bias, inputs: layer.input, outputs: layer.output, kernel: span.kernel,
          dilation: span.dilation,
          activation: activation, kernels: kernels)
        layers.append(.conv(packed, ring: rings))
        rings += 1
      case (.linear(let activation, _), .dense(let weight, let bias)):
        let packed = PackedLinear(
          weight: weight, bias: bias, inputs: layer.input, outputs: layer.output, activation: activation,
          kernels: kernels)
        layers.append(.linear(packed))
      case (.recurrent, .lstm(let levels)):
        for (depth, level) in levels.enumerated() {
          let packed = PackedLSTM(
            inputWeight: level.input, hiddenWeight: level.hidden, bias: level.bias,
            inputs: depth == 0 ? layer.input : layer.output, hidden: layer.output, kernels: kernels)
          layers.append(.lstm(packed, cell: cells))
          cells += 1
        }
      default: preconditionFailure("weights are of the kind of their layer")
      }
    }
    self.layers = layers
    var heads: [Head] = []
    var first = 0
    for head in description.heads {
      heads.append(Head(activation: head.activation, first: first, count: head.labels.count))
      first += head.labels.count
    }
    self.heads = heads
  }

  /// One step of every row: frames (B, D) → scores (B, K), states in the bank moved on. Allocates nothing.
  ///
  /// A row whose frame, new state or scores are not finite fails: its scores are NaN, its slot keeps the old state, and
  /// `bank.failed(row:)` tells until the next batch. The other rows are not touched by it.
  /// - Returns: rows that failed.
  @discardableResult
  public func step(
    slots: UnsafeBufferPointer<Slot>, steps: UnsafePointer<Int64>, frames: UnsafePointer<Float>,
    scores: UnsafeMutablePointer<Float>, bank: inout StateBank
  ) -> Int {
    precondition(bank.layout == layout, "the bank was made for this network")
    let rows = slots.count
    bank.gather(slots)
    var x = frames
    var stride = inputs
    var (y, spare) = (bank.left.base, bank.right.base)
    for layer in layers {
      switch layer {
      case .conv(let conv, let ring):
        let width = KernelSet.padded(conv.outputs)
        let at = bank.at.base + ring * bank.capacity
        kernels.push(
          rows: rows, x, xStride: stride, width: conv.inputs, rings: bank.rings[ring].base, ring: conv.ring,
          slot: bank.slotOfRow.base, at: at)
        conv.step(
          rows: rows, rings: bank.rings[ring].base, slot: bank.slotOfRow.base, at: at, y, yStride: width)
        stride = width
      case .lstm(let lstm, let cell):
        lstm.step(
          rows: rows, x, xStride: stride, h: bank.h[cell].base, c: bank.c[cell].base, from: bank.from.base,
          to: bank.to.base, scratch: spare, y, yStride: lstm.hStride)
        stride = lstm.hStride
      case .linear(let linear):
        let width = KernelSet.padded(linear.outputs)
        linear.step(rows: rows, x, xStride: stride, y, yStride: width)
        stride = width
      }
      x = UnsafePointer(y)
      swap(&y, &spare)
    }
    return score(rows, logits: x, stride: stride, frames: frames, scores: scores, bank: &bank)
  }

  /// A lane's frames (T, D) in order → scores (T, K). Step n has the bits of n calls of `step` with one row.
  /// - Returns: steps that failed, as rows do.
  @discardableResult
  public func run(
    frames: UnsafeBufferPointer<Float>, scores: UnsafeMutableBufferPointer<Float>, slot: Slot, bank: inout StateBank
  ) -> Int {
    let steps = frames.count / inputs
    precondition(steps * inputs == frames.count && scores.count == steps * outputs, "whole frames, a score for each")
    guard steps > 0, let x = frames.baseAddress, let y = scores.baseAddress else { return 0 }
    return withUnsafePointer(to: slot) { slot in
      let slots = UnsafeBufferPointer(start: slot, count: 1)
      var failed = 0
      for n in 0..<steps {
        var step = Int64(n)
        failed += self.step(slots: slots, steps: &step, frames: x + n * inputs, scores: y + n * outputs, bank: &bank)
      }
      return failed
    }
  }

  /// The same with arrays, for tools and tests.
  public func run(_ frames: [Float], from first: Int64 = 0, slot: Slot, bank: inout StateBank) -> [Float] {
    var scores = [Float](repeating: 0, count: frames.count / inputs * outputs)
    frames.withUnsafeBufferPointer { frames in
      scores.withUnsafeMutableBufferPointer { scores in
        _ = run(frames: frames, scores: scores, slot: slot, bank: &bank)
      }
    }
    return scores
  }

  private func score(
    _ rows: Int, logits: UnsafePointer<Float>, stride: Int, frames: UnsafePointer<Float>,
    scores: UnsafeMutablePointer<Float>, bank: inout StateBank
  ) -> Int {
    var failed = 0
    for row in 0..<rows {
      let y = scores + row * outputs
      for head in heads {
        let x = logits + row * stride + head.first
        switch head.activation {
        case .softmax: kernels.softmax(head.count, x, y + head.first)
        case .sigmoid: kernels.activate(.sigmoid, head.count, x, y + head.first)
        case .linear: kernels.activate(.none, head.count, x, y + head.first)
        }
      }
      let sound = allFinite(frames + row * inputs, inputs) && allFinite(y, outputs)
      if !bank.settle(row: row, sound: sound) {
        failed += 1
        y.update(repeating: .nan, count: outputs)
      }
    }
    return failed
  }
}
