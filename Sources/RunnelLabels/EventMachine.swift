/// One class of `events`: off → on when its score has been at least `enter` for `min_on`, on → off when it has been
/// below `leave` for `min_off`. A run that is interrupted, by a score or by a gap, starts again.
struct EventMachine: Sendable, Equatable {
  /// Steps towards the other side, one after the other.
  struct Run: Sendable, Equatable {
    var start: Int64
    /// Its first step less the lag of smoothing there.
    var position: Int64
    /// First step that the smoothed score of its first step rests on.
    var restsFrom: Int64
  }

  private(set) var isOn = false
  /// The number of the event that is on; 0 while off.
  private(set) var event: Int64 = 0
  private var running: Run?

  var isRunning: Bool { running != nil }

  /// The run that `advance` found long enough.
  var run: Run {
    guard let running else { preconditionFailure("a change rests on a run") }
    return running
  }

  /// A gap that was carried is no evidence: the run is over, the side stays.
  mutating func interrupt() { running = nil }

  /// Takes one score; true when the run has become long enough to turn, which is then the caller's to do.
  mutating func advance(step: Int64, score: Float, lag: Int64, restsFrom: Int64, plan: DecisionPlan) -> Bool {
    guard isOn ? score < plan.leave : score >= plan.enter else {
      interrupt()
      return false
    }
    let run = running ?? Run(start: step, position: step - lag, restsFrom: restsFrom)
    running = run
    return step - run.start + 1 >= (isOn ? plan.minOffSteps : plan.minOnSteps)
  }

  /// To the other side; the run is spent.
  mutating func turn(event number: Int64) {
    isOn.toggle()
    event = isOn ? number : 0
    running = nil
  }
}
