import RunnelInference

/// The bank in which the states of a pipeline's lanes lie, shared by them: whoever steps or resets goes through here, so that
/// the bank itself is never moved.
final class LaneBank {
  var states: StateBank

  /// - Parameter rows: of the largest batch.
  init(_ network: Network, rows: Int) { states = StateBank(for: network, rows: rows) }

  func reset(_ slot: Slot) { states.reset(slot) }
}
