import RunnelCore
import RunnelInference
import RunnelWire

/// The inner story: from an admitted chunk to a settled label.
///
///     admitted rows ─▶ each lane: read, fill, condition ─▶ gather ─▶ step ─▶ score ─▶ settle ─▶ sink
///
/// A pipeline owns the lanes of its model and the bank in which their h and c lie. Lanes of any stream step together
/// whenever they have a frame ready; which of them do never changes a lane's bits (law 2). Windows that cannot be stepped
/// frame by frame are evaluated together when they are complete.
public final class Pipeline {
  public let plan: PipelinePlan
  /// Nil where windows are evaluated whole and no state is stepped.
  private var bank: StateBank?
  private var lanes: [Int: [Lane]] = [:]  // by stream
  private var ready: [Lane] = []
  private let batch: Batch
  /// Where windows are evaluated whole.
  private let windows: WindowBatch?
  private let judge: EventJudge?
  private var nextEpoch: UInt64
  /// What lanes that are closed counted since the last time someone asked.
  private var closedCounts = LaneCounts()
  /// Hears the frames of lanes that open from now on.
  public var frameObserver: FrameObserver?
  /// Hears what the event stage is told, of lanes that open from now on.
  public var eventObserver: EventObserver?

  /// - Parameter epoch: the epoch of the first label topic; each later session's is greater by one.
  public init(plan: PipelinePlan, epoch: UInt64) {
    self.plan = plan
    batch = Batch(network: plan.model.network)
    let isStepped = plan.regime.schedule.places > 0
    bank = isStepped ? StateBank(for: plan.model.network) : nil
    windows = isStepped ? nil : WindowBatch(plan.model)
    judge = plan.model.eventStage.map { EventJudge($0) }
    nextEpoch = epoch
  }

  public var laneCount: Int { lanes.values.reduce(0) { $0 + $1.count } }

  // MARK: what happens to a stream

  /// Opens the lanes of a session, closing those of the one before.
  func start<Sink: LabelSink>(_ session: Session, stream: Int, sink: inout Sink) throws(Refusal) {
    close(stream: stream, sink: &sink)
    let bindings = try plan.bindings(session)
    let lanePlan = try LanePlan(plan, session: session, inputs: plan.model.description.inputs.count)
    let epoch = nextEpoch
    nextEpoch += 1
    lanes[stream] = bindings.map { binding in
      var composer = LabelComposer(
        pipeline: plan, session: session, channel: binding.channel, epoch: epoch, plan: lanePlan)
      composer.status(.start, reason: session.cause.rawValue, range: session.start..<session.start) {
        sink.publish($0, arrived: 0)
      }
      let lane = Lane(
        plan: lanePlan, feeds: binding.feeds, states: openStates(), composer: composer, start: session.start)
      if let frameObserver { lane.observer = { frameObserver(binding.channel, $0, $1) } }
      if let eventObserver { lane.eventObserver = { eventObserver(binding.channel, $0) } }
      return lane
    }
  }

  func chunk<Sink: LabelSink>(
    _ chunk: Chunk, rows: Range<Int>, first: Int64, time: TimeAnchor?, arrived: Int64, stream: Int, sink: inout Sink
  ) {
    guard let lanes = lanes[stream] else { return }
    for lane in lanes { lane.setTime(time) }
    var start = rows.lowerBound
    while start < rows.upperBound {
      let end = min(start + Lane.blockRows, rows.upperBound)
      for lane in lanes {
        if !lane.hasRoom { step(sink: &sink) }
        lane.push(chunk, rows: start..<end, first: first + Int64(start - rows.lowerBound), arrived: arrived)
        mark(lane)
      }
      start = end
    }
  }

  func gap(_ range: Range<Int64>, stream: Int) {
    for lane in lanes[stream] ?? [] {
      lane.push(gap: range)
      mark(lane)
    }
  }

  func unknownGap(at index: Int64, stream: Int) {
    for lane in lanes[stream] ?? [] {
      lane.push(unknownGapAt: index)
      mark(lane)
    }
  }

  func end(at index: Int64, stream: Int) {
    for lane in lanes[stream] ?? [] {
      lane.push(endAt: index)
      mark(lane)
    }
  }

  func stale<Sink: LabelSink>(at index: Int64, stream: Int, sink: inout Sink) {
    step(sink: &sink)
    for lane in lanes[stream] ?? [] { lane.tellStale(at: index, sink: &sink) }
  }

  private func close<Sink: LabelSink>(stream: Int, sink: inout Sink) {
    guard let old = lanes.removeValue(forKey: stream) else { return }
    for lane in old {
      lane.leave()
      mark(lane)
    }
    step(sink: &sink)
    for lane in old {
      closedCounts += lane.takeCounts()
      for slot in lane.states.slots { bank?.close(slot) }
      if let slot = lane.states.eventSlot { judge?.close(slot) }
    }
  }

  private func openStates() -> Lane.States {
    var slots: [Slot] = []
    for _ in 0..<plan.regime.schedule.places {
      if let slot = bank?.open() { slots.append(slot) }
    }
    return Lane.States(slots: slots, judge: judge, eventSlot: judge?.open())
  }

  // MARK: the step

  private func mark(_ lane: Lane) {
    guard !lane.isReady, !lane.queue.isEmpty else { return }
    lane.isReady = true
    ready.append(lane)
  }

  /// Steps every lane that has frames, one frame of each at a time, until none has.
  func step<Sink: LabelSink>(sink: inout Sink) {
    while !ready.isEmpty {
      gather(sink: &sink)
      batch.step(bank: &bank)
      score(sink: &sink)
      evaluate(sink: &sink)
    }
  }

  private func gather<Sink: LabelSink>(sink: inout Sink) {
    batch.clear(room: ready.count * plan.regime.schedule.places)
    var kept = 0
    for index in ready.indices {
      let lane = ready[index]
      guard let frame = lane.nextFrame(into: batch.nextFrame, bank: &bank, sink: &sink) else {
        lane.isReady = false
        continue
      }
      var isFirst = true
      lane.schedule(frame) { row in
        let slot = lane.states.slots[row.place]
        if row.starts { bank?.reset(slot) }
        batch.append(Batch.Entry(lane: kept, frame: frame, row: row), slot: slot, isFirst: isFirst)
        isFirst = false
      }
      if let windows, let window = lane.window(endingAt: frame) {
        windows.append(window, of: lane)
        if windows.isFull { evaluate(sink: &sink) }
      }
      ready[kept] = lane
      kept += 1
    }
    ready.removeLast(ready.count - kept)
  }

  private func score<Sink: LabelSink>(sink: inout Sink) {
    for (row, entry) in batch.entries.enumerated() {
      let lane = ready[entry.lane]
      switch bank?.outcome(row: row) {
      case .failed: lane.settleFailure(entry, bank: &bank, sink: &sink)
      case nil, .some(.none): break
      case .scores:
        guard entry.row.counts else { break }
        let hidden = plan.model.network.tap.flatMap { bank?.features(of: $0, row: row) }
        lane.settle(entry, scores: batch.scores(row), hidden: hidden, bank: &bank, sink: &sink)
      }
    }
  }

  private func evaluate<Sink: LabelSink>(sink: inout Sink) {
    windows?.evaluate { lane, window, result in lane.settle(window: window, result, sink: &sink) }
  }

  /// What the lanes counted since the last call.
  public func takeCounts() -> LaneCounts {
    var sum = closedCounts
    closedCounts = LaneCounts()
    for lane in lanes.values.joined() { sum += lane.takeCounts() }
    return sum
  }
}
