import RunnelCore
import RunnelWire

extension Assembler {
  mutating func input(_ name: String, _ section: ConfigurationSection) -> InputConfiguration? {
    let socket = socket(section, preferred: "connect")
    let format = section.text("format").flatMap(InputConfiguration.Format.init) ?? .runnel
    if section.values["format"] != nil || !section.has("format") { checkFormat(format, section) }
    let channels = channels(section)
    guard let socket, let kind = section.text("type"), let layout = section.text("layout"),
      let maxStreams = section.integer("max_streams"), let takeover = section.number("takeover"),
      let reorder = section.number("reorder"), let time = section.text("time")
    else { return nil }
    return InputConfiguration(
      name: name, socket: socket, kind: InputConfiguration.Kind(rawValue: kind)!, format: format,
      topic: topic(section, format), rate: section.number("rate"), channels: channels, unit: section.text("unit"),
      layout: layout == "time_major" ? .interleaved : .planar, maxStreams: maxStreams, takeover: takeover,
      reorder: reorder, staleAfter: section.number("stale_after"), flat: section.number("flat"),
      missing: missing(section), range: section.span("range"),
      time: InputConfiguration.TimeSource(rawValue: time)!)
  }

  /// What each format needs, and what only one of them has.
  private mutating func checkFormat(_ format: InputConfiguration.Format, _ section: ConfigurationSection) {
    guard !section.isBroken else { return }
    switch format {
    case .array:
      for key in ["rate", "channels"] where !section.has(key) {
        let example = ConfigurationTable.key(section.pattern + [key])?.example ?? ""
        findings.error(
          .missingKey, at: section.place(of: "format"),
          "format array carries no \(key == "rate" ? "rate" : "channel names"); add \(key): \(example) to \(section.path)"
        )
      }
    case .runnel:
      if let place = section.keyPlaces["layout"] {
        findings.error(
          .contradiction, at: place, "'layout' is for format array; messages of format runnel carry theirs: take it out"
        )
      }
      if case .topic(let topic) = section.values["topic"]?.value, let mistake = topic.mistakeInRunnelFormat() {
        findings.error(.value, at: section.place(of: "topic"), mistake.message, suggestion: mistake.suggestion)
      }
    }
  }

  private func topic(_ section: ConfigurationSection, _ format: InputConfiguration.Format) -> TopicPattern? {
    if case .topic(let topic) = section["topic"] { return topic }
    return format == .runnel ? .everyStream : nil
  }

  private func missing(_ section: ConfigurationSection) -> [Double] {
    if case .numbers(let numbers) = section["missing"] { numbers } else { [] }
  }

  private mutating func channels(_ section: ConfigurationSection) -> [Channel]? {
    guard let list = section.sections["channels"] else { return nil }
    var channels: [Channel] = []
    for (name, channel) in list.named where !name.isEmpty {
      let place = channel.place(of: "name")
      if channels.contains(where: { $0.name == name }) {
        findings.error(
          .contradiction, at: place,
          "channel \(Printable.quoted(name)) stands twice in this list; names tell channels apart")
      }
      if name.utf8.count > 64 || name.unicodeScalars.contains(where: { $0.properties.generalCategory == .control }) {
        findings.error(
          .value, at: place,
          "channel \(Printable.quoted(name)) has a name of more than 64 bytes or with control characters")
      }
      let unit = channel.text("unit") ?? section.text("unit")
      channels.append(Channel(name: name, unit: unit, scaling: scaling(channel)))
    }
    return channels
  }

  private mutating func scaling(_ channel: ConfigurationSection) -> Channel.Scaling {
    if let place = channel.keyPlaces["scale"] ?? channel.keyPlaces["offset"],
      channel.has("gain") || channel.has("baseline")
    {
      findings.error(
        .contradiction, at: place,
        "a channel has either gain and baseline, (raw − baseline) / gain, or scale and offset, raw × scale + offset")
      return .identity
    }
    for (key, partner) in [("baseline", "gain"), ("offset", "scale")] where channel.has(key) && !channel.has(partner) {
      findings.error(
        .contradiction, at: channel.place(of: key),
        "'\(key)' goes with '\(partner)'; add \(partner): \(partner == "gain" ? "200" : "1")")
    }
    for key in ["gain", "scale"] where channel.values[key]?.value == .number(0) {
      findings.error(
        .outOfRange, at: channel.place(of: key), "'\(key)' is 0, which makes every sample the same; it is never 0")
    }
    if let gain = channel.number("gain") { return .gain(gain, baseline: channel.number("baseline") ?? 0) }
    if let scale = channel.number("scale") { return .linear(scale: scale, offset: channel.number("offset") ?? 0) }
    return .identity
  }
}
