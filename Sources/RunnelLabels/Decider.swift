import RunnelCore

/// Settling: from the scores of one step to the decisions they bring about. Pure, and it allocates nothing.
///
///     scores → smooth → every, change:  a label on the hop grid
///                     → events:         one machine per class → onset, offset
///                     → peaks:          candidate → point
///
/// **Jumps.** Durations are measured on the grid, by step index. Where a step does not follow the last one (frames
/// were skipped across a gap that was carried), what was missed is no evidence for anything: smoothing starts anew,
/// an open peak is closed at its last step and settled, runs towards `min_on` and `min_off` start again. An event
/// that is on stays on, the refractory time goes on by index, and a majority's class stands.
extension DecisionPlan {
  /// Takes the K scores of one step; `emit` is called for each decision, in order, with its K scores, which it may
  /// read until it returns. At most two decisions for peaks, one per class for events, one otherwise.
  public func settle(
    step: Int64, scores: UnsafeBufferPointer<Float>, state: inout DecisionState,
    emit: (Decision, UnsafeBufferPointer<Float>) -> Void
  ) {
    precondition(scores.count == labels.count, "a step has one score per label")
    precondition(step >= 0 && step > state.lastStep ?? -1, "steps go forward")
    if let last = state.lastStep, step != last + 1 { jump(&state, emit) }
    state.lastStep = step
    if state.unlabelledFrom == nil { state.unlabelledFrom = step }
    state.ring.push(step: step, scores: scores)
    if smoothing == .none {
      decide(step, scores, &state, emit)
    } else {
      // Moved out for the while, so that the rest of the state can be written beside it without a copy.
      var smoothed: [Float] = []
      swap(&smoothed, &state.smoothed)
      state.ring.mean(into: &smoothed)
      smoothed.withUnsafeBufferPointer { decide(step, $0, &state, emit) }
      swap(&smoothed, &state.smoothed)
    }
  }

  /// The class of one step for itself, whatever came before it: the largest score, and nil where that is below
  /// `unknown_below`.
  public func classify(_ scores: UnsafeBufferPointer<Float>) -> (classIndex: Int?, score: Float) {
    precondition(scores.count == labels.count, "a step has one score per label")
    guard let leader = scores.indexOfLargest() else { return (nil, .nan) }
    return (scores[leader] >= unknownBelow ? leader : nil, scores[leader])
  }

  /// Forgets everything but the two counters, and says what was thrown away. Also the end of a stream.
  public func reset(_ state: inout DecisionState) -> DecisionState.Discarded { state.clear() }

  private typealias Emit = (Decision, UnsafeBufferPointer<Float>) -> Void

  private func jump(_ state: inout DecisionState, _ emit: Emit) {
    if state.candidate.isOpen { settlePeak(&state, emit) }
    state.ring.clear()
    if !spansJumps { state.unlabelledFrom = nil }
    for index in state.machines.indices { state.machines[index].interrupt() }
  }

  private func decide(
    _ step: Int64, _ scores: UnsafeBufferPointer<Float>, _ state: inout DecisionState, _ emit: Emit
  ) {
    switch self.emit {
    case .every, .change: decideLabel(step, scores, &state, emit)
    case .events: decideEvents(step, scores, &state, emit)
    case .peaks: decidePeak(step, scores, &state, emit)
    }
  }

  // MARK: every, change

  /// `change` is `every` without the labels whose class is that of the one before.
  private func decideLabel(
    _ step: Int64, _ scores: UnsafeBufferPointer<Float>, _ state: inout DecisionState, _ emit: Emit
  ) {
    if case .majority(let needed) = smoothing {
      state.standing = state.ring.majority(needed: needed, votes: &state.votes) ?? state.standing
    }
    // step % hop == hop − 1 is (step + 1) % hop == 0 without its overflow at the largest step.
    guard step % hop == hop - 1 else { return }
    let leader = smoothing.isMajority ? state.standing : scores.indexOfLargest()
    let score = scores[leader ?? scores.indexOfLargest() ?? 0]
    let label = score >= unknownBelow ? leader : nil
    if self.emit == .change, state.lastClass == .some(label) { return }
    let first = state.unlabelledFrom ?? step
    state.unlabelledFrom = step + 1
    state.lastClass = .some(label)
    emit(
      Decision(
        kind: .label, position: step - state.ring.lag, firstStep: first, lastStep: step, classIndex: label,
        score: score), scores)
  }

  // MARK: events

  /// Offsets before onsets, so that of two classes that follow each other the old one ends first.
  private func decideEvents(
    _ step: Int64, _ scores: UnsafeBufferPointer<Float>, _ state: inout DecisionState, _ emit: Emit
  ) {
    advanceMachines(thatAre: true, step, scores, &state, emit)
    advanceMachines(thatAre: false, step, scores, &state, emit)
  }

  /// A machine that the first pass turned off is met again by the second and stays as it is: a score below `leave`
  /// is below `enter`.
  private func advanceMachines(
    thatAre on: Bool, _ step: Int64, _ scores: UnsafeBufferPointer<Float>, _ state: inout DecisionState, _ emit: Emit
  ) {
    for k in scores.indices where k != noneIndex && state.machines[k].isOn == on {
      let lag = state.ring.lag
      let restsFrom = state.ring.firstStep
      let turns = state.machines[k].advance(
        step: step, score: scores[k], lag: lag, restsFrom: restsFrom, plan: self)
      guard turns else { continue }
      let run = state.machines[k].run
      let number = on ? state.machines[k].event : state.nextEvent
      state.machines[k].turn(event: number)
      if !on { state.nextEvent += 1 }
      emit(
        Decision(
          kind: on ? .offset : .onset, position: run.position, firstStep: run.restsFrom, lastStep: step,
          classIndex: k, score: scores[k], event: number), scores)
    }
  }

  // MARK: peaks

  private func decidePeak(
    _ step: Int64, _ scores: UnsafeBufferPointer<Float>, _ state: inout DecisionState, _ emit: Emit
  ) {
    let s = 1 - scores[noneIndex!]
    if state.candidate.isOpen, !(s >= leave) {
      settlePeak(&state, emit)
    } else if state.candidate.isOpen || s >= enter {
      if !state.candidate.isOpen { state.candidate.open(step: step, restsFrom: state.ring.firstStep) }
      state.candidate.extend(step: step, lag: state.ring.lag, s: s, scores: scores)
      if state.candidate.width >= maxWidthSteps { settlePeak(&state, emit) }
    }
  }

  /// Closes the candidate: a point, or dropped where it is closer than `refractory` to the last one emitted.
  private func settlePeak(_ state: inout DecisionState, _ emit: Emit) {
    defer { state.candidate.close() }
    let position = state.candidate.position
    if let last = state.lastPoint, position - last < refractorySteps {
      state.candidatesDropped += 1
      return
    }
    state.candidate.computeMeans()
    let leader = state.candidate.means.withUnsafeBufferPointer { $0.indexOfLargest(besides: noneIndex) }
    let score = leader.map { state.candidate.means[$0] } ?? .nan
    let decision = Decision(
      kind: .point, position: position, peak: state.candidate.peak,
      firstStep: max(state.candidate.restsFrom, (state.lastPointEnd ?? -1) + 1), lastStep: state.candidate.last,
      classIndex: score >= unknownBelow ? leader : nil, score: score, event: state.nextEvent)
    state.lastPoint = position
    state.lastPointEnd = state.candidate.last
    state.nextEvent += 1
    state.candidate.means.withUnsafeBufferPointer { emit(decision, $0) }
  }
}

extension DecisionPlan.Smoothing {
  var isMajority: Bool { if case .majority = self { true } else { false } }
}
