import RunnelCore
import RunnelInference
import RunnelPipeline

extension Assembler {
  mutating func pipeline(_ name: String, _ section: ConfigurationSection) -> PipelineConfiguration? {
    guard !section.isBroken else { return nil }
    let input = reference("from", to: "streams", section)
    let model = reference("model", to: "models", section)
    let lanes = lanes(section, of: input)
    let gap = gap(section)
    let decide = decide(section)
    guard let input, let model, let lanes, let gap, let linger = section.number("linger") else { return nil }
    return PipelineConfiguration(
      name: name, input: input, model: model, lanes: lanes, gap: gap, decide: decide,
      regime: section.text("regime").flatMap(ModelDescription.Regime.init), window: section.integer("window"),
      hop: section.integer("hop"), maxStateAge: section.number("max_state_age"), linger: linger,
      attach: attach(section))
  }

  private mutating func attach(_ section: ConfigurationSection) -> AttachSettings? {
    guard let written = section.sections["attach"], !written.isBroken else { return nil }
    // One that is there and wrong has been reported.
    let (before, after) = (written.number("before") ?? 0, written.number("after") ?? 0)
    if !written.has("before") || written.values["before"] != nil,
      !written.has("after") || written.values["after"] != nil,
      before == 0, after == 0
    {
      findings.error(
        .contradiction, at: written.place,
        "\(written.path) asks for nothing; give before: 1s or after: 1s, or take it out")
    }
    return AttachSettings(before: before, after: after)
  }

  /// A name that must stand in another section.
  private mutating func reference(_ key: String, to target: String, _ section: ConfigurationSection) -> String? {
    guard let name = section.text(key) else { return nil }
    let names = entries(target).map(\.name)
    guard !names.isEmpty, !names.contains(name) else { return name }
    let near = Suggestion.nearest(to: name, among: names)
    let remedy =
      near.map { "did you mean '\($0)'?" }
      ?? "there \(names.count == 1 ? "is" : "are") \(Phrase.list(Array(names.prefix(8)), "and"))"
    findings.error(
      .reference, at: section.place(of: key), "\(target) has no \(Printable.quoted(name)); \(remedy)", suggestion: near)
    return nil
  }

  private mutating func lanes(_ section: ConfigurationSection, of input: String?) -> PipelineConfiguration.Lanes? {
    if let group = section.keyPlaces["group"] {
      for key in ["channels", "each"] {
        guard let other = section.keyPlaces[key] else { continue }
        findings.error(
          .contradiction, at: max(group, other),
          "\(section.path) has both 'group' and '\(key)'; 'group' names its channels itself: keep one")
      }
      guard let bindings = section.sections["group"]?.named else { return nil }
      for (_, binding) in bindings {
        checkChannel(binding.text("channel") ?? "", of: input, at: binding.place(of: "channel"))
      }
      return .group(bindings.map { .init(input: $0.name, channel: $0.section.text("channel") ?? "") })
    }
    guard case .names(let names) = section["channels"] else { return .everyChannel }
    for (index, name) in names.enumerated() {
      let place = place(of: index, in: section, "channels")
      if names[..<index].contains(name) {
        findings.error(
          .contradiction, at: place, "channel \(Printable.quoted(name)) stands twice in this list; keep one")
      }
      checkChannel(name, of: input, at: place)
    }
    return .channels(names)
  }

  /// Where the configuration itself lists a stream's channels, a pipeline can only take those.
  private mutating func checkChannel(_ name: String, of input: String?, at place: Place) {
    guard let stream = entries("streams").first(where: { $0.name == input })?.section,
      let declared = stream.sections["channels"]?.named.map(\.name), !declared.isEmpty, !declared.contains(name)
    else { return }
    let near = Suggestion.nearest(to: name, among: declared)
    let remedy = near.map { "did you mean '\($0)'?" } ?? "it has \(Phrase.list(Array(declared.prefix(8)), "and"))"
    findings.error(
      .reference, at: place, "\(stream.path) has no channel \(Printable.quoted(name)); \(remedy)", suggestion: near)
  }

  private mutating func gap(_ section: ConfigurationSection) -> GapConfiguration? {
    let written = section.sections["gap"]
    let section = written ?? ConfigurationSection(path: "", pattern: section.pattern + ["gap"], place: section.place)
    guard case .fill(let fill) = section["fill"], let carry = section.number("carry") else { return nil }
    if fill.seconds > carry {
      let key = section.has("carry") ? "carry" : "fill"
      findings.error(
        .contradiction, at: section.place(of: key),
        "'fill' reaches \(Dimension.duration.text(fill.seconds)) and 'carry' only \(Dimension.duration.text(carry)); a gap that is filled is carried over too, so carry is at least \(Dimension.duration.text(fill.seconds))"
      )
    }
    return GapConfiguration(fill: fill, carry: carry)
  }

  private mutating func decide(_ section: ConfigurationSection) -> DecisionOverride {
    guard let rule = section.sections["decide"] else { return DecisionOverride() }
    let emit = rule.text("emit").flatMap(DecisionRule.Emit.init)
    if let emit { checkUse(of: rule, emit) }
    let (enter, leave) = (rule.number("enter"), rule.number("leave"))
    if let enter, let leave, leave > enter {
      findings.error(
        .contradiction, at: max(rule.place(of: "enter"), rule.place(of: "leave")),
        "'leave' (\(Phrase.number(leave))) is above 'enter' (\(Phrase.number(enter))); what opens at 'enter' would close at once: leave is at most enter"
      )
    }
    let smooth: DecisionRule.Smoothing? = if case .smoothing(let smoothing) = rule["smooth"] { smoothing } else { nil }
    return DecisionOverride(
      emit: emit, head: rule.text("head"), none: rule.text("none"), enter: enter, leave: leave,
      minOn: rule.number("min_on"), minOff: rule.number("min_off"), refractory: rule.number("refractory"),
      maxWidth: rule.number("max_width"), smooth: smooth, unknownBelow: rule.number("unknown_below"))
  }

  /// A key without effect is a contradiction: whoever wrote it meant something.
  private mutating func checkUse(of rule: ConfigurationSection, _ emit: DecisionRule.Emit) {
    let uses: [(key: String, emits: [DecisionRule.Emit])] = [
      ("none", [.events, .peaks]), ("enter", [.events, .peaks]), ("leave", [.events, .peaks]), ("min_on", [.events]),
      ("min_off", [.events]), ("refractory", [.peaks]), ("max_width", [.peaks]),
    ]
    for (key, emits) in uses where !emits.contains(emit) {
      guard let place = rule.keyPlaces[key] else { continue }
      findings.error(
        .contradiction, at: place,
        "'\(key)' does nothing where emit is \(emit.rawValue); it is for \(Phrase.list(emits.map(\.rawValue), "and")): take it out, or change emit"
      )
    }
  }
}
