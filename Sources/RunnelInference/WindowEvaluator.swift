import RunnelKernels

/// Whole windows, evaluated layer by layer, many at once: what bidirectional layers, padding on the right, per-window
/// normalisation and decoders need, and every other windowed model allows.
///
///     frames (B, T, D) → normalise → encoder → target step, or every step, or decoder → scores (B, S, K)
///
/// A window has the same bits alone and in company, and those of stepping where the network steps. Not for two threads
/// at once; nothing is allocated after the first call.
public final class WindowEvaluator {
  /// B, the most that one call takes.
  public let windows: Int
  /// T, frames of a window.
  public let length: Int
  /// D
  public let inputs: Int
  /// S, steps with scores: 1 for many-to-one.
  public let steps: Int
  /// K
  public let outputs: Int

  public var floatsPerWindow: Int { length * inputs }
  public var scoresPerWindow: Int { steps * outputs }

  private let network: Network
  private let run: LayerwiseRun
  private let decoder: SequenceDecoder?
  /// The first output step that is scored.
  private let target: Int
  /// ε of the normalisation; nil where windows are taken as they are.
  private let epsilon: Double?
  private let normalised: FixedBuffer<Float>
  private let failures: FixedBuffer<Bool>
  private let lengths: FixedBuffer<Int>

  /// What may lie in the buffers of windows that are evaluated together: 16 MiB.
  private static let together = 1 << 22

  /// - Parameters:
  ///   - network: of the model's layers; without heads where there is a decoder.
  ///   - decoder: the network of the decoder's layers, without heads.
  init(_ description: ModelDescription, network: Network, decoder: Network?, windows: Int, logits: Bool) {
    guard let window = description.window else { preconditionFailure("a carried model has no windows") }
    precondition(windows > 0, "room for one window at least")
    self.network = network
    self.windows = windows
    length = window.length
    inputs = network.inputs
    let sizes = LayerwiseSizes(network.graph, network.layers, length: length, isWindowed: true)
    let block = max(1, min(windows, Self.together / max(1, sizes.total)))
    run = LayerwiseRun(network, windows: block, length: length, isWindowed: true)
    target = description.pattern == .manyToMany ? 0 : window.target
    if let decoder, let form = description.decoder {
      let heads = Heads(logits ? [] : description.heads, outputs: decoder.outputs, kernels: network.kernels)
      let scores = Heads(description.heads, outputs: decoder.outputs, kernels: network.kernels)
      self.decoder = SequenceDecoder(form, network: decoder, heads: heads, fed: scores, sequences: block)
      (steps, outputs) = (form.steps, decoder.outputs)
    } else {
      self.decoder = nil
      steps = description.pattern == .manyToMany ? network.graph.length(of: length) : 1
      outputs = network.outputs
    }
    if case .window(let epsilon) = description.conditioning.normalisation {
      self.epsilon = epsilon
    } else {
      epsilon = nil
    }
    normalised = FixedBuffer(count: epsilon == nil ? 0 : block * length * inputs, zero: 0)
    failures = FixedBuffer(count: windows, zero: false)
    lengths = FixedBuffer(count: windows, zero: 0)
  }

  /// Windows (count, T, D) → scores (count, S, K). A window that gives something that is not finite fails: all its
  /// scores are NaN, and the others do not notice.
  /// - Returns: windows that failed.
  @discardableResult
  public func evaluate(count: Int, frames: UnsafePointer<Float>, scores: UnsafeMutablePointer<Float>) -> Int {
    precondition((0...windows).contains(count), "no more windows than there is room for")
    var first = 0
    while first < count {
      let block = min(run.windows, count - first)
      evaluate(first, block, frames + first * floatsPerWindow, scores + first * scoresPerWindow)
      first += block
    }
    var failed = 0
    for window in 0..<count where failures.base[window] { failed += 1 }
    return failed
  }

  /// The same with arrays of any number of windows, for tools and tests.
  public func evaluate(_ frames: [Float]) -> [Float] {
    let count = frames.count / floatsPerWindow
    precondition(count * floatsPerWindow == frames.count, "whole windows")
    var scores = [Float](repeating: 0, count: count * scoresPerWindow)
    frames.withUnsafeBufferPointer { frames in
      scores.withUnsafeMutableBufferPointer { scores in
        guard let x = frames.baseAddress, let y = scores.baseAddress else { return }
        for first in stride(from: 0, to: count, by: windows) {
          evaluate(
            count: min(windows, count - first), frames: x + first * floatsPerWindow,
            scores: y + first * scoresPerWindow)
        }
      }
    }
    return scores
  }

  /// Whether window `window` of the last call gave something that is not finite.
  public func failed(window: Int) -> Bool { failures.base[window] }

  /// Steps of window `window` of the last call before the class that stops the sequence; S where none does.
  public func length(of window: Int) -> Int { lengths.base[window] }

  // MARK: one block

  private func evaluate(
    _ first: Int, _ count: Int, _ frames: UnsafePointer<Float>, _ scores: UnsafeMutablePointer<Float>
  ) {
    var x = frames
    if let epsilon {
      for window in 0..<count {
        let place = window * floatsPerWindow
        Self.normalise(frames + place, length: length, inputs: inputs, epsilon: epsilon, normalised.base + place)
      }
      x = UnsafePointer(normalised.base)
    }
    run.run(windows: count, frames: x, steps: length)
    let output = run.output
    if let decoder {
      decoder.decode(count, contexts: output, at: target, encoder: run, scores: scores)
    } else {
      for window in 0..<count {
        for step in 0..<steps {
          let logits = output.base + (window * output.count + target + step) * output.stride
          network.heads.score(logits, scores + (window * steps + step) * outputs)
        }
      }
    }
    for window in 0..<count {
      let row = scores + window * scoresPerWindow
      let isSound = run.isSound.base[window] && allFinite(row, scoresPerWindow)
      failures.base[first + window] = !isSound
      lengths.base[first + window] = decoder?.lengths.base[window] ?? steps
      if !isSound { row.update(repeating: .nan, count: scoresPerWindow) }
    }
  }

  /// y = (x − mean) / √(var + ε) of each feature over the window: population variance, sums in f64 from the first frame
  /// to the last, one rounding. x (T, D) → y (T, D)
  static func normalise(
    _ x: UnsafePointer<Float>, length: Int, inputs: Int, epsilon: Double, _ y: UnsafeMutablePointer<Float>
  ) {
    for feature in 0..<inputs {
      var sum = 0.0
      for t in 0..<length { sum += Double(x[t * inputs + feature]) }
      let mean = sum / Double(length)
      var squares = 0.0
      for t in 0..<length {
        let distance = Double(x[t * inputs + feature]) - mean
        squares += distance * distance
      }
      let deviation = (squares / Double(length) + epsilon).squareRoot()
      for t in 0..<length {
        y[t * inputs + feature] = Float((Double(x[t * inputs + feature]) - mean) / deviation)
      }
    }
  }
}

extension ModelDescription {
  /// Whether a window can be stepped frame by frame in a slot of its own, from step 0 at its start, with the bits of
  /// `WindowEvaluator`: nothing looks at the whole of it or beyond its end.
  public var stepsSideBySide: Bool {
    guard regime == .windowed, decoder == nil, graph.isCausal else { return false }
    if case .window = conditioning.normalisation { return false }
    return graph.nodes.allSatisfy { ($0.layer.span?.right ?? 0) == 0 }
  }
}
