import RunnelCore
import RunnelLabels
import RunnelWire

/// Turns the decisions and statuses of a stream's lanes into label messages: one message is kept and rewritten, so that
/// composing allocates nothing.
struct LabelComposer {
  private var message: LabelMessage
  private let names: [String]
  /// Stands ready for the next label that is a sequence; nil where none is.
  private var steps: LabelSequence?
  /// Labels speak of rows from here on.
  private let start: Int64

  /// Not counted as a reference, which would be two for each step of each lane: it is looked at while the lane speaks.
  private var speaker: Unmanaged<Lane>?

  var anchor: TimeAnchor?
  /// Lent by the lane that speaks, as are the next two and the room for its scores.
  var missing = MissingLedger()
  var isWarming = true
  var nextSequence: UInt64 = 0

  init(pipeline: PipelinePlan, session: Session, epoch: UInt64, plan: LanePlan) {
    message = LabelMessage(
      kind: .heartbeat, input: session.stream.input, stream: session.stream.stream, channel: "",
      pipeline: pipeline.name, model: pipeline.model.digest, epoch: epoch, inputEpoch: session.epoch, sequence: 0)
    message.level = session.level
    message.synthetic = session.synthetic ? true : nil
    names = plan.labels
    start = session.start
    steps = plan.regime.sequence.map { shape in
      LabelSequence(step: shape.framesPerStep.map { Double($0) * plan.clock.samplesPerFrame })
    }
  }

  /// Which lane speaks, from its next label on.
  mutating func turn(to lane: Lane, sequence: UInt64) {
    speaker = .passUnretained(lane)
    nextSequence = sequence
  }

  mutating func exchange(scores: inout [Float]) { swap(&message.scores, &scores) }

  /// A decision of the step `step`. One that speaks of rows before the session's first is withheld, and false returned;
  /// but what begins or ends there begins or ends with the first row, so that each onset has its offset.
  mutating func compose(
    _ decision: Decision, _ scores: UnsafeBufferPointer<Float>, step: Int64, clock: StepClock,
    _ publish: (LabelMessage) -> Void
  ) -> Bool {
    var at = clock.position(ofStep: decision.position)
    if decision.kind == .onset || decision.kind == .offset { at = max(at, start) }
    guard at >= start else { return false }
    let steps = clock.rows(ofSteps: decision.firstStep, decision.lastStep)
    let rows = max(steps.lowerBound, start)...max(steps.upperBound, start)
    switch decision.kind {
    case .label: message.kind = .label
    case .onset: message.kind = .event(.onset, number: decision.event ?? 0)
    case .offset: message.kind = .event(.offset, number: decision.event ?? 0)
    case .point: message.kind = .event(.point, number: decision.event ?? 0)
    }
    place(at: at, rows: rows, decided: clock.newestIndex(ofStep: step))
    judge(rows)
    message.label = decision.classIndex.map { names[$0] } ?? "unknown"
    message.id = decision.classIndex
    message.p = decision.score
    message.scores.removeAll(keepingCapacity: true)
    message.scores.append(contentsOf: scores)
    number()
    publish(message)
    return true
  }

  /// A window whose label is a sequence: K scores of each step, told in their order by `fill`. One that speaks of rows
  /// before the session's first is withheld, and false returned.
  mutating func compose(
    window: Int64, clock: StepClock, fill: (inout LabelSequence, _ names: [String]) -> Void,
    _ publish: (LabelMessage) -> Void
  ) -> Bool {
    let at = clock.position(ofStep: window)
    guard at >= start else { return false }
    message.kind = .label
    let rows = clock.rows(ofWindow: window)
    let known = max(rows.lowerBound, start)...max(rows.upperBound, start)
    place(at: at, rows: known, decided: clock.newestIndex(ofStep: window))
    judge(known)
    swap(&message.steps, &steps)
    message.steps?.removeAll()
    if message.steps != nil { fill(&message.steps!, names) }
    message.label = message.steps?.labels.last
    message.id = message.steps?.ids.last ?? nil
    message.p = message.steps?.ps.last
    message.scores.removeAll(keepingCapacity: true)
    number()
    publish(message)
    swap(&message.steps, &steps)
    return true
  }

  /// A status of these rows.
  mutating func status(
    _ status: LabelMessage.Status, reason: String, range: Range<Int64>, _ publish: (LabelMessage) -> Void
  ) {
    message.kind = .status(status, reason: reason)
    let last = max(range.lowerBound, range.upperBound - 1)
    place(at: range.lowerBound, rows: range.lowerBound...last, decided: last)
    message.missing = [.start, .end, .stale].contains(status) ? 0 : Int64(range.count)
    message.quality = nil
    message.label = nil
    message.id = nil
    message.p = nil
    message.scores.removeAll(keepingCapacity: true)
    number()
    publish(message)
  }

  /// How many of these rows are missing, and what the label is worth.
  private mutating func judge(_ rows: ClosedRange<Int64>) {
    let (lost, quality) = missing.missing(in: rows)
    message.missing = lost
    message.quality = max(quality, isWarming ? .warming : .ok)
  }

  private mutating func place(at index: Int64, rows: ClosedRange<Int64>, decided: Int64) {
    message.at = index
    message.first = rows.lowerBound
    message.last = rows.upperBound
    message.decided = decided
    let time = anchor?.time(of: index)
    message.timestamp = time
    message.timeSource = time == nil ? nil : anchor?.source
  }

  private mutating func number() {
    if let channel = speaker?._withUnsafeGuaranteedRef({ $0.channel }) { message.channel = channel }
    message.sequence = nextSequence
    if message.consumesSequence { nextSequence += 1 }
  }
}

/// The composer that the lanes of one pipeline on one stream share, each for the while in which it speaks: a message for
/// each of many thousand lanes would be a good part of what they take.
final class SharedComposer {
  var composer: LabelComposer

  init(_ composer: LabelComposer) { self.composer = composer }
}
