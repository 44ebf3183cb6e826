import RunnelCore

/// What is said about keys that should not be there, or should.
extension SectionReader {
  /// False where the table has the key but this version, or the configuration as such, cannot take it.
  mutating func isAvailable(
    _ key: ConfigurationKey, _ entry: ConfigurationNode.Entry, in section: ConfigurationSection
  ) -> Bool {
    switch key.availability {
    case .now: return true
    case .later:
      findings.error(.notInThisVersion, at: entry.keyPlace, "'\(key.name)' is not in this version; take it out")
      return false
    case .partOfTheModel(let reason):
      reportPartOfTheModel(entry, reason)
      return false
    }
  }

  private mutating func reportPartOfTheModel(_ entry: ConfigurationNode.Entry, _ reason: String) {
    findings.error(
      .partOfTheModel, at: entry.keyPlace,
      "'\(entry.key)' cannot be set here, for \(reason); `runnel model show FILE` prints it, a new export changes it")
  }

  mutating func reportUnknown(
    _ entry: ConfigurationNode.Entry, in section: inout ConfigurationSection, _ keys: [ConfigurationKey]
  ) {
    let word = entry.key
    let here = section.path.isEmpty ? "at the top of the file" : "in \(section.path)"
    if let key = keys.first(where: { $0.synonyms.contains(word) }) {
      if case .partOfTheModel(let reason) = key.availability { return reportPartOfTheModel(entry, reason) }
      if key.availability == .now { return reportUnknown(entry, in: &section, instead: key.name) }
    }
    if let inner = ConfigurationTable.keys.first(where: { key in
      key.path.count == section.pattern.count + 2 && key.path.starts(with: section.pattern) && key.availability == .now
        && key.path[section.pattern.count] != "*" && (key.synonyms.contains(word) || key.name == word)
    }) {
      let parent = inner.path[section.pattern.count]
      return findings.error(
        .unknownKey, at: entry.keyPlace,
        "unknown key \(Printable.quoted(word)) \(here); did you mean \(parent): {\(inner.name): …}?")
    }
    if let elsewhere = ConfigurationTable.keys.first(where: {
      $0.name == word && $0.path.count > 1 || $0.path == [word]
    }) {
      return reportMisplaced(entry, elsewhere, in: section)
    }
    let usable = keys.filter { $0.availability == .now }.map(\.name)
    if let near = Suggestion.nearest(to: word, among: usable) {
      return reportUnknown(entry, in: &section, instead: near)
    }
    let all =
      usable.count <= 8
      ? "the keys here are \(Phrase.list(usable, "and"))"
      : "the keys here are \(usable.prefix(8).joined(separator: ", ")) …"
    findings.error(.unknownKey, at: entry.keyPlace, "unknown key \(Printable.quoted(word)) \(here); \(all)")
  }

  private mutating func reportUnknown(
    _ entry: ConfigurationNode.Entry, in section: inout ConfigurationSection, instead: String
  ) {
    // It is not missing too.
    if !section.has(instead) { section.keyPlaces[instead] = entry.keyPlace }
    let here = section.path.isEmpty ? "at the top of the file" : "in \(section.path)"
    findings.error(
      .unknownKey, at: entry.keyPlace,
      "unknown key \(Printable.quoted(entry.key)) \(here); did you mean '\(instead)'?", suggestion: instead)
  }

  private mutating func reportMisplaced(
    _ entry: ConfigurationNode.Entry, _ key: ConfigurationKey, in section: ConfigurationSection
  ) {
    let here = section.path.isEmpty ? "of the whole file" : "of \(section.path)"
    let parent = key.path.dropLast().filter { $0 != "[]" }.map { $0 == "*" ? "NAME" : $0 }.joined(separator: ".")
    let home = parent.isEmpty ? "at the top of the file, without indentation" : "in \(parent)"
    if key.availability == .later {
      findings.error(.notInThisVersion, at: entry.keyPlace, "'\(key.name)' is not in this version; take it out")
    } else {
      findings.error(
        .unknownKey, at: entry.keyPlace, "'\(entry.key)' is no key \(here); it belongs \(home)")
    }
  }

  mutating func reportMissing(_ missing: [ConfigurationKey], in section: ConfigurationSection) {
    guard let first = missing.first else { return }
    guard section.path.isEmpty else {
      for key in missing {
        findings.error(
          .missingKey, at: section.place, "\(section.path) lacks '\(key.name)'; add \(key.name): \(proposal(for: key))")
      }
      return
    }
    // Where the tree is damaged, what seems to be missing may only be hidden.
    guard !findings.diagnostics.contains(where: { $0.kind == .syntax }) else { return }
    let names = Phrase.list(missing.map { "'\($0.name)'" }, "or")
    let remedy = missing.count == 1 ? "add it, such as" : "each needs an entry, such as"
    findings.error(
      .missingKey, at: Place(line: 1, column: 1),
      "the file has no \(names); \(remedy) \(first.name): {\(Self.samples[first.name] ?? "")}")
  }

  /// The example, or a name that the file really has.
  private func proposal(for key: ConfigurationKey) -> String {
    if case .reference(let target) = key.kind, let name = names[target]?.first { return name }
    return key.example
  }

  /// One entry of each section at the top, for who has none.
  static let samples: [String: String] = [
    "streams": "beds: {connect: tcp://127.0.0.1:5556}", "models": "beats: {file: ecg-beats.safetensors}",
    "pipelines": "beats: {from: beds, model: beats}", "outputs": "labels: {bind: tcp://127.0.0.1:9872}",
  ]
}
