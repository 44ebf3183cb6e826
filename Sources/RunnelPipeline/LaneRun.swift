import RunnelInference

/// The frames of a lane that is alone, many at once: a batch would have one row, and read all weights for it.
///
/// How many frames wait, and how many lanes, is a matter of how the stream was cut; the bits are the same either way
/// (laws 1 and 2). What is not finite is left to the batch, which knows of each frame what to do.
final class LaneRun {
  private let run: SlotRun

  /// Fewer are stepped: to take the state out of the bank and back weighs the more the fewer there are.
  private static let fewest = 8

  /// Nil where frames have to be stepped one by one.
  init?(_ plan: PipelinePlan) {
    guard plan.takesStretches, let run = SlotRun(plan.model.network) else { return nil }
    self.run = run
  }

  /// Steps and settles frames of the lane while enough of them wait. The few that are left are the batch's.
  func take(_ lane: Lane, bank: LaneBank, meter: (any StepMeter)?, _ publish: Publish) {
    let slot = lane.states.slots[0]
    while true {
      let (frames, first, waiting) = lane.nextStretch(publish)
      guard waiting >= Self.fewest else { return }
      let count = min(waiting, SlotRun.most)
      meter?.begin()
      let isSound = run.run(slot, from: first, count: count, frames: frames, bank: &bank.states)
      meter?.end()
      guard isSound else { return }
      lane.settleStretch(of: count, publish) { place in
        let scores = run.scores(ofFrame: first + Int64(place))
        return (scores == nil ? .none : .scores, scores ?? UnsafeBufferPointer(start: nil, count: 0))
      }
    }
  }
}
