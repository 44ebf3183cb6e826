import RunnelCore
import RunnelWire

extension Discovery {
  /// The findings, a line each; details are indented.
  public var words: [String] {
    var lines = [
      "\(endpoint): \(Phrase.count(messages, "message")) in \(Phrase.number(seconds)) s, \(Phrase.count(topics.count, "topic"))"
    ]
    for topic in topics {
      lines.append("  \(topic.topicText): \(Self.traffic(topic))")
      lines += details(topic).map { "    \($0)" }
    }
    if beyondLimit > 0 { lines.append("  \(beyondLimit) messages under more than \(Discoverer.topicLimit) topics") }
    if tooManyParts > 0 { lines.append("  \(tooManyParts) messages of more than 16 parts, which no format has") }
    return lines
  }

  private static func traffic(_ topic: TopicFinding) -> String {
    let sizes = topic.parts.map { $0.count == 1 ? "\($0.lowerBound)" : "\($0.lowerBound)…\($0.upperBound)" }
    let rate = topic.messageRate.map { "\(Phrase.figures($0)) messages/s" } ?? Phrase.count(topic.messages, "message")
    let parts =
      topic.fewestParts == topic.parts.count
      ? Phrase.count(topic.parts.count, "part") : "\(topic.fewestParts)…\(topic.parts.count) parts"
    return "\(name(of: topic)), \(rate) of \(parts) (\(sizes.joined(separator: " + ")) bytes)"
  }

  private static func name(of topic: TopicFinding) -> String {
    switch topic.format {
    case .samples: topic.signal?.elements.isEmpty == false ? "runnel samples" : "runnel heartbeats"
    case .description: "runnel description"
    case .labels: "runnel labels"
    case .conditioned: "runnel conditioned samples"
    case .verdicts: "runnel verdicts"
    case .raw: "raw bytes"
    default: topic.format.rawValue
    }
  }

  private func details(_ topic: TopicFinding) -> [String] {
    var lines: [String] = []
    if let signal = topic.signal { lines += details(signal, of: topic) }
    if let description = topic.description { lines.append(Self.words(of: description)) }
    if let labels = topic.labels { lines.append(Self.words(of: labels)) }
    if let raw = topic.raw { lines += Self.words(of: raw, format: topic.format) }
    if let example = topic.example { lines.append("for example \(example)") }
    if let found = topic.openEphys { lines.append(Self.words(of: found)) }
    if let map = topic.map { lines.append(Self.words(of: map)) }
    if let mistake = topic.firstMistake {
      lines.append(
        "\(topic.unreadable) of \(topic.messages) cannot be read; the first: \(Printable.text("\(mistake)".unicodeScalars))"
      )
    }
    if let remark = topic.format.remark { lines.append("this is \(remark)") }
    if topic.format == .pickle { lines += Pickle.replacement.map { "  \($0)" } }
    return lines
  }

  private func details(_ signal: SignalFinding, of topic: TopicFinding) -> [String] {
    guard !signal.elements.isEmpty else { return ["no samples came"] }
    let turned = !topic.format.isOwn && signal.isChannelMajor
    let channels = signal.channels(channelMajor: turned) ?? 0
    let measured = signal.measuredRate(channelMajor: turned).map { "\(Phrase.figures($0)) rows/s measured" }
    let declared = signal.declaredRate.map { $0 == 0 ? "declared irregular" : "\(Phrase.number($0)) Hz declared" }
    let types = signal.elements.map(\.name).joined(separator: ", ")
    let shape = turned ? " (shape [channels, rows], as it seems)" : ""
    var lines = [
      "\(Phrase.count(channels, "channel")) of \(types)\(shape), "
        + ([measured, declared].compactMap { $0 } + (measured == nil && declared == nil ? ["rate unknown"] : []))
        .joined(separator: ", ")
    ]
    lines.append(Self.words(of: signal))
    if topic.format.isOwn, !StreamDescriptionFinding(of: topic, among: topics).isDescribed {
      lines.append("no description came under m/…/: channels have no names or units yet")
    }
    return lines
  }

  private static func words(of signal: SignalFinding) -> String {
    let order = signal.order
    guard order.hasSequence || order.hasIndex else {
      return "no sequence numbers and no indexes: loss cannot be seen"
    }
    var facts: [String] = []
    if order.gaps == 0 {
      facts.append("no gaps")
    } else {
      let rows = order.hasIndex ? ", \(Phrase.count(Int(order.rowsLost), "row"))" : ""
      let messages = order.hasSequence ? ", \(Phrase.count(Int(order.messagesLost), "message"))" : ""
      facts.append("\(Phrase.count(order.gaps, "gap"))\(messages)\(rows) lost")
    }
    if order.discontinuities > 0 { facts.append("\(order.discontinuities) discontinuities flagged") }
    if order.older > 0 { facts.append("\(order.older) messages older than what had come") }
    if order.epochs.count > 1 { facts.append("\(order.epochs.count) epochs: restarts, or two publishers of one name") }
    if signal.droppedByPublisher > 0 { facts.append("\(signal.droppedByPublisher) messages dropped by the publisher") }
    if let endpoint = signal.replayEndpoint {
      facts.append("replayed at \(Printable.text(endpoint.unicodeScalars))")
    }
    if signal.ends > 0 { facts.append("it ended") }
    return facts.joined(separator: "; ")
  }

  private static func words(of description: StreamDescription) -> String {
    let channels = description.channels.prefix(16).map { "\($0.name)\($0.unit.map { " [\($0)]" } ?? "")" }
    let rest = description.channels.count > 16 ? ", … (\(description.channels.count))" : ""
    let extra = [
      description.rate.map { "\(Phrase.number($0)) Hz" }, description.device.map { "device '\($0)'" },
      description.synthetic == true ? "synthetic" : nil,
    ].compactMap { $0 }
    let text =
      "channels \(channels.joined(separator: ", "))\(rest)\(extra.isEmpty ? "" : "; ")\(extra.joined(separator: ", "))"
    return Printable.text(text.unicodeScalars)
  }

  private static func words(of labels: LabelFinding) -> String {
    let classes = labels.classes.sorted { $0.value > $1.value || $0.value == $1.value && $0.key < $1.key }
    let text = classes.prefix(12).map { "\($0.key) ×\($0.value)" }.joined(separator: ", ")
    let lost = labels.ledger.lost > 0 ? "; \(labels.ledger.lost) lost" : ""
    return Printable.text("\(text.isEmpty ? "no label yet" : text)\(lost)".unicodeScalars)
  }

  private static func words(of found: OpenEphysFinding) -> String {
    let streams = found.streams.map { "'\($0)'" }.joined(separator: ", ")
    let rate = found.rate.map { ", \(Phrase.number($0)) Hz declared" } ?? ""
    let names = found.names.prefix(12).joined(separator: ", ") + (found.channels.count > 12 ? ", …" : "")
    let text =
      "\(streams.isEmpty ? "" : "stream \(streams): ")\(Phrase.count(found.channels.count, "channel")) (\(names))\(rate)"
    return Printable.text(text.unicodeScalars)
  }

  private static func words(of map: MapFinding) -> String {
    guard !map.channels.isEmpty else { return "no number in it" }
    let shown = map.channels.prefix(12).joined(separator: ", ") + (map.channels.count > 12 ? ", …" : "")
    let others = [
      map.time.map { "time at \($0)" }, map.sequence.map { "sequence at \($0)" }, map.index.map { "index at \($0)" },
    ]
    .compactMap { $0 }
    let text = "numbers at \(shown)\(others.isEmpty ? "" : "; ")\(others.joined(separator: ", "))"
    return Printable.text(text.unicodeScalars)
  }

  private static func words(of raw: RawFinding, format: WireFormat) -> [String] {
    var lines: [String] = []
    if let size = raw.itemSize {
      lines.append("items of \(size) bytes by their offsets\(raw.itemsLost > 0 ? "; \(raw.itemsLost) items lost" : "")")
    }
    guard raw.divisor > 0 else { return lines }
    let sizes = raw.itemSizes.map(String.init)
    lines.append(
      "data in multiples of \(Phrase.count(raw.divisor, "byte")): values of \(Phrase.list(sizes, "or")) bytes fit"
        + (raw.element.map { ", and read as \($0.name) they could be a signal" } ?? ""))
    return lines
  }
}

extension Phrase {
  /// Four significant figures.
  static func figures(_ value: Double) -> String {
    guard value.isFinite, value > 0 else { return "0" }
    var scale = 1.0
    while value * scale < 1000, scale < 1e6 { scale *= 10 }
    return number((value * scale).rounded() / scale)
  }
}
