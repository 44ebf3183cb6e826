/// Everything a lane's decision carries from step to step. Copied, it resumes exactly; it belongs to one plan.
///
/// Its buffers are made once and written in place. A copy that is alive makes the next step copy them, so a snapshot
/// is taken, written and let go.
public struct DecisionState: Sendable, Equatable {
  /// The last step settled; nil after a reset.
  public internal(set) var lastStep: Int64?
  /// The number the next event gets. It counts on through resets, so that no two events of one label topic share one.
  public internal(set) var nextEvent: Int64 = 0
  /// Candidates that came within `refractory` of the last emitted one. Counts on through resets.
  public internal(set) var candidatesDropped: Int64 = 0

  var ring: ScoreRing
  /// Smoothed scores of the last step; K values, none where nothing is smoothed.
  var smoothed: [Float]
  var votes: [Int32]
  /// What the last majority chose; it stands until another class reaches one.
  var standing: Int?
  /// The step after the last label, or the first step since the reset.
  var unlabelledFrom: Int64?
  /// The class of the last label of `change`; the outer nil is no label yet, the inner one `unknown`.
  var lastClass: Int??
  var candidate: PeakCandidate
  /// Position and last step of the last emitted point.
  var lastPoint: Int64?
  var lastPointEnd: Int64?
  /// One per class; that of `none` is never used.
  var machines: [EventMachine]

  init(plan: DecisionPlan) {
    let classes = plan.labels.count
    ring = ScoreRing(width: plan.smoothedSteps, classes: classes)
    smoothed = Array(repeating: 0, count: plan.smoothing == .none ? 0 : classes)
    if case .majority = plan.smoothing { votes = Array(repeating: 0, count: classes) } else { votes = [] }
    candidate = PeakCandidate(classes: plan.emit == .peaks ? classes : 0)
    machines = Array(repeating: EventMachine(), count: plan.emit == .events ? classes : 0)
  }

  /// The last label of `change` was told to nobody, so that the next one is news whatever its class.
  public mutating func forgetLabel() { lastClass = nil }

  /// The step of the largest s of the candidate that is open; nil where none is.
  public var openPeak: Int64? { candidate.isOpen ? candidate.peak : nil }

  /// What a reset threw away.
  public struct Discarded: Sendable, Hashable {
    /// A peak that had not closed, or onsets that had not lasted `min_on`: nobody will hear of them.
    public var candidates = 0
    /// Events whose onset was published; their offset never will be.
    public var events = 0
  }

  mutating func clear() -> Discarded {
    var discarded = Discarded()
    if candidate.isOpen { discarded.candidates += 1 }
    for index in machines.indices {
      if machines[index].isOn { discarded.events += 1 } else if machines[index].isRunning { discarded.candidates += 1 }
      machines[index] = EventMachine()
    }
    lastStep = nil
    ring.clear()
    for index in smoothed.indices { smoothed[index] = 0 }
    for index in votes.indices { votes[index] = 0 }
    standing = nil
    unlabelledFrom = nil
    lastClass = nil
    candidate.close()
    lastPoint = nil
    lastPointEnd = nil
    return discarded
  }
}
