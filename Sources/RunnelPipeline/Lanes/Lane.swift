import RunnelCore
import RunnelInference
import RunnelSignal
import RunnelWire

/// One pipeline on one channel, or on one group of channels: the place where state is carried.
///
///     rows ─▶ read ─▶ fill or hole ─▶ condition ─▶ queue of frames and turns ─▶ (batch: step) ─▶ settle ─▶ label
///
/// The left half runs when a chunk comes, the right half when the lane's frames are stepped together with those of
/// other lanes; the queue between them keeps what happened between the frames it happened between.
final class Lane {
  let plan: LanePlan
  let states: States
  /// Which channel of the stream feeds which input, and how its samples are read.
  private let feeds: [Feed]
  var state: LaneState
  var queue: FrameQueue
  /// The lane's name in its labels.
  let channel: String
  /// Shared by the lanes of the stream.
  let composer: SharedComposer
  /// Room for the scores of a label, lent to the composer.
  var scores: [Float] = []
  /// What was composed while the state was lent, where labels carry what the network saw.
  var said: [LabelMessage] = []
  /// Monotonic ns when the message being worked on came in.
  private(set) var arrived: Int64 = 0

  private let scratch: BlockScratch

  struct Feed: Sendable {
    var channel: Int
    var reader: SampleReader
  }

  /// Where the network's and the event stage's states lie.
  struct States {
    /// Nil where windows are evaluated whole.
    var bank: LaneBank?
    /// In it: one for each place of the schedule.
    var slots: [Slot]
    var judge: EventJudge?
    /// In the judge's bank.
    var eventSlot: Slot?
  }

  init(
    plan: LanePlan, feeds: [Feed], states: States, channel: String, composer: SharedComposer, scratch: BlockScratch,
    start: Int64
  ) {
    self.plan = plan
    self.feeds = feeds
    self.states = states
    self.channel = channel
    self.composer = composer
    self.scratch = scratch
    let first = plan.conditioner.frames(upTo: start)
    let (schedule, leftOut) = plan.regime.schedule.open(at: first)
    scratch.counts.pointee.leaveOut(windows: leftOut)
    state = LaneState(plan: plan, inputs: feeds.count, start: start, schedule: schedule)
    // A second block's worth lets lanes of other streams join.
    queue = FrameQueue(features: feeds.count, capacity: 2 * plan.blockFrames)
    state.warmUntil = first + plan.framesToWarm
  }

  /// Whether the lane stands in its pipeline's list of those with something to do.
  var isReady = false

  /// Hears each run of frames, once a block; nil where nobody listens.
  var observer: ((Range<Int64>, UnsafeBufferPointer<Float>) -> Void)?

  /// What subscribers know the lane as; nil where nobody can be one.
  var tap: LaneTap?

  /// Hears each event before it is judged; nil where nobody listens.
  var eventObserver: ((ObservedEvent) -> Void)?

  /// Whether another block's frames fit into the queue.
  var hasRoom: Bool { queue.room >= plan.blockFrames }

  /// Those of all lanes of the pipeline.
  var counts: LaneCounts {
    get { scratch.counts.pointee }
    _modify { yield &scratch.counts.pointee }
  }

  // MARK: rows come in

  /// Takes up to `blockRows` rows of a chunk; the queue has room for what comes of them.
  func push(_ chunk: Chunk, rows: Range<Int>, first: Int64, arrived: Int64) {
    self.arrived = arrived
    state.nextIndex = first + Int64(rows.count)
    let (physical, faults) = (scratch.physical, scratch.faults)
    // Through a pointer: a feed out of the array would be a copy.
    let missing = feeds.withUnsafeBufferPointer { feeds in
      var missing = 0
      for d in feeds.indices {
        let column = d * BlockScratch.rows
        missing += feeds[d].reader.read(
          chunk, channel: feeds[d].channel, rows: rows, into: physical + column, faults: faults + column)
        if let flat = plan.flat {
          let values = UnsafeMutableBufferPointer(start: physical + column, count: rows.count)
          missing += flat.mark(values, faults: faults + column, run: &state.flatRuns[d])
        }
      }
      return missing
    }
    counts.valuesMissing += Int64(missing)
    let block = PhysicalBlock(
      values: physical, faults: faults, stride: BlockScratch.rows, rows: rows.count, first: first, missing: missing)
    withFiller { plan.filler.push(block, state: &$0, to: &$1) }
  }

  func push(gap range: Range<Int64>) {
    breakFlatRuns()
    state.nextIndex = range.upperBound
    withFiller { plan.filler.push(gap: range, state: &$0, to: &$1) }
  }

  func push(unknownGapAt index: Int64) {
    breakFlatRuns()
    tap?.breakOff()
    state.nextIndex = index
    withFiller { plan.filler.flush(state: &$0, to: &$1) }
    let start = min(state.hole?.range.lowerBound ?? index, index)
    state.hole = nil
    queue.push(.gap(start..<index, .discontinuity, wasReset: true))
    reset(.unknownGap, over: start..<index)
  }

  func push(endAt index: Int64) {
    state.nextIndex = index
    withFiller { plan.filler.flush(state: &$0, to: &$1) }
    closeHole()
    queue.push(.end(at: index))
  }

  /// Another session takes over: what waits for more gets none, and is counted.
  func leave() {
    withFiller { plan.filler.flush(state: &$0, to: &$1) }
    closeHole()
    queue.push(.left(at: state.nextIndex))
  }

  /// Nobody saw the signal unchanged across rows that did not arrive.
  private func breakFlatRuns() { for d in state.flatRuns.indices { state.flatRuns[d] = FlatDetector.Run() } }

  /// The filler's state is moved out for the while, so that what it settles may touch the rest of the state.
  private func withFiller(_ body: (inout GapFiller.State, inout Rows) -> Void) {
    guard var filler = state.filler.take() else {
      preconditionFailure("nothing that is settled comes back to the filler")
    }
    var rows = Rows(lane: self)
    body(&filler, &rows)
    state.filler = filler
  }

  private struct Rows: SettledRows {
    let lane: Lane
    mutating func samples(_ values: UnsafePointer<Float>, stride: Int, rows: Int, first: Int64) {
      lane.condition(values, stride: stride, rows: rows, first: first)
    }
    mutating func filled(at index: Int64, samples: Int) { lane.filled(at: index, samples: samples) }
    mutating func hole(_ range: Range<Int64>, reason: GapReason) { lane.extendHole(range, reason) }
  }

  // MARK: settled rows

  private func condition(_ values: UnsafePointer<Float>, stride: Int, rows: Int, first: Int64) {
    closeHole()
    // Exactly as many as come: a bound for each run of rows would sum up to more than the queue was made for.
    let due = plan.conditioner.frames(upTo: first + Int64(rows)) - plan.conditioner.frames(upTo: first)
    queue.push(upTo: Int(due)) { frames in
      let produced = plan.conditioner.push(
        values, count: rows, column: stride, at: first, state: &state.conditioner, into: frames)
      if let observer { observer(produced, UnsafeBufferPointer(start: frames, count: produced.count * feeds.count)) }
      tap?.send(produced, UnsafeBufferPointer(start: frames, count: produced.count * feeds.count), arrived, composer)
      return produced
    }
  }

  private func filled(at index: Int64, samples: Int) {
    counts.samplesFilled += Int64(samples)
    queue.push(.missing(index..<index + 1, .filled))
  }

  private func extendHole(_ range: Range<Int64>, _ reason: GapReason) {
    queue.push(.missing(range, reason.quality))
    if state.hole == nil { state.hole = LaneState.Hole(range: range, reason: reason, hasReset: false) }
    guard var hole = state.hole else { return }
    hole.range = hole.range.lowerBound..<range.upperBound
    let limit = hole.range.lowerBound + plan.filler.rule.carry
    if !hole.hasReset, hole.range.upperBound > limit {
      hole.hasReset = true
      reset(.gap, over: hole.range.lowerBound..<limit + 1)
    }
    state.hole = hole
  }

  /// A sample follows the missing ones, or the end.
  private func closeHole() {
    guard let hole = state.hole else { return }
    state.hole = nil
    plan.conditioner.reprime(&state.conditioner)
    queue.push(.gap(hole.range, hole.reason, wasReset: hole.hasReset))
  }

  /// Zeroes what a reset zeroes on this side of the queue; the network and the decision follow when the turn comes.
  private func reset(_ reason: ResetReason, over range: Range<Int64>) {
    plan.conditioner.reprime(&state.conditioner)
    queue.push(.reset(range, reason))
  }
}

/// What lanes counted since somebody asked last.
public struct LaneCounts: Sendable, Equatable {
  public var samplesFilled: Int64 = 0
  public var valuesMissing: Int64 = 0
  public var resets: Int64 = 0
  public var candidatesDiscarded: Int64 = 0
  /// Windows without a label, because they are not whole since the join or a reset, contain a gap that was not filled,
  /// had not ended at the end, gave something that is not finite, or would speak of rows before the first.
  public private(set) var windowsLeftOut: Int64 = 0

  public init() {}

  /// A gap may be as long as a publisher says, so the sum stops at the largest number.
  mutating func leaveOut(windows: Int64) { windowsLeftOut = windowsLeftOut.addingClamped(windows) }

  public static func += (sum: inout LaneCounts, other: LaneCounts) {
    sum.samplesFilled += other.samplesFilled
    sum.valuesMissing += other.valuesMissing
    sum.resets += other.resets
    sum.candidatesDiscarded += other.candidatesDiscarded
    sum.leaveOut(windows: other.windowsLeftOut)
  }
}
