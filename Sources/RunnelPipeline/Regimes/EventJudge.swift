import RunnelInference

/// The event stages of a pipeline's lanes: one network, and a slot of its bank for each lane.
///
/// Events are few, so each is judged for itself; which other lanes there are never changes a bit of it (law 2).
final class EventJudge {
  private let network: Network
  private var bank: StateBank
  private let scores: UnsafeMutablePointer<Float>  // (K)

  init(_ network: Network) {
    self.network = network
    bank = StateBank(for: network)
    scores = .allocate(capacity: network.outputs)
  }

  deinit { scores.deallocate() }

  func open() -> Slot { bank.open() }
  func close(_ slot: Slot) { bank.close(slot) }
  func reset(_ slot: Slot) { bank.reset(slot) }

  /// One step of the stage: what it makes of an event's features (De).
  /// - Returns: K scores, valid until the next call; nil where something was not finite, and the state is the old one.
  func judge(_ features: [Float], slot: Slot) -> UnsafeBufferPointer<Float>? {
    precondition(features.count == network.inputs, "an event has the features of its stage")
    var step: Int64 = 0
    let failed = withUnsafePointer(to: slot) { slot in
      network.step(
        slots: UnsafeBufferPointer(start: slot, count: 1), steps: &step, frames: features, scores: scores, bank: &bank)
    }
    return failed == 0 ? UnsafeBufferPointer(start: scores, count: network.outputs) : nil
  }
}
