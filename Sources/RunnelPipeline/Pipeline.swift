import RunnelCore
import RunnelInference
import RunnelWire

/// The inner story: from an admitted chunk to a settled label.
///
///     admitted rows ─▶ each lane: read, fill, condition ─▶ gather ─▶ step ─▶ score ─▶ settle ─▶ sink
///
/// A pipeline owns the lanes of its model and the bank in which their h and c lie. Lanes of any stream step together
/// whenever they have a frame ready; which of them do never changes a lane's bits (law 2). So many step at a time as keep
/// their states in the cache, each until it has no frame left; the next lane that waits then takes its place. Windows that
/// cannot be stepped frame by frame are evaluated together when they are complete.
public final class Pipeline {
  public let plan: PipelinePlan
  /// Nil where windows are evaluated whole and no state is stepped.
  private let bank: LaneBank?
  private var streams: [StreamLanes?] = []
  private var laneTotal = 0
  private let scratch: BlockScratch
  /// Lanes with frames, in the order in which they got them; those before `nextReady` have joined. Not counted as
  /// references, which would be a fifth of the work beside a small network: `streams` holds them until they have stepped.
  private var ready: [Unmanaged<Lane>] = []
  private var nextReady = 0
  /// Monotonic ns when the message came that made the first of them ready.
  private var readySince: Int64 = 0
  /// Lanes that step now.
  private var stepping: [Unmanaged<Lane>] = []
  private let batch: Batch
  /// In its place, where the plan takes stretches.
  private let stretches: StretchBatch?
  /// For a lane that is alone; nil where each of its frames is stepped too.
  private let alone: LaneRun?
  /// Where windows are evaluated whole.
  private let windows: WindowBatch?
  private let judge: EventJudge?
  /// What the judge wants to know of a step.
  private let tap: Network.Tap?
  private var nextEpoch: UInt64
  /// Hears the frames of the lanes in which somebody is interested.
  var tapped: ((ConditionedFrames) -> Void)?
  private var interest = TopicInterest()
  /// Hears the frames of lanes that open from now on.
  public var frameObserver: FrameObserver?
  /// Told of each turn: a step of those that are ready, or several.
  public var meter: (any StepMeter)?
  /// Hears what the event stage is told, of lanes that open from now on.
  public var eventObserver: EventObserver?

  /// - Parameter epoch: the epoch of the first label topic; each later session's is greater by one.
  public init(plan: PipelinePlan, epoch: UInt64) {
    self.plan = plan
    scratch = BlockScratch(inputs: plan.model.network.inputs)
    let places = plan.regime.schedule.places
    batch = Batch(network: plan.model.network, capacity: max(Self.batchRows, places))
    stretches = StretchBatch(plan, capacity: batch.capacity)
    alone = LaneRun(plan)
    let isStepped = places > 0
    bank = isStepped ? LaneBank(plan.model.network, rows: batch.capacity) : nil
    windows = isStepped ? nil : WindowBatch(plan.model)
    judge = plan.model.eventStage.map { EventJudge($0) }
    tap = plan.model.network.tap
    nextEpoch = epoch
  }

  /// Rows of a batch: the kernels reach their best below it, and the states of more would leave the cache between steps.
  private static let batchRows = 256

  public var laneCount: Int { laneTotal }

  // MARK: what happens to a stream

  /// Opens the lanes of a session, closing those of the one before.
  /// - Parameter owns: whether the lane of a channel is to be had here.
  func start(
    _ session: Session, stream: Int, owns: (String) -> Bool, _ publish: Publish
  ) throws(Refusal) {
    leave(stream: stream, publish)
    let bindings = try plan.bindings(session).filter { owns($0.channel) }
    let lanePlan = try LanePlan(plan, session: session, inputs: plan.model.description.inputs.count)
    let epoch = nextEpoch
    nextEpoch += 1
    while streams.count <= stream { streams.append(nil) }
    laneTotal += bindings.count
    let composer = SharedComposer(LabelComposer(pipeline: plan, session: session, epoch: epoch, plan: lanePlan))
    let lanes = bindings.map { binding in
      let lane = Lane(
        plan: lanePlan, feeds: binding.feeds, states: openStates(), channel: binding.channel, composer: composer,
        scratch: scratch, start: session.start)
      lane.tellStart(session, publish)
      open(tapOf: lane, plan: lanePlan, session: session, epoch: epoch)
      if let frameObserver { lane.observer = { frameObserver(binding.channel, $0, $1) } }
      if let eventObserver { lane.eventObserver = { eventObserver(binding.channel, $0) } }
      return lane
    }
    if !lanes.isEmpty { streams[stream] = StreamLanes(lanes, composer: composer, blockRows: lanePlan.blockRows) }
  }

  func chunk(
    _ chunk: Chunk, rows: Range<Int>, first: Int64, time: TimeAnchor?, arrived: Int64, stream: Int, _ publish: Publish
  ) {
    guard stream < streams.count, let open = streams[stream] else { return }
    open.composer.composer.anchor = time
    var start = rows.lowerBound
    while start < rows.upperBound {
      let end = min(start + open.blockRows, rows.upperBound)
      for number in 0..<open.count {
        open.withLane(number) { lane in
          if !lane.hasRoom { step(publish) }
          lane.push(chunk, rows: start..<end, first: first + Int64(start - rows.lowerBound), arrived: arrived)
          mark(lane)
        }
      }
      start = end
    }
  }

  func gap(_ range: Range<Int64>, stream: Int) {
    for lane in lanes(of: stream) {
      lane.push(gap: range)
      mark(lane)
    }
  }

  func unknownGap(at index: Int64, stream: Int) {
    for lane in lanes(of: stream) {
      lane.push(unknownGapAt: index)
      mark(lane)
    }
  }

  func end(at index: Int64, stream: Int) {
    for lane in lanes(of: stream) {
      lane.push(endAt: index)
      mark(lane)
    }
  }

  func stale(at index: Int64, stream: Int, _ publish: Publish) {
    step(publish)
    for lane in lanes(of: stream) { lane.tellStale(at: index, publish) }
  }

  /// No more input comes: labels that wait for frames go with those there are.
  func drain(_ publish: Publish) {
    step(publish)
    for lane in streams.lazy.compactMap({ $0 }).flatMap(\.lanes) { lane.releaseAll(publish) }
  }

  /// Another session takes over: the lanes say what they still have to say, and are closed.
  func leave(stream: Int, _ publish: Publish) {
    let old = lanes(of: stream)
    guard !old.isEmpty else { return }
    streams[stream] = nil
    laneTotal -= old.count
    for lane in old {
      lane.leave()
      mark(lane)
    }
    step(publish)
    for lane in old {
      for slot in lane.states.slots { bank?.states.close(slot) }
      if let slot = lane.states.eventSlot { judge?.close(slot) }
    }
  }

  private func openStates() -> Lane.States {
    var slots: [Slot] = []
    for _ in 0..<plan.regime.schedule.places {
      if let slot = bank?.states.open() { slots.append(slot) }
    }
    return Lane.States(bank: bank, slots: slots, judge: judge, eventSlot: judge?.open())
  }

  /// As `step`, unless the batch lingers: then when it is full, or its first lane has waited so long.
  /// - Returns: when it is due; nil where nothing waits.
  func step(now: Int64, _ publish: Publish) -> Int64? {
    guard !ready.isEmpty else { return nil }
    let due = readySince + plan.linger
    if plan.linger > 0, now < due, ready.count * max(1, plan.regime.schedule.places) < batch.capacity { return due }
    step(publish)
    return nil
  }

  /// Whose conditioned samples somebody wants.
  func listen(to interest: TopicInterest) {
    self.interest = interest
    for lane in streams.lazy.compactMap({ $0 }).flatMap(\.lanes) {
      if let tap = lane.tap { tap.isOpen = interest.covers(tap.lane.topic) }
    }
  }

  /// Most daemons have nowhere to send conditioned samples.
  private func open(tapOf lane: Lane, plan lanePlan: LanePlan, session: Session, epoch: UInt64) {
    guard let tapped else { return }
    let name = TappedLane(lane.channel, of: plan, on: session, ratio: lanePlan.conditioner.ratio, epoch: epoch)
    lane.tap = LaneTap(name, to: tapped)
    lane.tap?.isOpen = interest.covers(name.topic)
  }

  /// What the network has seen lately on one lane; nil where there is no such lane here.
  ///
  /// - Parameter most: frames, the newest.
  func window(ofChannel channel: String, stream: Int, most: Int) -> LaneWindow? {
    lanes(of: stream).first { $0.channel == channel }?.lastFrames(most)
  }

  private func lanes(of stream: Int) -> [Lane] { stream < streams.count ? streams[stream]?.lanes ?? [] : [] }

  // MARK: the step

  private func mark(_ lane: Lane) {
    guard !lane.isReady, !lane.queue.isEmpty else { return }
    lane.isReady = true
    if ready.isEmpty { readySince = lane.arrived }
    ready.append(.passUnretained(lane))
  }

  /// Steps every lane that has frames until none has, at most a batch of them together.
  func step(_ publish: Publish) {
    guard !ready.isEmpty else { return }
    if let bank {
      step(bank, publish)
    } else {
      repeat {
        gather(publish)
        evaluate(publish)
      } while !stepping.isEmpty
    }
    ready.removeAll(keepingCapacity: true)
    nextReady = 0
  }

  private func step(_ bank: LaneBank, _ publish: Publish) {
    if let alone, ready.count == 1 {
      ready[0]._withUnsafeGuaranteedRef { alone.take($0, bank: bank, meter: meter, publish) }
    }
    repeat {
      gather(publish)
      if let stretches { step(stretches, bank, publish) } else { step(batch, bank, publish) }
    } while !stepping.isEmpty
  }

  private func step(_ stretches: StretchBatch, _ bank: LaneBank, _ publish: Publish) {
    guard stretches.count > 0 else { return }
    meter?.begin()
    let steps = stretches.step(bank: &bank.states)
    meter?.end()
    for row in 0..<stretches.count {
      stepping[row]._withUnsafeGuaranteedRef { stretches.settle($0, row: row, steps: steps, publish) }
    }
  }

  private func step(_ batch: Batch, _ bank: LaneBank, _ publish: Publish) {
    meter?.begin()
    batch.step(bank: &bank.states)
    meter?.end()
    score(bank, publish)
  }

  /// The next frame of each lane that steps, or as many as it has; who has none leaves, and the next that is ready joins.
  private func gather(_ publish: Publish) {
    let places = plan.regime.schedule.places
    let stretches = stretches
    batch.clear()
    stretches?.clear()
    var kept = 0
    var next = 0
    while next < stepping.count
      || (nextReady < ready.count && (stretches?.count ?? batch.count) + places <= batch.capacity)
    {
      if next == stepping.count {
        stepping.append(ready[nextReady])
        nextReady += 1
      }
      let lane = stepping[next]
      next += 1
      let hasFrames = lane._withUnsafeGuaranteedRef { lane in
        if let stretches { stretches.append(lane, publish) } else { gather(lane, place: kept, publish) }
      }
      guard hasFrames else { continue }
      if kept < next - 1 { stepping[kept] = lane }
      kept += 1
    }
    stepping.removeLast(stepping.count - kept)
  }

  /// The rows of the lane's next frame; false where it has none, and is ready no more.
  private func gather(_ lane: Lane, place: Int, _ publish: Publish) -> Bool {
    guard let frame = lane.nextFrame(into: batch.nextFrame, publish) else {
      lane.isReady = false
      return false
    }
    var isFirst = true
    lane.schedule(frame) { row in
      let slot = lane.states.slots[row.place]
      if row.starts { bank?.reset(slot) }
      batch.append(Batch.Entry(lane: place, frame: frame, row: row), slot: slot, isFirst: isFirst)
      isFirst = false
    }
    if let windows, let window = lane.window(endingAt: frame) {
      windows.append(window, of: lane)
      if windows.isFull { evaluate(publish) }
    }
    return true
  }

  private func score(_ bank: LaneBank, _ publish: Publish) {
    let outcomes = bank.states.outcomes
    for row in 0..<batch.count where outcomes[row] != .none {
      let entry = batch.entry(row)
      stepping[entry.lane]._withUnsafeGuaranteedRef { lane in
        if outcomes[row] == .failed { return lane.settleFailure(entry, publish) }
        guard entry.row.counts else { return }
        let hidden = tap.flatMap { bank.states.features(of: $0, row: row) }
        lane.settle(entry, scores: batch.scores(row), hidden: hidden, publish)
      }
    }
  }

  private func evaluate(_ publish: Publish) {
    windows?.evaluate { lane, window, result in lane.settle(window: window, result, publish) }
  }

  /// What the lanes counted since the last call.
  public func takeCounts() -> LaneCounts {
    defer { scratch.counts.pointee = LaneCounts() }
    return scratch.counts.pointee
  }
}
