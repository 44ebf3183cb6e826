/// A configuration file as a tree: every scalar still text, every node with its place.
indirect enum ConfigurationNode: Sendable {
  case scalar(Scalar)
  case list([ConfigurationNode], Place)
  case mapping([Entry], Place)
  /// Something that was already reported; its reader says nothing more about it.
  case broken(Place)

  struct Scalar: Sendable {
    /// After substitution of variables.
    var text: String
    /// Not in quotes: only then can it be null.
    var isPlain: Bool
    /// The environment variables that were put in, in their order.
    var variables: [String]
    var place: Place

    /// `key:` with nothing after it, `~` or `null`.
    var isNull: Bool { isPlain && variables.isEmpty && (text.isEmpty || text == "~" || text == "null") }
  }

  struct Entry: Sendable {
    var key: String
    var keyPlace: Place
    var value: ConfigurationNode
  }

  var place: Place {
    switch self {
    case .scalar(let scalar): scalar.place
    case .list(_, let place), .mapping(_, let place), .broken(let place): place
    }
  }

  /// For sentences: "a list".
  var noun: String {
    switch self {
    case .scalar(let scalar): scalar.isNull ? "nothing" : Printable.quoted(scalar.text)
    case .list: "a list"
    case .mapping: "a mapping"
    case .broken: "nothing"
    }
  }
}

/// `${NAME}` and `${NAME:-default}` in a scalar, replaced after YAML was parsed: what a variable holds is text and
/// never becomes structure. `$${` stands for `${`.
struct Substitution {
  var text = ""
  var variables: [String] = []

  struct Mistake: Error, Hashable {
    /// What to underline.
    var piece: String
    var message: String
    var suggestion: String?
  }

  init(_ raw: String, environment: [String: String]) throws(Mistake) {
    var rest = raw[...]
    while let start = rest.firstRange(of: "${") {
      if rest[..<start.lowerBound].last == "$" {
        text += rest[..<start.lowerBound].dropLast() + "${"
        rest = rest[start.upperBound...]
        continue
      }
      text += rest[..<start.lowerBound]
      guard let end = rest[start.upperBound...].firstIndex(of: "}") else {
        throw Mistake(piece: "${", message: "'${' has no '}' after it; for the two characters themselves write '$${'")
      }
      try append(reference: rest[start.upperBound..<end], environment)
      rest = rest[rest.index(after: end)...]
    }
    text += rest
  }

  private mutating func append(reference: Substring, _ environment: [String: String]) throws(Mistake) {
    let piece = "${\(reference)}"
    let split = reference.firstRange(of: ":-")
    let name = String(split.map { reference[..<$0.lowerBound] } ?? reference)
    guard let first = name.utf8.first, !(48...57).contains(first),
      name.utf8.allSatisfy({ (48...57).contains($0) || (97...122).contains($0 | 32) || $0 == UInt8(ascii: "_") })
    else {
      throw Mistake(
        piece: piece,
        message:
          "\(Printable.quoted(piece)) names no variable; write ${NAME} or ${NAME:-default}, of letters, digits and _"
      )
    }
    if let value = environment[name] {
      text += value
      variables.append(name)
    } else if let split {
      text += reference[split.upperBound...]
      variables.append(name)
    } else {
      let near = Suggestion.nearest(to: name, among: environment.keys.sorted())
      let remedy = near.map { "did you mean ${\($0)}?" } ?? "set it, or give a default: ${\(name):-…}"
      throw Mistake(
        piece: piece, message: "the environment has no variable \(name); \(remedy)",
        suggestion: near.map { "${\($0)}" })
    }
  }
}
