import RunnelCore
import RunnelWire

/// What to write for streams of other programs; what no message says is guessed, and the line says that.
extension Discovery {
  /// Nil where the topic's format is none of them, or nothing can be made of it.
  func formatProposal(_ topic: TopicFinding) -> Proposal? {
    switch topic.format {
    case .raw: rawProposal(topic)
    case .gnuradio: radioProposal(topic)
    case .openephys: openEphysProposal(topic)
    case .json, .msgpack: mapProposal(topic)
    default: nil
    }
  }

  private func rawProposal(_ topic: TopicFinding) -> Proposal? {
    guard let raw = topic.raw, raw.divisor > 0 else { return nil }
    let element = raw.element ?? (raw.divisor % 2 == 0 ? .int16 : .uint8)
    let measured = topic.messageRate.map { $0 * raw.bytesPerMessage(of: topic.messages) / Double(element.size) }
    var lines = Self.topicLines(topic) + ["format: raw"]
    lines.append(Self.line("dtype", element.name, "a guess: nothing in the messages says it", quotes: false))
    lines.append(Self.rateLine(measured, "values/s measured; divided by the channels it is the rate"))
    return Proposal(lines + Self.channelLines(["ch0"], isRaw: !element.isFloat), ["ch0"])
  }

  /// Complex items are the usual ones of eight bytes.
  private func radioProposal(_ topic: TopicFinding) -> Proposal? {
    guard let raw = topic.raw else { return nil }
    let size = raw.itemSize ?? 4
    let (element, channels): (ElementType, [String]) =
      switch size {
      case 8: (.float32, ["I", "Q"])
      case 1: (.int8, ["ch0"])
      case 2: (.int16, ["ch0"])
      case _ where size % 4 == 0: (.float32, (0..<min(size / 4, 4096)).map { "ch\($0)" })
      default: (.int8, (0..<min(size, 4096)).map { "ch\($0)" })
      }
    var lines = Self.topicLines(topic) + ["format: gnuradio", "pass_tags: true"]
    lines.append(Self.line("dtype", element.name, "a guess: items have \(size) bytes", quotes: false))
    if let declared = raw.declaredRate {
      lines.append(Self.rateLine(declared, "as rx_rate says"))
    } else {
      lines.append(Self.rateLine(raw.itemRate, "items/s measured; write the true one"))
    }
    return Proposal(lines + Self.channelLines(channels, isRaw: !element.isFloat), channels)
  }

  private func openEphysProposal(_ topic: TopicFinding) -> Proposal? {
    guard let names = topic.openEphys?.names, !names.isEmpty else { return nil }
    return Proposal(["format: openephys"] + Self.channelLines(names, unit: "uV", isNamed: true), names)
  }

  private func mapProposal(_ topic: TopicFinding) -> Proposal? {
    guard let map = topic.map, !map.channels.isEmpty else { return nil }
    var lines = Self.topicLines(topic) + ["format: \(topic.format.rawValue)"]
    lines.append(Self.rateLine(topic.messageRate.map { $0 * Double(map.rows) }, "rows/s measured; write the true one"))
    lines += Self.channelLines(map.channels, isNamed: true)
    var fields: [String] = []
    if let time = map.time {
      fields.append("time: \(YAMLText.scalar(time))")
      if let unit = map.timeUnit, unit != .seconds { fields.append("time_unit: \(unit.rawValue)") }
    }
    if let sequence = map.sequence { fields.append("sequence: \(YAMLText.scalar(sequence))") }
    if let index = map.index { fields.append("index: \(YAMLText.scalar(index))") }
    if !fields.isEmpty { lines.append("fields: {\(fields.joined(separator: ", "))}    # by their names") }
    return Proposal(lines, map.channels)
  }

  // MARK: lines

  private static func topicLines(_ topic: TopicFinding) -> [String] {
    if let text = topic.configurableTopic { return [line("topic", text, nil)] }
    return topic.topic == nil ? [] : ["# topic: its bytes are no text, so everything of this endpoint is taken"]
  }

  private static func rateLine(_ measured: Double?, _ words: String) -> String {
    guard let measured, measured > 0 else {
      return line("rate", "360 Hz", "a guess: too few messages came", quotes: false)
    }
    let rate = min(max(SignalFinding.nominal(measured), 1e-3), 1e8)
    return line("rate", Dimension.frequency.text(rate), "\(Phrase.figures(measured)) \(words)", quotes: false)
  }

  private static func channelLines(
    _ names: [String], unit: String = "mV", isRaw: Bool = false, isNamed: Bool = false
  ) -> [String] {
    let gain = isRaw ? "; raw integers need their gain: {name: \(names[0]), gain: 200, baseline: 0}" : ""
    let comment = isNamed ? "" : "    # give them their names\(gain)"
    return [
      "unit: \(unit)    # a guess: say what the values are in",
      "channels: [\(names.map(YAMLText.scalar).joined(separator: ", "))]\(comment)",
    ]
  }
}
