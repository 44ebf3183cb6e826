import RunnelKernels

/// Makes a sequence of each context: a second network, stepped S times from a state of its own, that may be fed what it
/// gave before (Sutskever et al. 2014; Cho et al. 2014).
///
///     context ─▶ step 0 ─▶ step 1 ─▶ … ─▶ step S − 1
///     start ────▲   └───────▲  scores, logits, the class as one hot or as a number
final class SequenceDecoder {
  /// Steps of each sequence before the class that stops it.
  let lengths: FixedBuffer<Int>
  private let form: DecoderDescription
  private let network: Network
  /// What is given out, and what is fed back where that is scores.
  private let heads: Heads
  private let fed: Heads
  private var bank: StateBank
  private let slots: [Slot]
  /// (sequences, D), (sequences, K)
  private let frames: FixedBuffer<Float>
  private let logits: FixedBuffer<Float>
  private let steps: FixedBuffer<Int64>
  private let context: Int

  init(_ form: DecoderDescription, network: Network, heads: Heads, fed: Heads, sequences: Int) {
    (self.form, self.network, self.heads, self.fed) = (form, network, heads, fed)
    bank = StateBank(for: network, capacity: sequences)
    var slots: [Slot] = []
    for _ in 0..<sequences { slots.append(bank.open()) }
    self.slots = slots
    context = network.inputs - form.start.count
    lengths = FixedBuffer(count: sequences, zero: 0)
    frames = FixedBuffer(count: sequences * network.inputs, zero: 0)
    logits = FixedBuffer(count: sequences * network.outputs, zero: 0)
    steps = FixedBuffer(count: sequences, zero: 0)
  }

  /// - Parameters:
  ///   - contexts: the encoder's output, of which step `target` is the context.
  ///   - encoder: the run that made it; a sequence that fails here fails there.
  ///   - scores: (count, S, K)
  func decode(
    _ count: Int, contexts: LayerwiseRun.Track, at target: Int, encoder: LayerwiseRun,
    scores: UnsafeMutablePointer<Float>
  ) {
    for sequence in 0..<count {
      bank.reset(slots[sequence])
      if form.state == .encoder { begin(sequence, encoder) }
      let frame = frames.base + sequence * network.inputs
      frame.update(from: contexts.base + (sequence * contexts.count + target) * contexts.stride, count: context)
      for k in 0..<form.start.count { frame[context + k] = form.start[k] }
      lengths.base[sequence] = form.steps
    }
    for step in 0..<form.steps {
      for sequence in 0..<count { steps.base[sequence] = Int64(step) }
      slots.withUnsafeBufferPointer { slots in
        _ = network.step(
          slots: UnsafeBufferPointer(rebasing: slots[..<count]), steps: steps.base, frames: frames.base,
          scores: logits.base, bank: &bank)
      }
      for sequence in 0..<count {
        let y = logits.base + sequence * network.outputs
        if bank.failed(row: sequence) { encoder.isSound.base[sequence] = false }
        heads.score(y, scores + (sequence * form.steps + step) * network.outputs)
        settle(sequence, step, y)
      }
    }
  }

  /// Notes where the sequence stops, and lays out what the next step is fed.
  private func settle(_ sequence: Int, _ step: Int, _ logits: UnsafePointer<Float>) {
    let largest = Self.largest(logits, network.outputs)
    if form.stop == largest { lengths.base[sequence] = min(lengths.base[sequence], step) }
    guard form.input != .context else { return }
    let back = frames.base + sequence * network.inputs + context
    switch form.feedback {
    case .scores: fed.score(logits, back)
    case .logits: back.update(from: logits, count: network.outputs)
    case .onehot: for k in 0..<network.outputs { back[k] = k == largest ? 1 : 0 }
    case .class: back[0] = Float(largest)
    }
  }

  /// The first of the largest.
  private static func largest(_ x: UnsafePointer<Float>, _ count: Int) -> Int {
    var best = 0
    for k in 1..<max(1, count) where x[k] > x[best] { best = k }
    return best
  }

  /// The decoder's levels begin with the final h and c of the encoder's, in their order.
  private func begin(_ sequence: Int, _ encoder: LayerwiseRun) {
    var cell = 0
    for node in encoder.finals.indices {
      for level in encoder.finals[node].indices {
        for direction in encoder.finals[node][level].indices {
          let final = encoder.finals[node][level][direction]
          let state = network.layout.cells[cell]
          bank.begin(
            slots[sequence], cell: cell, h: final.h.base + sequence * state.hStride,
            c: final.c.base + sequence * state.cStride)
          cell += 1
        }
      }
    }
  }
}
