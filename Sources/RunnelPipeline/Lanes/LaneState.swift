import RunnelCore
import RunnelLabels
import RunnelSignal

/// Everything a lane takes from sample to sample, but for h and c, which lie in the banks of the networks: one value, so that
/// nothing can be forgotten in a reset or a checkpoint.
struct LaneState: Sendable, Equatable {
  /// Nil while rows are settled.
  var filler: GapFiller.State?
  /// Of all inputs of the model.
  var conditioner: ConditionerState
  /// One per input of the model.
  var flatRuns: [FlatDetector.Run]
  var decision: DecisionState
  /// Which windows are open, or which state leads.
  var schedule: StepSchedule.State
  /// Nil where the model has no event stage, and while an event is judged.
  var events: EventStageState?
  /// The newest frames that were taken from the queue.
  var window: RollingWindow
  var missing = MissingLedger()
  /// The row that comes next.
  var nextIndex: Int64
  /// Rows missing up to now, not yet followed by a sample.
  var hole: Hole?
  /// Labels decided with frames before this one are `warming`.
  var warmUntil: Int64
  /// The newest frame with which a window became something that is not finite.
  var lastFailure: Int64?
  /// Labels that wait for the frames after them.
  var waiting = WaitingLabels()
  /// The seq of the next label.
  var nextSequence: UInt64 = 0

  struct Hole: Sendable, Equatable {
    var range: Range<Int64>
    var reason: GapReason
    /// It grew beyond `carry`, so state was reset.
    var hasReset: Bool
  }

  init(plan: LanePlan, inputs: Int, start: Int64, schedule: StepSchedule.State) {
    nextIndex = start
    filler = plan.filler.makeState()
    conditioner = plan.conditioner.makeState(channels: inputs)
    flatRuns = Array(repeating: FlatDetector.Run(), count: inputs)
    decision = plan.decision.makeState()
    self.schedule = schedule
    events = plan.eventStage?.makeState()
    window = RollingWindow(length: plan.window, features: inputs)
    warmUntil = 0
  }
}
