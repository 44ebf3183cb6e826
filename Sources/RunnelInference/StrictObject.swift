import RunnelCore

/// One object of the model description, read strictly: a key that nobody asked for is an error, and every error names
/// its path, such as `layers[1].hidden`.
struct StrictObject {
  let path: String
  private let members: [JSONValue.Member]
  private static let nameLimit = 256

  /// - Parameter keys: all that may stand here.
  init(_ value: JSONValue, path: String, keys: [String]) throws(ModelDescriptionError) {
    guard let members = value.members else {
      throw ModelDescriptionError(path.isEmpty ? "runnel.model" : path, "expected an object, found \(value.kind)")
    }
    self.path = path
    self.members = members
    for member in members where !keys.contains(member.key) {
      throw ModelDescriptionError(
        at(member.key), "unknown key; known here: \(keys.joined(separator: ", "))",
        suggestion: Self.nearest(member.key, keys))
    }
  }

  func at(_ key: String) -> String { path.isEmpty ? key : "\(path).\(key)" }
  func has(_ key: String) -> Bool { self[key] != nil }
  subscript(key: String) -> JSONValue? { members.first { $0.key == key }?.value }

  func value(_ key: String) throws(ModelDescriptionError) -> JSONValue {
    guard let value = self[key] else { throw ModelDescriptionError(at(key), "is missing") }
    return value
  }

  func text(_ key: String) throws(ModelDescriptionError) -> String {
    let value = try value(key)
    guard let text = value.string else {
      throw ModelDescriptionError(at(key), "expected a string, found \(value.kind)")
    }
    return text
  }

  /// A text that names something: not empty, and fit for a line of a terminal.
  func name(_ key: String) throws(ModelDescriptionError) -> String { try Self.name(try value(key), at: at(key)) }

  static func name(_ value: JSONValue, at path: String) throws(ModelDescriptionError) -> String {
    guard let text = value.string else { throw ModelDescriptionError(path, "expected a string, found \(value.kind)") }
    guard !text.isEmpty else { throw ModelDescriptionError(path, "expected a name, found an empty string") }
    guard text.utf8.count <= nameLimit, Quoted.isPrintable(text) else {
      throw ModelDescriptionError(
        path, "\(Quoted.name(text)) is no name: at most \(nameLimit) bytes, and no control characters")
    }
    return text
  }

  func integer(_ key: String, in range: ClosedRange<Int>) throws(ModelDescriptionError) -> Int {
    let value = try value(key)
    guard let number = value.integer, range.contains(Int(number)) else {
      throw ModelDescriptionError(
        at(key), "expected an integer from \(range.lowerBound) to \(range.upperBound), found \(Self.shown(value))")
    }
    return Int(number)
  }

  enum Bound {
    case any
    case zeroOrMore
    case positive
    case fraction

    var words: String {
      switch self {
      case .any: "a number"
      case .zeroOrMore: "a number from 0 on"
      case .positive: "a number above 0"
      case .fraction: "a number from 0 to 1"
      }
    }

    func holds(_ x: Double) -> Bool {
      switch self {
      case .any: x.isFinite
      case .zeroOrMore: x >= 0 && x.isFinite
      case .positive: x > 0 && x.isFinite
      case .fraction: x >= 0 && x <= 1
      }
    }
  }

  func number(_ key: String, _ bound: Bound) throws(ModelDescriptionError) -> Double {
    let value = try value(key)
    guard let number = value.number, bound.holds(number) else {
      throw ModelDescriptionError(at(key), "expected \(bound.words), found \(Self.shown(value))")
    }
    return number
  }

  /// Frames a second: what can be counted with, a thousand days to a cycle or a thousand million cycles a second.
  func rate(_ key: String) throws(ModelDescriptionError) -> Double {
    let rate = try number(key, .positive)
    guard (1e-8...1e9).contains(rate) else {
      throw ModelDescriptionError(at(key), "expected a rate from 1e-8 to 1e9 Hz, found \(rate)")
    }
    return rate
  }

  /// A time that can be counted in frames of any rate, eleven days at most: 0 where it is absent.
  func seconds(_ key: String) throws(ModelDescriptionError) -> Double {
    let seconds = try number(key, .zeroOrMore, otherwise: 0)
    guard seconds <= 1e6 else {
      throw ModelDescriptionError(at(key), "expected at most 1e6 seconds, found \(seconds)")
    }
    return seconds
  }

  func number(_ key: String, _ bound: Bound, otherwise: Double) throws(ModelDescriptionError) -> Double {
    has(key) ? try number(key, bound) : otherwise
  }

  /// The elements of an array with the path of each.
  func items(_ key: String) throws(ModelDescriptionError) -> [(value: JSONValue, path: String)] {
    let value = try value(key)
    guard let items = value.array else {
      throw ModelDescriptionError(at(key), "expected an array, found \(value.kind)")
    }
    return items.enumerated().map { (value: $0.element, path: "\(at(key))[\($0.offset)]") }
  }

  /// One of a few words.
  func choice<Choice: CaseIterable & RawRepresentable<String>>(
    _ key: String, _: Choice.Type
  ) throws(ModelDescriptionError) -> Choice {
    let text = try text(key)
    guard let choice = Choice(rawValue: text) else {
      let words = Choice.allCases.map(\.rawValue)
      throw ModelDescriptionError(
        at(key), "\(Quoted.name(text)) is not supported; supported: \(words.joined(separator: ", "))",
        suggestion: Self.nearest(text, words))
    }
    return choice
  }

  static func shown(_ value: JSONValue) -> String {
    switch value {
    case .integer(let number): "\(number)"
    case .number(let number): "\(number)"
    case .string(let text): "the string \(Quoted.name(text))"
    default: value.kind
    }
  }

  /// The word that was probably meant: at most one edit in three letters away.
  static func nearest(_ word: String, _ words: [String]) -> String? {
    // Nobody means a word by a page of text.
    guard word.utf8.count <= 64 else { return nil }
    let best = words.map { (word: $0, distance: distance(Array(word), Array($0))) }.min { $0.distance < $1.distance }
    guard let best, best.distance <= max(1, word.count / 3) else { return nil }
    return best.word
  }

  /// Levenshtein's: insertions, deletions and substitutions.
  private static func distance(_ a: [Character], _ b: [Character]) -> Int {
    var row = Array(0...b.count)
    for i in a.indices {
      var diagonal = row[0]
      row[0] = i + 1
      for j in b.indices {
        let above = row[j + 1]
        row[j + 1] = min(above + 1, row[j] + 1, diagonal + (a[i] == b[j] ? 0 : 1))
        diagonal = above
      }
    }
    return row[b.count]
  }
}

/// What is wrong with the JSON that describes a model: where, what, and what was probably meant.
public struct ModelDescriptionError: Error, Sendable, Equatable, CustomStringConvertible {
  /// For example `layers[1].hidden`.
  public var path: String
  public var problem: String
  public var suggestion: String?

  init(_ path: String, _ problem: String, suggestion: String? = nil) {
    self.path = Quoted.line(path, longest: 200)
    self.problem = Quoted.line(problem, longest: 400)
    self.suggestion = suggestion
  }

  public var description: String {
    "\(path): \(problem)\(suggestion.map { "; did you mean '\($0)'?" } ?? "")"
  }
}
