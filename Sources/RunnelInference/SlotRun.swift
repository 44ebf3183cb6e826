import RunnelKernels

/// Many frames of one slot at once, layer by layer: what a lane that is alone takes while frames wait for it.
///
///     frames (T, D) ─▶ conv of all ─▶ what in lstm does not wait for h, of all ─▶ the rest frame by frame ─▶ scores (T, K)
///
/// A step of one row has to read all weights for it; here those are read once for many frames that do not wait for the
/// frame before. Scores and states have the bits of `Network.step`. Not for two threads at once; nothing is allocated
/// after the first run.
public final class SlotRun {
  /// Frames of a run, at most: what they give between two layers stays near.
  public static let most = 48

  private let network: Network
  private let run: LayerwiseRun
  /// (most, K)
  private let scores: FixedBuffer<Float>
  /// The index of the first of them, and how many there are.
  private var outputs: (first: Int64, count: Int) = (0, 0)

  /// Nil where outputs of branches wait for each other, or a layer is to be read after each step.
  public init?(_ network: Network) {
    guard network.isSteppable, network.layout.waits.isEmpty, network.tap == nil else { return nil }
    self.network = network
    run = LayerwiseRun(network, windows: 1, length: Self.most, isWindowed: false)
    scores = FixedBuffer(count: Self.most * network.outputs, zero: 0)
  }

  /// Takes frames (count, D), the first with index `first` on the grid of the slot's session.
  ///
  /// - Returns: false where a frame, a state or a score is not finite. The slot is then as it was, and stepping will say
  ///   which frame it is.
  public func run(
    _ slot: Slot, from first: Int64, count: Int, frames: UnsafePointer<Float>, bank: inout StateBank
  ) -> Bool {
    precondition(bank.plan === network.plan || bank.layout == network.layout, "the bank was made for this network")
    bank.copy(slot, into: &run.before)
    run.run(windows: 1, frames: frames, steps: count, first: first)
    guard run.isSound.base[0], score() else { return false }
    bank.put(run.after, into: bank.checked(slot))
    return true
  }

  /// The scores (K) that came with a frame of the last run; nil where it brought none.
  public func scores(ofFrame frame: Int64) -> UnsafeBufferPointer<Float>? {
    guard let output = network.time.output(atFrame: frame), output >= outputs.first,
      output < outputs.first + Int64(outputs.count)
    else { return nil }
    let place = Int(output - outputs.first)
    return UnsafeBufferPointer(start: scores.base + place * network.outputs, count: network.outputs)
  }

  private func score() -> Bool {
    let logits = run.output
    outputs = (logits.indexes.first ?? 0, logits.count)
    network.heads.score(rows: logits.count, logits.base, stride: logits.stride, scores.base)
    return allFinite(scores.base, logits.count * network.outputs)
  }
}
