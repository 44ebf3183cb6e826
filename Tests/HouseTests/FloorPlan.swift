/// The targets of Package.swift: on which floor each stands and what it stands on.
struct FloorPlan {
  struct Target {
    let name: String
    /// The number in the MARK above it; nil beside the house and for tests.
    let floor: Int?
    let dependencies: Set<String>
    let isC: Bool
  }

  private(set) var targets: [String: Target] = [:]

  /// Reads the list as it is written there: MARK lines, then `floor(…)`, `tests(…)`, `.target(…)` and so on.
  init(manifest: String) {
    var floor: Int?
    guard let list = manifest.firstRange(of: "targets: [").map({ manifest[$0.upperBound...] }) else { return }
    // One declaration at a time: from its opening word to the parenthesis that closes it.
    var rest = list
    while let match = rest.firstMatch(
      of: /\/\/ MARK: ([^\n]*)|(floor|tests|\.target|\.systemLibrary|\.executableTarget|\.testTarget)\(/)
    {
      if let mark = match.1 {
        floor = mark.first.flatMap { $0.wholeNumberValue }
        rest = rest[match.range.upperBound...]
        continue
      }
      let body = Self.body(rest[match.range.upperBound...])
      rest = rest[body.endIndex...]
      let quoted = body.matches(of: /"(\w+)"/).map { String($0.1) }
      guard let name = quoted.first else { continue }
      let kind = match.2.map(String.init) ?? ""
      targets[name] = Target(
        name: name, floor: kind.contains("est") ? nil : floor, dependencies: Set(quoted.dropFirst()),
        isC: name.hasPrefix("C"))
    }
  }

  private static func body(_ text: Substring) -> Substring {
    var depth = 1
    var index = text.startIndex
    while index < text.endIndex {
      if text[index] == "(" { depth += 1 }
      if text[index] == ")" { depth -= 1 }
      if depth == 0 { break }
      index = text.index(after: index)
    }
    return text[..<index]
  }
}
