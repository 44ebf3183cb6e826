import RunnelCore
import RunnelInference
import RunnelLabels
import RunnelWire

/// The right half of a lane: frames go out to be stepped, scores come back and become labels.
extension Lane {
  // MARK: a frame goes out

  /// Works off the turns before the next frame, then copies that frame out; nil when none is left.
  func nextFrame(
    into frame: UnsafeMutablePointer<Float>, _ publish: Publish
  ) -> Int64? {
    while let turn = queue.takeTurn() { take(turn, publish) }
    guard let index = queue.takeFrame(into: frame) else { return nil }
    state.window.push(frame, step: index)
    if !state.waiting.isEmpty { releaseComplete(publish) }
    return index
  }

  /// Works off the turns before the next frame; then the frames that follow each other from it on, which stay in the queue
  /// until they are settled.
  func nextStretch(_ publish: Publish) -> (frames: UnsafePointer<Float>, first: Int64, count: Int) {
    while let turn = queue.takeTurn() { take(turn, publish) }
    return queue.stretch
  }

  /// Takes so many frames of the next stretch, which were stepped, each in its turn. Only for what is carried, where a frame
  /// has one row.
  ///
  /// - Parameter outcome: of a frame, counted from the first of them, and the scores that came with it. One that failed is
  ///   the last.
  func settleStretch(
    of count: Int, _ publish: Publish, outcome: (Int) -> (StateBank.Outcome, UnsafeBufferPointer<Float>)
  ) {
    let (frames, first, _) = queue.stretch
    let rows = first..<first + Int64(count)
    schedule(rows.upperBound - 1) { _ in }
    // A label that carries frames looks at those up to its own, all others at none.
    let together = plan.attach == nil ? count : 1
    for start in stride(from: 0, to: count, by: together) {
      let frame = first + Int64(start)
      state.window.push(frames + start * queue.features, count: together, step: frame)
      releaseComplete(publish)
      var hasFailed = false
      withComposer { composer in
        for place in start..<start + together {
          let (outcome, scores) = outcome(place)
          if outcome == .failed { hasFailed = true }
          guard outcome == .scores, let step = plan.networkTime.output(atFrame: first + Int64(place)) else { continue }
          settle(step: step, frame: first + Int64(place), scores: scores, &composer, publish)
        }
      }
      handOver(publish)
      if hasFailed { restart(at: rows.upperBound - 1, publish) }
    }
    queue.take(count)
  }

  /// The rows that step with this frame.
  func schedule(_ frame: Int64, _ row: (StepSchedule.Row) -> Void) {
    counts.leaveOut(windows: plan.regime.schedule.take(frame, &state.schedule, row))
  }

  /// The window that is whole with this frame.
  func window(endingAt frame: Int64) -> Int64? { plan.regime.schedule.window(endingAt: frame, state.schedule) }

  /// The newest T frames, (T, D).
  func withWindow(_ body: (UnsafeBufferPointer<Float>) -> Void) {
    let size = plan.regime.windowLength * state.window.features
    state.window.withNewest { body(UnsafeBufferPointer(rebasing: $0.suffix(size))) }
  }

  // MARK: scores come back

  /// A row whose scores count has them.
  ///
  /// - Parameter hidden: what the event stage wants to know of this step; nil where it wants nothing.
  func settle(
    _ entry: Batch.Entry, scores: UnsafeBufferPointer<Float>, hidden: UnsafeBufferPointer<Float>?,
    _ publish: Publish
  ) {
    let frame = entry.frame
    if let window = window(endingAt: frame) {
      plan.regime.schedule.settle(window: window, &state.schedule)
      settle(step: window, frame: frame, scores: scores, publish)
    } else if let step = plan.networkTime.output(atFrame: frame) {
      if plan.eventStage == nil {
        settle(step: step, frame: frame, scores: scores, publish)
      } else if !settleEvents(step: step, frame: frame, scores: scores, hidden: hidden, publish) {
        restart(at: frame, publish)
      }
    }
  }

  /// A window that was evaluated whole.
  func settle(window: Int64, _ result: WindowBatch.Result, _ publish: Publish) {
    let frame = plan.clock.grid.newestFrame(of: window)
    switch result {
    case .failed:
      counts.leaveOut(windows: plan.regime.schedule.leaveOut(window, &state.schedule))
      tellNonFinite(at: frame, publish)
    case .scores(let scores, let length):
      plan.regime.schedule.settle(window: window, &state.schedule)
      if let shape = plan.regime.sequence {
        settle(sequence: scores, shape, length: length, window: window, frame: frame, publish)
      } else {
        settle(step: window, frame: frame, scores: scores, publish)
      }
    }
  }

  /// A row gave something that is not finite, so the network kept its old state. What is carried starts fresh, and says
  /// so; a window is left out.
  func settleFailure(_ entry: Batch.Entry, _ publish: Publish) {
    if entry.row.counts, !plan.regime.schedule.isWindowed { return restart(at: entry.frame, publish) }
    counts.leaveOut(windows: plan.regime.schedule.fail(entry.row, at: entry.frame, &state.schedule))
    if plan.regime.schedule.isWindowed { tellNonFinite(at: entry.frame, publish) }
  }

  /// Scores of step `step`, decided with `frame`.
  private func settle(
    step: Int64, frame: Int64, scores: UnsafeBufferPointer<Float>, _ publish: Publish
  ) {
    withComposer { settle(step: step, frame: frame, scores: scores, &$0, publish) }
    handOver(publish)
  }

  private func settle(
    step: Int64, frame: Int64, scores: UnsafeBufferPointer<Float>, _ composer: inout LabelComposer, _ publish: Publish
  ) {
    composer.isWarming = frame < state.warmUntil
    var isWithheld = false
    plan.withDecision {
      $0.settle(step: step, scores: head(scores), state: &state.decision) { decision, scores in
        let isPublished = composer.compose(decision, scores, step: step, clock: plan.clock) {
          say($0, publish)
        }
        if !isPublished { isWithheld = true }
      }
    }
    guard isWithheld else { return }
    // A class that nobody was told of is news still.
    state.decision.forgetLabel()
    if plan.regime.schedule.isWindowed, plan.decision.emit == .every { counts.leaveOut(windows: 1) }
  }

  private func settle(
    sequence scores: UnsafeBufferPointer<Float>, _ shape: LaneRegime.SequenceShape, length: Int, window: Int64,
    frame: Int64, _ publish: Publish
  ) {
    let width = scores.count / shape.steps
    var isPublished = false
    withComposer { composer in
      composer.isWarming = frame < state.warmUntil
      isPublished = composer.compose(window: window, clock: plan.clock) { steps, names in
        for step in 0..<length {
          let scores = head(UnsafeBufferPointer(rebasing: scores[step * width..<(step + 1) * width]))
          let (id, p) = plan.decision.classify(scores)
          steps.append(id.map { names[$0] } ?? "unknown", id: id, p: p, scores: scores)
        }
      } _: {
        say($0, publish)
      }
    }
    handOver(publish)
    if !isPublished { counts.leaveOut(windows: 1) }
  }

  /// The deciding head's scores.
  func head(_ scores: UnsafeBufferPointer<Float>) -> UnsafeBufferPointer<Float> {
    UnsafeBufferPointer(rebasing: scores[plan.head])
  }

  /// Lends the composer what it needs of the state for labels.
  func withComposer(_ body: (inout LabelComposer) -> Void) {
    speak { composer in
      swap(&composer.missing, &state.missing)
      body(&composer)
      swap(&composer.missing, &state.missing)
    }
  }

  private func speak(_ body: (inout LabelComposer) -> Void) {
    composer.composer.turn(to: self, sequence: state.nextSequence)
    composer.composer.exchange(scores: &scores)
    body(&composer.composer)
    composer.composer.exchange(scores: &scores)
    state.nextSequence = composer.composer.nextSequence
  }

  // MARK: turns

  private func take(_ turn: FrameQueue.Turn, _ publish: Publish) {
    switch turn {
    case .gap(let range, let reason, let wasReset):
      let frame = firstFrame(after: range.upperBound)
      releaseAll(publish)
      state.warmUntil = max(state.warmUntil, frame + (wasReset ? plan.framesToWarm : plan.framesToSettle))
      state.window.breakOff()
      counts.leaveOut(windows: plan.regime.schedule.interrupt(&state.schedule, at: frame))
      tell(.gap, reason.rawValue, range, publish)
    case .reset(let range, let reason): reset(reason, over: range, publish)
    case .missing(let range, let quality): state.missing.add(range, quality: quality)
    case .left(let index):
      releaseAll(publish)
      giveUp(at: index)
    case .end(let index):
      releaseAll(publish)
      giveUp(at: index)
      tell(.end, "end", index..<index, publish)
    }
  }

  /// What is open gets no more.
  private func giveUp(at index: Int64) {
    forgetDecision()
    counts.leaveOut(windows: plan.regime.schedule.interrupt(&state.schedule, at: firstFrame(after: index)))
  }

  private func reset(
    _ reason: ResetReason, over range: Range<Int64>, _ publish: Publish
  ) {
    let frame = firstFrame(after: range.upperBound)
    for slot in states.slots { states.bank?.reset(slot) }
    if let slot = states.eventSlot { states.judge?.reset(slot) }
    forgetDecision()
    releaseAll(publish)
    state.window.breakOff()
    counts.leaveOut(windows: plan.regime.schedule.reset(&state.schedule, at: frame))
    state.warmUntil = frame + plan.framesToWarm
    counts.resets += 1
    tell(.reset, reason.rawValue, range, publish)
  }

  /// What is carried became something that is not finite with this frame, or would have.
  private func restart(at frame: Int64, _ publish: Publish) {
    let index = plan.clock.newestIndex(ofFrame: frame)
    reset(.nonFinite, over: index..<index + 1, publish)
  }

  /// One or more windows became something that is not finite with this frame.
  private func tellNonFinite(at frame: Int64, _ publish: Publish) {
    guard state.lastFailure != frame else { return }
    state.lastFailure = frame
    counts.resets += 1
    let index = plan.clock.newestIndex(ofFrame: frame)
    tell(.reset, ResetReason.nonFinite.rawValue, index..<index + 1, publish)
  }

  /// Says that the lane is open.
  func tellStart(_ session: Session, _ publish: Publish) {
    speak { $0.status(.start, reason: session.cause.rawValue, range: session.start..<session.start) { publish($0, 0) } }
  }

  /// Says that nothing comes; no state changes and no seq is taken.
  func tellStale(at index: Int64, _ publish: Publish) {
    speak {
      $0.status(.stale, reason: "silent", range: index..<index) { label in
        // The next seq is that of the label that waits, if one does.
        guard let first = state.waiting.first else { return publish(label, 0) }
        var label = label
        label.sequence = first.sequence
        publish(label, 0)
      }
    }
  }

  private func tell(
    _ status: LabelMessage.Status, _ reason: String, _ range: Range<Int64>, _ publish: Publish
  ) {
    speak { $0.status(status, reason: reason, range: range) { say($0, publish) } }
    handOver(publish)
  }

  private func firstFrame(after index: Int64) -> Int64 { plan.conditioner.frames(upTo: index) }

  private func forgetDecision() {
    let discarded = plan.decision.reset(&state.decision)
    counts.candidatesDiscarded += Int64(discarded.candidates)
    if state.events?.reset() == true { counts.candidatesDiscarded += 1 }
  }
}
