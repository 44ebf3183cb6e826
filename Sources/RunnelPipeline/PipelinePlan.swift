import RunnelCore
import RunnelInference
import RunnelLabels
import RunnelSignal

/// One pipeline of a configuration, before any stream has come: which model, on which channels, by which rules.
public struct PipelinePlan: Sendable {
  public enum Binding: Sendable, Hashable {
    /// One lane per channel; nil takes every channel of the stream.
    case each([String]?)
    /// One lane per stream: model input by name → channel by name. Labels carry the group's name as channel.
    case group(name: String, channels: [String: String])
  }

  public var name: String
  public var model: Model
  public var binding: Binding
  public var rule: DecisionRule
  public var gap: GapSettings
  /// Raw values that stand for a missing sample.
  public var missing: [Double]
  /// Physical values outside are missing (`lead-off`), in the channel's own unit.
  public var range: ClosedRange<Double>?
  /// Seconds without change after which a signal is missing (`lead-off`).
  public var flat: Double?
  /// Units of channels that declare none.
  public var units = ChannelUnits()
  /// Nanoseconds for which a batch waits for more lanes.
  public var linger: Int64 = 0
  /// What goes with each label; nil for nothing.
  public var attach: AttachSettings?
  /// Which states step when, and where the outputs lie.
  let regime: LaneRegime

  /// - Parameters:
  ///   - rule: nil takes the model's own.
  ///   - hop: carried, outputs from label to label; windowed, frames from the start of a window to the start of the
  ///     next. nil takes the model's own.
  ///   - maxStateAge: seconds after which a freshly warmed state takes over; nil takes the model's own.
  public init(
    name: String, model: Model, binding: Binding = .each(nil), rule: DecisionRule? = nil,
    gap: GapSettings = GapSettings(), missing: [Double] = [], range: ClosedRange<Double>? = nil, flat: Double? = nil,
    hop: Int? = nil, maxStateAge: Double? = nil
  ) throws(Refusal) {
    self.name = name
    self.model = model
    self.binding = binding
    self.rule = rule ?? model.description.decide
    self.gap = gap
    self.missing = missing
    self.range = range
    self.flat = flat
    do throws(RegimeError) {
      regime = try LaneRegime(model.description, hop: hop, maxStateAge: maxStateAge)
    } catch { throw Refusal(.malformed, "pipeline '\(name)': \(error)") }
    try checkInputs()
    try checkRule()
    _ = try decision()
  }

  /// Whether a lane's frames may be stepped one after the other before the first is settled: each has one row, and what its
  /// scores lead to does not change the state.
  var takesStretches: Bool { regime.schedule.way == .carried && model.eventStage == nil }

  /// The channel each lane would have on such a session.
  ///
  /// - Throws: why no lane can be made of it.
  public func lanes(on session: Session) throws(Refusal) -> [String] {
    _ = try LanePlan(self, session: session, inputs: model.description.inputs.count)
    return try bindings(session).map(\.channel)
  }

  /// The deciding head's place among the network's outputs, and its rule in steps.
  func decision() throws(Refusal) -> (Range<Int>, DecisionPlan) {
    let description = model.description
    var start = 0
    for head in description.heads {
      let range = start..<start + head.labels.count
      start = range.upperBound
      guard rule.head == nil || rule.head == head.name else { continue }
      do {
        return (
          range,
          try DecisionPlan(
            rule: rule, labels: head.labels, rate: regime.outputRate, hop: regime.hop,
            spansJumps: !regime.schedule.isWindowed)
        )
      } catch { throw Refusal(.malformed, "pipeline '\(name)': \(error)") }
    }
    let names = description.heads.map(\.name).joined(separator: ", ")
    throw Refusal(.malformed, "pipeline '\(name)': the model has no head '\(rule.head ?? "")' (it has: \(names))")
  }

  /// Some models leave a pipeline less choice than others.
  private func checkRule() throws(Refusal) {
    if regime.sequence != nil, rule.emit != .every || rule.smooth != .none {
      throw Refusal(
        .malformed,
        "pipeline '\(name)': the model publishes a sequence with every window, so its rule is emit: every without smooth"
      )
    }
    guard model.description.eventStage != nil else { return }
    let own = model.description.decide
    guard rule.emit == .peaks, rule.head == own.head else {
      throw Refusal(
        .malformed,
        "pipeline '\(name)': the model's event stage judges the peaks of its own head, so the rule is emit: peaks with the "
          + "head of the model")
    }
  }

  /// What goes with a label is of a size that a message has.
  public func checkAttachment() throws(Refusal) {
    guard let attach else { return }
    let rate = model.description.rate
    let values = ((attach.before + attach.after) * rate + 1) * Double(model.description.inputs.count)
    guard values <= Double(AttachSettings.mostValues) else {
      throw Refusal(
        .malformed,
        "pipeline '\(name)': attach asks for \(Int(values)) samples with each label, at \(rate) Hz; at most "
          + "\(AttachSettings.mostValues) go: give less before or after")
    }
  }

  private func checkInputs() throws(Refusal) {
    let names = model.description.inputs.map(\.name)
    switch binding {
    case .each:
      guard names.count != 1 else { return }
      throw Refusal(
        .channelMissing,
        "pipeline '\(name)': the model has \(names.count) inputs (\(names.joined(separator: ", "))): bind them with "
          + "group: {\(names.map { "\($0): CHANNEL" }.joined(separator: ", "))}")
    case .group(_, let channels):
      guard Set(channels.keys) != Set(names) else { return }
      throw Refusal(
        .channelMissing,
        "pipeline '\(name)': group binds \(channels.keys.sorted().joined(separator: ", ")), but the model's inputs are "
          + names.joined(separator: ", "))
    }
  }
}
