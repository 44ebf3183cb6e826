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
      layout: layout == "time_major" ? .interleaved : .planar,
      element: section.text("dtype").flatMap { ElementType(name: $0) },
      byteOrder: section.text("byte_order") == "big" ? .big : .little, topicParts: section.integer("topic_parts"),
      passTags: section.boolean("pass_tags") ?? false, heartbeat: section.boolean("heartbeat") ?? true,
      timeOrigin: section.text("time_origin").flatMap(TimeOrigin.init), fields: fields(section, format),
      maxStreams: maxStreams, takeover: takeover,
      reorder: reorder, staleAfter: section.number("stale_after"), flat: section.number("flat"),
      missing: missing(section), range: section.span("range"),
      time: InputConfiguration.TimeSource(rawValue: time)!)
  }

  /// What each format needs, and what only some of them have.
  private mutating func checkFormat(_ format: InputConfiguration.Format, _ section: ConfigurationSection) {
    guard !section.isBroken else { return }
    for key in format.needs where !section.has(key) {
      let example = ConfigurationTable.key(section.pattern + [key])?.example ?? ""
      findings.error(
        .missingKey, at: section.place(of: "format"),
        "format \(format.rawValue) carries no \(key == "channels" ? "channel names" : key); add \(key): \(example) to \(section.path)"
      )
    }
    for key in ConfigurationTable.children(of: section.pattern) where !key.isOf(format: format.rawValue) {
      guard let place = section.keyPlaces[key.name] else { continue }
      findings.error(
        .contradiction, at: place,
        "'\(key.name)' is for format \(Phrase.list(key.formats ?? [], "or")), and this is \(format.rawValue): take it out"
      )
    }
    switch format {
    case .runnel:
      if case .topic(let topic) = section.values["topic"]?.value, let mistake = topic.mistakeInRunnelFormat() {
        findings.error(.value, at: section.place(of: "topic"), mistake.message, suggestion: mistake.suggestion)
      }
    case .openephys:
      if let place = section.keyPlaces["topic"] {
        findings.error(
          .contradiction, at: place, "messages of Open Ephys have no topic to choose by; take it out")
      }
    default: break
    }
    checkChannels(format, section)
  }

  /// Scaling is for integers; a path is for maps.
  private mutating func checkChannels(_ format: InputConfiguration.Format, _ section: ConfigurationSection) {
    let isFloat =
      switch format {
      case .openephys, .json, .msgpack: true
      case .raw, .gnuradio: section.text("dtype").flatMap { ElementType(name: $0) }?.isFloat ?? false
      case .runnel, .array, .auto: false
      }
    for (_, channel) in section.sections["channels"]?.named ?? [] {
      if isFloat, let key = ["gain", "scale"].first(where: channel.has) {
        findings.error(
          .contradiction, at: channel.place(of: key),
          "'\(key)' is for integers, and floating point of format \(format.rawValue) counts as physical: take it out")
      }
      let path = ConfigurationTable.key(channel.pattern + ["path"])
      if let path, let place = channel.keyPlaces["path"], !path.isOf(format: format.rawValue) {
        findings.error(
          .contradiction, at: place,
          "'path' is for format \(Phrase.list(path.formats ?? [], "or")), and this is \(format.rawValue): take it out")
      }
    }
  }

  /// Where a map has what; nil where the format has no maps or the channels are not known.
  private mutating func fields(_ section: ConfigurationSection, _ format: InputConfiguration.Format) -> FieldMap? {
    guard [.json, .msgpack, .auto].contains(format), let list = section.sections["channels"], !list.named.isEmpty else {
      return nil
    }
    var channels: [FieldPath] = []
    for (name, channel) in list.named where !name.isEmpty {
      guard !channel.has("path") else {
        if let path = channel.path("path") { channels.append(path) }
        continue
      }
      do throws(FieldPath.Mistake) { channels.append(try FieldPath(name)) } catch {
        // Names of other formats need not be paths.
        if format == .auto { return nil }
        findings.error(
          .value, at: channel.place(of: "name"),
          "channel \(Printable.quoted(name)) \(error.message), so its name is no path; give it one: {name: …, path: …}")
      }
    }
    guard channels.count == list.named.count else { return nil }
    let fields = section.sections["fields"]
    let map = FieldMap(
      channels: channels, time: fields?.path("time"),
      timeUnit: fields?.text("time_unit").flatMap(TimeUnit.init) ?? .seconds, sequence: fields?.path("sequence"),
      first: fields?.path("index"))
    if let mistake = map.mistake {
      findings.error(.contradiction, at: list.place, "a path of \(section.path) \(mistake.message)")
      return nil
    }
    return map
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
