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
  let slot: Slot
  /// Which channel of the stream feeds which input, and how its samples are read.
  private let feeds: [Feed]
  private(set) var state: LaneState
  private(set) var queue: FrameQueue
  private let blockFrames: Int
  private var composer: LabelComposer
  private var counts = LaneCounts()
  /// Monotonic ns when the message being worked on came in.
  private var arrived: Int64 = 0

  /// Scratch for one block of rows: D planar columns.
  private let physical: UnsafeMutablePointer<Float>
  private let faults: UnsafeMutablePointer<UInt8>

  struct Feed: Sendable {
    var channel: Int
    var reader: SampleReader
  }

  /// Rows worked on at a time; bounds the memory of a lane whatever the size of a message.
  static let blockRows = 1024

  init(plan: LanePlan, feeds: [Feed], slot: Slot, composer: LabelComposer, start: Int64) {
    self.plan = plan
    self.feeds = feeds
    self.slot = slot
    self.composer = composer
    state = LaneState(plan: plan, inputs: feeds.count)
    // What waits in the filler can come out with a block; a second block's worth lets lanes of other streams join.
    blockFrames = plan.conditioner.frameCapacity(rows: Self.blockRows + plan.filler.rule.fill + 1)
    queue = FrameQueue(features: feeds.count, capacity: 2 * blockFrames)
    physical = .allocate(capacity: Self.blockRows * feeds.count)
    faults = .allocate(capacity: Self.blockRows * feeds.count)
    state.warmUntil = plan.conditioner.frames(upTo: start) + plan.stepsToWarm
  }

  deinit {
    physical.deallocate()
    faults.deallocate()
  }

  /// Whether the lane stands in its pipeline's list of those with something to do.
  var isReady = false

  /// Hears each run of frames, once a block; nil where nobody listens.
  var observer: ((Range<Int64>, UnsafeBufferPointer<Float>) -> Void)?

  /// Whether another block's frames fit into the queue.
  var hasRoom: Bool { queue.room >= blockFrames }

  func takeCounts() -> LaneCounts {
    defer { counts = LaneCounts() }
    return counts
  }

  // MARK: rows come in

  /// Takes up to `blockRows` rows of a chunk; the queue has room for what comes of them.
  func push(_ chunk: Chunk, rows: Range<Int>, first: Int64, arrived: Int64) {
    self.arrived = arrived
    var missing = 0
    for (d, feed) in feeds.enumerated() {
      let column = d * Self.blockRows
      var lost = feed.reader.read(
        chunk, channel: feed.channel, rows: rows, into: physical + column, faults: faults + column)
      if let flat = plan.flat {
        let values = UnsafeMutableBufferPointer(start: physical + column, count: rows.count)
        lost += flat.mark(values, faults: faults + column, run: &state.flatRuns[d])
      }
      missing += lost
    }
    counts.valuesMissing += Int64(missing)
    let block = PhysicalBlock(
      values: physical, faults: faults, stride: Self.blockRows, rows: rows.count, first: first, missing: missing)
    withFiller { plan.filler.push(block, state: &$0, to: &$1) }
  }

  func push(gap range: Range<Int64>) {
    breakFlatRuns()
    withFiller { plan.filler.push(gap: range, state: &$0, to: &$1) }
  }

  func push(unknownGapAt index: Int64) {
    breakFlatRuns()
    withFiller { plan.filler.flush(state: &$0, to: &$1) }
    let start = min(state.hole?.range.lowerBound ?? index, index)
    state.hole = nil
    queue.push(.gap(start..<index, .discontinuity, wasReset: true))
    reset(.unknownGap, over: start..<index)
  }

  func push(endAt index: Int64) {
    withFiller { plan.filler.flush(state: &$0, to: &$1) }
    closeHole()
    queue.push(.end(at: index))
  }

  /// Nobody saw the signal unchanged across rows that did not arrive.
  private func breakFlatRuns() { for d in state.flatRuns.indices { state.flatRuns[d] = FlatDetector.Run() } }

  func setTime(_ anchor: TimeAnchor?) { composer.anchor = anchor }

  /// The filler's state is moved out for the while, so that what it settles may touch the rest of the state.
  private func withFiller(_ body: (inout GapFiller.State, inout Rows) -> Void) {
    var filler = GapFiller.State.none
    var rows = Rows(lane: self)
    swap(&filler, &state.filler)
    body(&filler, &rows)
    swap(&filler, &state.filler)
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
      var produced: Range<Int64> = 0..<0
      for d in feeds.indices {
        produced = plan.conditioner.push(
          UnsafeBufferPointer(start: values + d * stride, count: rows), at: first, state: &state.conditioners[d],
          into: frames + d, stride: feeds.count)
      }
      for frame in 0..<produced.count { state.window.push(frames + frame * feeds.count) }
      if let observer { observer(produced, UnsafeBufferPointer(start: frames, count: produced.count * feeds.count)) }
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
    for d in state.conditioners.indices { plan.conditioner.reprime(&state.conditioners[d]) }
    queue.push(.gap(hole.range, hole.reason, wasReset: hole.hasReset))
  }

  /// Zeroes what a reset zeroes on this side of the queue; the network and the decision follow when the turn comes.
  private func reset(_ reason: ResetReason, over range: Range<Int64>) {
    for d in state.conditioners.indices { plan.conditioner.reprime(&state.conditioners[d]) }
    state.window.clear()
    queue.push(.reset(range, reason))
  }

  // MARK: steps come out

  /// Works off the turns before the next frame, then copies that frame out; nil when none is left.
  func nextFrame<Sink: LabelSink>(
    into frame: UnsafeMutablePointer<Float>, bank: inout StateBank, sink: inout Sink
  ) -> Int64? {
    while let turn = queue.takeTurn() { take(turn, bank: &bank, sink: &sink) }
    return queue.takeFrame(into: frame)
  }

  /// The scores of step `step` have come.
  func settle<Sink: LabelSink>(step: Int64, scores: UnsafeBufferPointer<Float>, sink: inout Sink) {
    composer.isWarming = step < state.warmUntil
    composer.nextSequence = state.nextSequence
    let head = UnsafeBufferPointer(rebasing: scores[plan.head])
    var isWithheld = false
    swap(&composer.missing, &state.missing)
    plan.decision.settle(step: step, scores: head, state: &state.decision) { decision, scores in
      let isPublished = composer.compose(decision, scores, step: step, clock: plan.clock) {
        sink.publish($0, arrived: arrived)
      }
      if !isPublished { isWithheld = true }
    }
    swap(&composer.missing, &state.missing)
    // A class that nobody was told of is news still.
    if isWithheld { state.decision.forgetLabel() }
    state.nextSequence = composer.nextSequence
  }

  /// The step gave something that is not finite, so the network kept its old state: it starts fresh, and says so.
  func settleFailure<Sink: LabelSink>(step: Int64, bank: inout StateBank, sink: inout Sink) {
    let index = plan.clock.newestIndex(ofStep: step)
    take(.reset(index..<index + 1, .nonFinite), bank: &bank, sink: &sink)
  }

  private func take<Sink: LabelSink>(_ turn: FrameQueue.Turn, bank: inout StateBank, sink: inout Sink) {
    composer.nextSequence = state.nextSequence
    switch turn {
    case .gap(let range, let reason, let wasReset):
      let needed = wasReset ? plan.stepsToWarm : plan.stepsToSettle
      state.warmUntil = max(state.warmUntil, firstStep(after: range.upperBound) + needed)
      composer.status(.gap, reason: reason.rawValue, range: range) { sink.publish($0, arrived: arrived) }
    case .reset(let range, let reason):
      bank.reset(slot)
      forgetDecision()
      state.warmUntil = firstStep(after: range.upperBound) + plan.stepsToWarm
      counts.resets += 1
      composer.status(.reset, reason: reason.rawValue, range: range) { sink.publish($0, arrived: arrived) }
    case .missing(let range, let quality): state.missing.add(range, quality: quality)
    case .end(let index):
      forgetDecision()
      composer.status(.end, reason: "end", range: index..<index) { sink.publish($0, arrived: arrived) }
    }
    state.nextSequence = composer.nextSequence
  }

  /// Says that nothing comes; no state changes and no seq is taken.
  func tellStale<Sink: LabelSink>(at index: Int64, sink: inout Sink) {
    composer.nextSequence = state.nextSequence
    composer.status(.stale, reason: "silent", range: index..<index) { sink.publish($0, arrived: 0) }
  }

  private func firstStep(after index: Int64) -> Int64 { plan.conditioner.frames(upTo: index) }

  private func forgetDecision() {
    let discarded = plan.decision.reset(&state.decision)
    counts.candidatesDiscarded += Int64(discarded.candidates)
  }
}

/// What a lane counted since it was last asked.
public struct LaneCounts: Sendable, Equatable {
  public var samplesFilled: Int64 = 0
  public var valuesMissing: Int64 = 0
  public var resets: Int64 = 0
  public var candidatesDiscarded: Int64 = 0

  public init() {}

  public static func += (sum: inout LaneCounts, other: LaneCounts) {
    sum.samplesFilled += other.samplesFilled
    sum.valuesMissing += other.valuesMissing
    sum.resets += other.resets
    sum.candidatesDiscarded += other.candidatesDiscarded
  }
}
