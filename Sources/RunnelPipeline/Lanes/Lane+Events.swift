import RunnelInference
import RunnelLabels

/// A lane whose events are judged by a second network.
///
///     scores ─▶ decision: a peak ─▶ features ─▶ (with wait: when the next event has come) stage ─▶ its class is the label
///                 hidden at the largest s ───▲
extension Lane {
  /// As `settle`, for a model with an event stage.
  /// - Returns: false where the stage gave something that is not finite.
  func settleEvents(
    step: Int64, frame: Int64, scores: UnsafeBufferPointer<Float>, hidden: UnsafeBufferPointer<Float>?,
    _ publish: Publish
  ) -> Bool {
    // Moved out for the while, so that an event can be judged while the decision's memory is being written.
    var moved: EventStageState?
    swap(&moved, &state.events)
    guard var events = moved, let stage = plan.eventStage else { preconditionFailure("a lane with an event stage") }
    moved = nil
    var isSound = true
    withComposer { composer in
      composer.isWarming = frame < state.warmUntil
      plan.decision.settle(step: step, scores: head(scores), state: &state.decision) { decision, means in
        let isHere = decision.peak == step
        let isReady = events.push(decision, means, rate: stage.rate, hidden: isHere ? hidden : nil)
        guard let event = isReady ? events.due(decision, waits: stage.waits, isWarming: composer.isWarming) : nil else {
          events.wait(decision, isWarming: composer.isWarming)
          return
        }
        eventObserver?(
          ObservedEvent(
            at: plan.clock.position(ofStep: event.decision.position), isWarming: event.isWarming,
            features: events.features.vector))
        guard let judged = judge(events.features.vector) else {
          isSound = false
          return
        }
        announce(event, judged, stage, &events, step: step, &composer, publish)
      }
    }
    handOver(publish)
    // The step may be the largest so far of the peak that is open now.
    if let hidden, state.decision.openPeak == step { events.keep(hidden) }
    state.events = events
    return isSound
  }

  private func judge(_ features: [Float]) -> UnsafeBufferPointer<Float>? {
    guard let judge = states.judge, let slot = states.eventSlot else { preconditionFailure("an event has a judge") }
    return judge.judge(features, slot: slot)
  }

  private func announce(
    _ event: EventStageState.Waiting, _ scores: UnsafeBufferPointer<Float>, _ stage: EventStagePlan,
    _ events: inout EventStageState, step: Int64, _ composer: inout LabelComposer, _ publish: Publish
  ) {
    guard let leader = scores.indexOfLargest(), leader != stage.none else { return }
    var decision = event.decision
    (decision.classIndex, decision.score, decision.event) = (leader, scores[leader], events.nextEvent)
    let isWarming = composer.isWarming
    composer.isWarming = event.isWarming
    let isPublished = composer.compose(decision, scores, step: step, clock: plan.clock) {
      say($0, publish)
    }
    composer.isWarming = isWarming
    if isPublished { events.nextEvent += 1 }
  }
}
