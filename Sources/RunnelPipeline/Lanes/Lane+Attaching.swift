import RunnelCore
import RunnelWire

/// A lane whose labels carry what the network saw around them.
///
///     composed ─▶ said ─▶ waiting (until the frames after it have come, or a gap, a reset or the end) ─▶ publish
///
/// The order of labels and statuses, and so their seq, stays as they were composed.
extension Lane {
  /// Takes a message that was composed while parts of the state are lent; `handOver` follows.
  func say(_ label: LabelMessage, _ publish: Publish) {
    if plan.attach == nil { publish(label, arrived) } else { said.append(label) }
  }

  /// Publishes what was said, or has it wait.
  func handOver(_ publish: Publish) {
    guard !said.isEmpty else { return }
    for label in said { state.waiting.append(label) }
    said.removeAll(keepingCapacity: true)
    releaseComplete(publish)
  }

  /// Publishes the labels whose frames have all come, and of too many the oldest.
  func releaseComplete(_ publish: Publish) {
    guard let attach = plan.attach else { return }
    while let label = state.waiting.first {
      let isComplete = !label.isDecision || attach.frame(at: label.at ?? 0) + attach.after < state.window.nextStep
      guard isComplete || state.waiting.count > attach.mostWaiting else { return }
      release(attach, publish)
    }
  }

  /// No frame follows those that have come: what waits goes with what there is.
  func releaseAll(_ publish: Publish) {
    guard let attach = plan.attach else { return }
    while !state.waiting.isEmpty { release(attach, publish) }
  }

  private func release(_ attach: AttachPlan, _ publish: Publish) {
    var label = state.waiting.removeFirst()
    if label.isDecision { label.attachment = attachment(around: attach.frame(at: label.at ?? 0), attach) }
    publish(label, arrived)
  }

  private func attachment(around frame: Int64, _ attach: AttachPlan) -> LabelAttachment {
    let wanted = frame - attach.before..<frame + attach.after + 1
    let (steps, values) = state.window.frames(of: wanted, around: frame)
    return LabelAttachment(
      first: steps.lowerBound, rate: attach.rate, columns: state.window.features, rows: steps.count, values: values,
      isCut: steps.count < wanted.count,
      timestamp: steps.isEmpty ? nil : composer.composer.anchor?.time(of: attach.index(of: steps.lowerBound)))
  }
}
