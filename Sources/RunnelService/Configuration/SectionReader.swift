import RunnelCore

/// Holds a tree of YAML against the table: unknown keys, wrong shapes, units and ranges are found here, for every key
/// alike. What concerns several keys at once is the assembler's.
struct SectionReader {
  var findings: Findings
  /// The names that each section at the top has, for proposals.
  private(set) var names: [String: [String]] = [:]

  init(findings: Findings) { self.findings = findings }

  /// The whole file.
  mutating func root(_ node: ConfigurationNode) -> ConfigurationSection {
    let start = Place(line: 1, column: 1)
    switch node {
    case .mapping(let entries, _):
      for entry in entries {
        if case .mapping(let inside, _) = entry.value { names[entry.key] = inside.map(\.key) }
      }
      return section(entries, path: "", pattern: [], place: entries.first?.keyPlace ?? start)
    case .scalar(let scalar) where scalar.isNull: break
    case .broken: break
    default:
      findings.error(
        .shape, at: node.place,
        "a configuration is a mapping with the keys streams, models, pipelines and outputs, not \(node.noun)")
    }
    return ConfigurationSection(path: "", pattern: [], place: start)
  }

  private mutating func section(
    _ entries: [ConfigurationNode.Entry], path: String, pattern: [String], place: Place
  ) -> ConfigurationSection {
    var section = ConfigurationSection(path: path, pattern: pattern, place: place)
    let keys = ConfigurationTable.children(of: pattern)
    for entry in entries {
      guard let key = keys.first(where: { $0.name == entry.key }) else {
        reportUnknown(entry, in: &section, keys)
        continue
      }
      section.keyPlaces[entry.key] = entry.keyPlace
      guard isAvailable(key, entry, in: section) else { continue }
      read(key, entry, into: &section)
    }
    reportMissing(
      keys.filter { $0.presence == .required && $0.availability == .now && !section.has($0.name) }, in: section)
    return section
  }

  private mutating func read(
    _ key: ConfigurationKey, _ entry: ConfigurationNode.Entry, into section: inout ConfigurationSection
  ) {
    let path = section.path.isEmpty ? key.name : "\(section.path).\(key.name)"
    if case .broken = entry.value { return }
    if case .scalar(let scalar) = entry.value, scalar.isNull {
      let example =
        switch key.kind {
        case .section, .named: "the keys in it stand below, indented"
        default: "write \(key.name): \(key.example)"
        }
      return findings.error(.missingValue, at: entry.keyPlace, "'\(key.name)' has no value; \(example)")
    }
    switch (key.kind, entry.value) {
    case (.section, .mapping(let entries, _)):
      section.sections[key.name] = self.section(entries, path: path, pattern: key.path, place: entry.keyPlace)
    case (.named(let noun), .mapping(let entries, _)):
      var table = ConfigurationSection(path: path, pattern: key.path, place: entry.keyPlace)
      table.named = named(entries, noun, path, key, entry.keyPlace)
      section.sections[key.name] = table
    case (.bindings, .mapping(let entries, let place)):
      var table = ConfigurationSection(path: path, pattern: key.path, place: place)
      table.named = bindings(entries, key, path, entry.keyPlace)
      section.sections[key.name] = table
    case (.channels, .list(let items, _)):
      section.sections[key.name] = channels(items, key, path, entry.keyPlace)
    case (_, .scalar(let scalar)):
      if let value = scalarValue(scalar, key) { section.values[key.name] = value }
    case (_, .list(let items, let place)):
      if let value = listValue(items, place, key) { section.values[key.name] = value }
    case (_, let value):
      findings.error(.shape, at: value.place, "'\(key.name)' takes \(taken(key)), not \(value.noun)")
    }
  }

  private func taken(_ key: ConfigurationKey) -> String {
    switch key.kind {
    case .named(let noun): return "\(key.kind.phrase), such as {my_\(noun): {…}}"
    case .choice, .boolean: return key.kind.phrase
    default: return key.kind.phrase + (key.example.isEmpty ? "" : ", such as \(key.example)")
    }
  }

  // MARK: names

  private mutating func named(
    _ entries: [ConfigurationNode.Entry], _ noun: String, _ path: String, _ key: ConfigurationKey, _ place: Place
  ) -> [(name: String, section: ConfigurationSection)] {
    let pattern = key.path + ["*"]
    let inner = ConfigurationTable.children(of: pattern)
    // `streams: {connect: …}`: the name in between was forgotten.
    if let forgotten = entries.first(where: { entry in
      if case .mapping = entry.value { false } else { inner.contains { $0.name == entry.key } }
    }) {
      findings.error(
        .shape, at: forgotten.keyPlace,
        "'\(forgotten.key)' is a key of one \(noun); give the \(noun) a name first, as in {\(path): {my_\(noun): {\(forgotten.key): …}}}"
      )
      return []
    }
    if entries.isEmpty {
      findings.error(.missingValue, at: place, "'\(path)' names no \(noun); at least one is needed")
    }
    var result: [(name: String, section: ConfigurationSection)] = []
    for entry in entries {
      guard isName(entry, noun) else { continue }
      let inside = "\(path).\(entry.key)"
      if case .mapping(let entries, _) = entry.value {
        result.append((entry.key, section(entries, path: inside, pattern: pattern, place: entry.keyPlace)))
        continue
      }
      // The name stands all the same, and references to it are right.
      var broken = ConfigurationSection(path: inside, pattern: pattern, place: entry.keyPlace)
      broken.isBroken = true
      result.append((entry.key, broken))
      switch entry.value {
      case .broken: break
      case .scalar(let scalar) where scalar.isNull:
        let needed = inner.filter { $0.availability == .now }.prefix(3).map(\.name)
        findings.error(
          .missingValue, at: entry.keyPlace,
          "\(noun) '\(entry.key)' is empty; its keys stand below, indented deeper: \(needed.joined(separator: ", ")) …")
      default:
        findings.error(
          .shape, at: entry.value.place,
          "\(noun) '\(entry.key)' is a mapping with keys such as \(inner[0].name), not \(entry.value.noun)\(spaceAfterColon(entry.value))"
        )
      }
    }
    return result
  }

  private mutating func isName(_ entry: ConfigurationNode.Entry, _ noun: String) -> Bool {
    let isGood =
      !entry.key.isEmpty && entry.key.utf8.count <= 64
      && entry.key.utf8.allSatisfy { byte in
        (48...57).contains(byte) || (97...122).contains(byte | 32) || byte == UInt8(ascii: "_")
          || byte == UInt8(ascii: "-") || byte == UInt8(ascii: ".")
      }
      && entry.key.utf8.first != UInt8(ascii: "-") && entry.key.utf8.first != UInt8(ascii: ".")
    if !isGood {
      findings.error(
        .value, at: entry.keyPlace,
        "\(Printable.quoted(entry.key)) cannot name a \(noun); names are 1 to 64 letters (a to z), digits, '_', '-' and '.', and travel in topics"
      )
    }
    return isGood
  }

  private mutating func bindings(
    _ entries: [ConfigurationNode.Entry], _ key: ConfigurationKey, _ path: String, _ place: Place
  ) -> [(name: String, section: ConfigurationSection)] {
    if entries.isEmpty {
      findings.error(.missingValue, at: place, "'\(key.name)' binds nothing; write \(key.name): \(key.example)")
    }
    var result: [(name: String, section: ConfigurationSection)] = []
    for entry in entries {
      guard case .scalar(let scalar) = entry.value, !scalar.isNull, !entry.key.isEmpty else {
        if case .broken = entry.value { continue }
        findings.error(
          .shape, at: entry.keyPlace,
          "'\(key.name)' gives each input of the model one channel, such as \(key.example), not \(entry.value.noun)")
        continue
      }
      var binding = ConfigurationSection(path: "\(path).\(entry.key)", pattern: key.path, place: entry.keyPlace)
      binding.values["channel"] = .init(
        value: .text(scalar.text), place: scalar.place, text: YAMLText.scalar(scalar.text),
        variables: scalar.variables)
      result.append((entry.key, binding))
    }
    return result
  }

  // MARK: values

  private mutating func channels(
    _ items: [ConfigurationNode], _ key: ConfigurationKey, _ path: String, _ place: Place
  ) -> ConfigurationSection {
    var table = ConfigurationSection(path: path, pattern: key.path, place: place)
    let pattern = key.path + ["[]"]
    if items.isEmpty {
      findings.error(.missingValue, at: place, "'\(key.name)' is an empty list; name at least one channel")
    }
    for (index, item) in items.enumerated() {
      let path = "\(path)[\(index)]"
      switch item {
      case .scalar(let scalar) where !scalar.isNull && !scalar.text.isEmpty:
        var channel = ConfigurationSection(path: path, pattern: pattern, place: scalar.place)
        channel.keyPlaces["name"] = scalar.place
        channel.values["name"] = .init(
          value: .text(scalar.text), place: scalar.place, text: YAMLText.scalar(scalar.text),
          variables: scalar.variables)
        table.named.append((scalar.text, channel))
      case .mapping(let entries, let place):
        let channel = section(entries, path: path, pattern: pattern, place: place)
        table.named.append((channel.text("name") ?? "", channel))
      case .broken: break
      default:
        findings.error(
          .shape, at: item.place, "a channel is a name or a mapping such as {name: MLII, unit: mV}, not \(item.noun)")
      }
    }
    return table
  }

  private mutating func scalarValue(_ scalar: ConfigurationNode.Scalar, _ key: ConfigurationKey) -> ConfigurationSection
    .Value?
  {
    do throws(ValueMistake) {
      let value = try key.kind.value(scalar.text, key: key.name, example: key.example)
      return .init(
        value: value, place: scalar.place, text: YAMLText.value(value, key.kind), variables: scalar.variables)
    } catch {
      let hint = key.hints[scalar.text].map { "'\(key.name)' cannot be \(Printable.quoted(scalar.text)); \($0)" }
      report(hint.map { ValueMistake(error.kind, $0) } ?? error, scalar)
      return nil
    }
  }

  /// A value that came from the environment cannot be seen in the line, nor replaced there; so say it.
  private mutating func report(_ mistake: ValueMistake, _ scalar: ConfigurationNode.Scalar) {
    guard !scalar.variables.isEmpty else {
      return findings.error(mistake.kind, at: scalar.place, mistake.message, suggestion: mistake.suggestion)
    }
    let variables = Phrase.list(scalar.variables.map { "${\($0)}" }, "and")
    findings.error(mistake.kind, at: scalar.place, "\(mistake.message); the value came from \(variables)")
  }

  /// `connect:tcp://…` is one word to YAML.
  private func spaceAfterColon(_ node: ConfigurationNode) -> String {
    guard case .scalar(let scalar) = node, let colon = scalar.text.firstIndex(of: ":"), scalar.isPlain,
      ConfigurationTable.keys.contains(where: { $0.name == scalar.text[..<colon] })
    else { return "" }
    return "; write a space after the ':'"
  }

  private mutating func listValue(
    _ items: [ConfigurationNode], _ place: Place, _ key: ConfigurationKey
  ) -> ConfigurationSection.Value? {
    switch key.kind {
    case .endpoints, .channelNames, .numbers, .numberSpan: break
    default:
      findings.error(.shape, at: place, "'\(key.name)' takes \(taken(key)), not a list")
      return nil
    }
    guard !items.isEmpty else {
      findings.error(.missingValue, at: place, "'\(key.name)' is an empty list; write \(key.name): \(key.example)")
      return nil
    }
    var scalars: [ConfigurationNode.Scalar] = []
    for item in items {
      guard case .scalar(let scalar) = item, !scalar.isNull else {
        if case .broken = item { return nil }
        findings.error(
          .shape, at: item.place, "'\(key.name)' takes \(taken(key)); an item of it cannot be \(item.noun)")
        return nil
      }
      scalars.append(scalar)
    }
    guard let value = listValue(scalars, place, key) else { return nil }
    return .init(
      value: value, place: place, text: YAMLText.value(value, key.kind), variables: scalars.flatMap(\.variables),
      itemPlaces: scalars.map(\.place))
  }

  private mutating func listValue(
    _ scalars: [ConfigurationNode.Scalar], _ place: Place, _ key: ConfigurationKey
  ) -> ConfigurationValue? {
    var endpoints: [EndpointAddress] = []
    var numbers: [Double] = []
    var isWhole = true
    for scalar in scalars {
      do throws(ValueMistake) {
        switch key.kind {
        case .endpoints(let attachment): endpoints.append(try ValueKind.endpoint(scalar.text, attachment))
        case .numbers, .numberSpan:
          numbers.append(try ValueKind.number(scalar.text, key.name, -1e300...1e300, "-32768"))
        default:
          guard !scalar.text.isEmpty else { throw ValueMistake(.missingValue, "a channel's name is empty") }
        }
      } catch {
        report(error, scalar)
        isWhole = false
      }
    }
    guard isWhole else { return nil }
    switch key.kind {
    case .endpoints: return .endpoints(endpoints)
    case .numbers: return .numbers(numbers)
    case .channelNames: return .names(scalars.map(\.text))
    default:
      guard numbers.count == 2, numbers[0] < numbers[1] else {
        findings.error(.value, at: place, "'\(key.name)' is two numbers, the lower first, such as \(key.example)")
        return nil
      }
      return .span(numbers[0]...numbers[1])
    }
  }
}
