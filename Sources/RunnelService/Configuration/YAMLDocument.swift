import Yams

/// Reads YAML into a tree through Yams' nodes, strictly: one document, no anchors, no tags, plain keys, each once.
///
/// Yams stops at its first error. So a text that is no YAML gives one diagnostic; but a repeated key, for which Yams
/// gives up too, is located, renamed out of the way, and reading goes on.
struct YAMLDocument {
  /// Larger files are no configurations; libyaml's depth limit is 1000, Yams recurses once per level.
  static let largest = 1 << 20
  static let deepest = 64

  /// Nil where nothing can be read; then `findings` says why.
  static func read(_ text: String, environment: [String: String], into findings: inout Findings) -> ConfigurationNode? {
    guard text.utf8.count <= largest else {
      findings.error(.syntax, at: Place(line: 1, column: 1), "the file is larger than 1 MiB; this is no configuration")
      return nil
    }
    guard isPrintable(&findings), isShallow(text, &findings) else { return nil }
    var repetitions = Repetitions(source: findings.source)
    var current = text.unicodeScalars.first?.value == 0xFEFF ? String(text.unicodeScalars.dropFirst()) : text
    while true {
      do {
        let parser = try Parser(yaml: current, resolver: .basic, encoding: .utf8)
        guard let root = try parser.singleRoot() else { return .mapping([], Place(line: 1, column: 1)) }
        // Nodes hold their anchors weakly; the parser keeps them alive.
        return withExtendedLifetime(parser) {
          var builder = Builder(environment: environment, standIns: repetitions.standIns, findings: findings)
          let node = builder.node(root)
          findings = builder.findings
          return node
        }
      } catch {
        guard case .duplicatedKeysInMapping(let names, let context) = error as? YamlError, let name = names.first,
          let repaired = repetitions.repair(current, key: name, first: context.mark, &findings)
        else {
          if !findings.hasErrors || !Self.isRepetition(error) { findings.report(error) }
          return nil
        }
        current = repaired
      }
    }
  }

  static func isRepetition(_ error: any Error) -> Bool {
    if case .duplicatedKeysInMapping = error as? YamlError { true } else { false }
  }

  /// libyaml's own reader error names no line; so look first.
  private static func isPrintable(_ findings: inout Findings) -> Bool {
    for (index, line) in findings.source.lines.enumerated() {
      for (column, scalar) in line.enumerated() {
        let isAllowed =
          scalar == "\t" || (0x20...0x7E).contains(scalar.value)
          || (scalar.value >= 0xA0 && ![0xFEFF, 0xFFFE, 0xFFFF].contains(scalar.value))
          || (scalar.value == 0xFEFF && index == 0 && column == 0)
        guard isAllowed else {
          let digits = String(scalar.value, radix: 16, uppercase: true)
          let code = String(repeating: "0", count: max(0, 4 - digits.count)) + digits
          findings.error(
            .syntax, at: Place(line: index + 1, column: column + 1),
            "the character U+\(code) may not stand in YAML; delete it, or write the file anew as UTF-8 text")
          return false
        }
      }
    }
    return true
  }

  /// Yams and this reader recurse; a configuration is four levels deep. Brackets in quotes or comments count too,
  /// which no real file will notice.
  private static func isShallow(_ text: String, _ findings: inout Findings) -> Bool {
    for (index, line) in findings.source.lines.enumerated() {
      let indentation = line.prefix { $0 == " " || $0 == "-" || $0 == "?" }.count
      let brackets = line.count { $0 == "[" || $0 == "{" }
      if indentation > 400 || brackets > 400 {
        findings.error(.syntax, at: Place(line: index + 1, column: 1), "this line nests too deeply for a configuration")
        return false
      }
    }
    let opened = text.utf8.count { $0 == UInt8(ascii: "[") || $0 == UInt8(ascii: "{") }
    let closed = text.utf8.count { $0 == UInt8(ascii: "]") || $0 == UInt8(ascii: "}") }
    if opened - closed > 400 {
      findings.error(.syntax, at: Place(line: 1, column: 1), "this file opens more brackets than it closes")
      return false
    }
    return true
  }
}

/// Yams' nodes made into ours.
private struct Builder {
  let environment: [String: String]
  /// Keys that were renamed because they were repetitions.
  let standIns: Set<String>
  var findings: Findings

  mutating func node(_ node: Node, depth: Int = 0) -> ConfigurationNode {
    let start = Place(line: node.mark?.line ?? 1, column: node.mark?.column ?? 1)
    guard depth < YAMLDocument.deepest else {
      findings.error(.syntax, at: start, "this nests too deeply for a configuration")
      return .broken(start)
    }
    guard node.isBare else {
      findings.error(
        .syntax, at: word(at: start),
        "anchors, aliases and tags (&, * and ! before a value) are not used here; write the value out, or put it in quotes"
      )
      return .broken(start)
    }
    switch node {
    case .scalar(let scalar): return self.scalar(scalar, at: start)
    case .sequence(let items):
      return .list(items.map { self.node($0, depth: depth + 1) }, findings.source.bracketExtent(at: start))
    case .mapping(let mapping): return self.mapping(mapping, at: start, depth)
    case .alias: return .broken(start)
    }
  }

  private mutating func scalar(_ scalar: Node.Scalar, at start: Place) -> ConfigurationNode {
    let place = findings.source.extent(at: start, text: scalar.string)
    do throws(Substitution.Mistake) {
      let substituted = try Substitution(scalar.string, environment: environment)
      let isPlain = scalar.style == .plain || scalar.style == .any
      return .scalar(
        .init(text: substituted.text, isPlain: isPlain, variables: substituted.variables, place: place))
    } catch {
      findings.error(
        .variable, at: findings.source.find(error.piece, from: start), error.message, suggestion: error.suggestion)
      return .broken(place)
    }
  }

  private mutating func mapping(_ mapping: Node.Mapping, at start: Place, _ depth: Int) -> ConfigurationNode {
    var entries: [ConfigurationNode.Entry] = []
    for (key, value) in mapping {
      let keyStart = Place(line: key.mark?.line ?? start.line, column: key.mark?.column ?? start.column)
      guard case .scalar(let scalar) = key else {
        findings.error(
          .syntax, at: keyStart, "a key is a word here, not a list or a mapping; put text with braces in quotes")
        continue
      }
      if standIns.contains(scalar.string) { continue }
      let keyPlace = findings.source.extent(at: keyStart, text: scalar.string)
      guard scalar.string != "<<" || scalar.style != .plain else {
        findings.error(.syntax, at: keyPlace, "merge keys (<<) are not used here; write the keys out")
        continue
      }
      entries.append(.init(key: scalar.string, keyPlace: keyPlace, value: node(value, depth: depth + 1)))
    }
    return .mapping(entries, findings.source.bracketExtent(at: start))
  }

  private func word(at place: Place) -> Place {
    var place = place
    place.length = max(1, findings.source.rest(place).prefix { $0 != " " && $0 != "," }.count)
    return place
  }
}

extension Node {
  /// Neither an anchor nor a tag. Yams marks quoted scalars with the tag of strings, so an explicit `!!str` before
  /// quotes cannot be told from none; it changes nothing.
  fileprivate var isBare: Bool {
    switch self {
    case .scalar(let scalar):
      let isQuoted = scalar.style != .plain && scalar.style != .any
      return scalar.anchor == nil
        && (scalar.tag.rawValue.isEmpty || (isQuoted && scalar.tag.rawValue == Tag.Name.str.rawValue))
    case .sequence(let items): return items.anchor == nil && items.tag.rawValue.isEmpty
    case .mapping(let mapping): return mapping.anchor == nil && mapping.tag.rawValue.isEmpty
    case .alias: return false
    }
  }
}
