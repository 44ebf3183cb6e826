import RunnelCore
import RunnelWire

/// What stood after a key, checked and in one unit: seconds, hertz, bytes.
enum ConfigurationValue: Sendable, Hashable {
  case text(String)
  case boolean(Bool)
  case integer(Int)
  case number(Double)
  case numbers([Double])
  case span(ClosedRange<Double>)
  case topic(TopicPattern)
  case path(FieldPath)
  case fill(GapConfiguration.Fill)
  case smoothing(DecisionRule.Smoothing)
  case endpoints([EndpointAddress])
  case names([String])
  case all
}

/// A scalar that is not what its key takes; the message is a whole sentence.
struct ValueMistake: Error, Hashable {
  var kind: Diagnostic.Kind
  var message: String
  var suggestion: String?

  init(_ kind: Diagnostic.Kind, _ message: String, suggestion: String? = nil) {
    self.kind = kind
    self.message = message
    self.suggestion = suggestion
  }
}

extension ValueKind {
  /// The value of one scalar; `key` and `example` are for the sentences.
  func value(_ text: String, key: String, example: String) throws(ValueMistake) -> ConfigurationValue {
    switch self {
    case .boolean: return .boolean(try Self.boolean(text, key))
    case .integer(let range): return .integer(try Self.integer(text, key, range, example))
    case .number(let range): return .number(try Self.number(text, key, range, example))
    case .quantity(let dimension, let range): return .number(try Self.quantity(text, key, dimension, range, example))
    case .durationSpan(let range): return .span(try Self.durationSpan(text, key, range))
    case .choice(let words, let later): return .text(try Self.choice(text, key, words, later))
    case .digest: return .text(try Self.digest(text, key))
    case .topic: return .topic(try TopicPattern(text, key: key))
    case .path:
      do throws(FieldPath.Mistake) { return .path(try FieldPath(text)) } catch {
        throw ValueMistake(.value, "'\(key)' \(Printable.quoted(text)) \(error.message)")
      }
    case .fill: return .fill(try Self.fill(text, key))
    case .smoothing: return .smoothing(try Self.smoothing(text, key))
    case .channelNames:
      if text == "all" { return .all }
      throw ValueMistake(
        .shape, "'\(key)' is all, or a list in brackets; write [\(Printable.text(text.unicodeScalars))]",
        suggestion: "[\(text)]")
    case .text(let noun):
      guard !text.isEmpty else { throw ValueMistake(.missingValue, "'\(key)' is empty; it takes \(noun)") }
      guard text.unicodeScalars.allSatisfy({ $0.properties.generalCategory != .control }), text.utf8.count <= 4096
      else {
        throw ValueMistake(.value, "'\(key)' holds a line break or control character; it takes \(noun)")
      }
      return .text(text)
    case .reference:
      return .text(text)
    case .endpoints(let attachment):
      return .endpoints([try Self.endpoint(text, attachment)])
    case .channels, .numbers:
      let isNumber = Quantity(text)?.unit.isEmpty == true
      let remedy =
        self == .channels || isNumber
        ? "in brackets, even where it is one; write [\(Printable.text(text.unicodeScalars))]"
        : "in brackets, such as \(example)"
      throw ValueMistake(
        .shape, "'\(key)' is a list \(remedy)", suggestion: self == .channels || isNumber ? "[\(text)]" : nil)
    case .section, .named, .bindings, .numberSpan:
      throw ValueMistake(
        .shape,
        "'\(key)' takes \(phrase)\(example.isEmpty ? "" : ", such as \(example)"), not \(Printable.quoted(text))")
    }
  }

  static func endpoint(_ text: String, _ attachment: SocketConfiguration.Attachment) throws(ValueMistake)
    -> EndpointAddress
  {
    do throws(EndpointAddress.Mistake) { return try EndpointAddress(text, for: attachment) } catch {
      throw ValueMistake(.endpoint, "\(Printable.quoted(text)) \(error.message)", suggestion: error.suggestion)
    }
  }

  private static func boolean(_ text: String, _ key: String) throws(ValueMistake) -> Bool {
    switch text {
    case "true": return true
    case "false": return false
    default:
      let folded = text.lowercased()
      let meant: String? =
        ["yes", "y", "on", "1", "true", "enabled", "enable"].contains(folded)
        ? "true"
        : ["no", "n", "off", "0", "false", "disabled", "disable"].contains(folded) ? "false" : nil
      throw ValueMistake(
        .value,
        meant.map { "'\(key)' is \(Printable.quoted(text)), which is only text here; write \($0)" }
          ?? "'\(key)' is true or false, not \(Printable.quoted(text))", suggestion: meant)
    }
  }

  private static func integer(
    _ text: String, _ key: String, _ range: ClosedRange<Int>, _ example: String
  ) throws(ValueMistake) -> Int {
    guard let value = Int(text) else {
      throw ValueMistake(.value, "'\(key)' takes a whole number such as \(example), not \(Printable.quoted(text))")
    }
    guard range.contains(value) else {
      throw ValueMistake(
        .outOfRange, "'\(key)' is \(value); it goes from \(range.lowerBound) to \(range.upperBound)")
    }
    return value
  }

  static func number(
    _ text: String, _ key: String, _ range: ClosedRange<Double>, _ example: String
  ) throws(ValueMistake) -> Double {
    guard let quantity = Quantity(text) else {
      throw ValueMistake(.value, "'\(key)' takes a number such as \(example), not \(Printable.quoted(text))")
    }
    guard quantity.unit.isEmpty else {
      if quantity.unit == "%" && range == 0...1 {
        let fraction = Phrase.number(quantity.number / 100)
        throw ValueMistake(
          .wrongUnit, "'\(key)' is a fraction from 0 to 1; for \(Printable.quoted(text)) write \(fraction)",
          suggestion: fraction)
      }
      if quantity.unit.hasPrefix(",") {
        throw ValueMistake(.value, "'\(key)' is \(Printable.quoted(text)); decimals are written with a point")
      }
      throw ValueMistake(
        .wrongUnit, "'\(key)' is a number without a unit, such as \(example), not \(Printable.quoted(text))")
    }
    guard range.contains(quantity.number) else {
      throw ValueMistake(
        .outOfRange,
        "'\(key)' is \(Phrase.number(quantity.number)); it goes from \(Phrase.number(range.lowerBound)) to \(Phrase.number(range.upperBound))"
      )
    }
    return quantity.number
  }

  private static func quantity(
    _ text: String, _ key: String, _ dimension: Dimension, _ range: ClosedRange<Double>, _ example: String,
    form: (String) -> String = { $0 }
  ) throws(ValueMistake) -> Double {
    guard let quantity = Quantity(text) else {
      throw ValueMistake(.value, "'\(key)' is \(dimension.phrase) such as \(example), not \(Printable.quoted(text))")
    }
    let value = try unit(of: quantity, text, key, dimension, example, form).value(quantity.number)
    guard dimension != .size || value.rounded() == value else {
      throw ValueMistake(.value, "'\(key)' is \(Printable.quoted(text)), which is no whole number of bytes")
    }
    guard range.contains(value) else {
      throw ValueMistake(.outOfRange, "'\(key)' is \(Printable.quoted(text)); \(bounds(range, dimension))")
    }
    return value
  }

  private static func bounds(_ range: ClosedRange<Double>, _ dimension: Dimension) -> String {
    let (low, high) = (dimension.text(range.lowerBound), dimension.text(range.upperBound))
    // The upper end of most durations is ten years: there only to keep arithmetic safe.
    if dimension == .duration && range.upperBound > 1e8 {
      return range.lowerBound == 0
        ? "it goes from 0s to ten years" : "it must be longer than 0s, and at most ten years"
    }
    return "it goes from \(low) to \(high)"
  }

  private static func unit(
    of quantity: Quantity, _ text: String, _ key: String, _ dimension: Dimension, _ example: String,
    _ form: (String) -> String
  ) throws(ValueMistake) -> Dimension.Unit {
    if let unit = dimension.units.first(where: { $0.name == quantity.unit }) { return unit }
    if quantity.unit.isEmpty {
      let proposal = form(dimension.proposal(quantity.number, like: example))
      throw ValueMistake(
        .missingUnit,
        "'\(key)' needs a unit; write \(proposal) (units: \(dimension.units.map(\.name).joined(separator: ", ")))",
        suggestion: proposal)
    }
    if quantity.unit.hasPrefix(",") {
      throw ValueMistake(.value, "'\(key)' is \(Printable.quoted(text)); decimals are written with a point")
    }
    for other in Dimension.allCases
    where other != dimension && other.units.contains(where: { $0.name == quantity.unit }) {
      throw ValueMistake(
        .wrongUnit,
        "'\(key)' is \(dimension.phrase), and \(Printable.quoted(text)) is \(other.phrase); write it in \(dimension.choice)"
      )
    }
    if dimension == .duration && quantity.unit.lowercased() == "m" {
      let number = Phrase.number(quantity.number)
      throw ValueMistake(
        .wrongUnit, "'\(quantity.unit)' could be ms or min; write \(form("\(number)ms")) or \(form("\(number)min"))")
    }
    if let meant = dimension.guess(quantity.unit) {
      let proposal = form(dimension.written(quantity.number, meant.name))
      throw ValueMistake(
        .wrongUnit, "\(Printable.quoted(quantity.unit)) is no unit here; write \(proposal)", suggestion: proposal)
    }
    throw ValueMistake(
      .wrongUnit,
      "\(Printable.quoted(quantity.unit)) is no unit of \(dimension.rawValue); use \(dimension.choice)")
  }

  private static func durationSpan(
    _ text: String, _ key: String, _ range: ClosedRange<Double>
  ) throws(ValueMistake) -> ClosedRange<Double> {
    let split = text.firstRange(of: "..")
    let first = split.map { String(text[..<$0.lowerBound]) } ?? text
    let last = split.map { String(text[$0.upperBound...]) } ?? text
    // `100..5000`: both lack their unit, and both are proposed.
    if let a = Quantity(trimmed(first)), let b = Quantity(trimmed(last)), a.unit.isEmpty, split != nil {
      let proposals = [a, b].map {
        $0.unit.isEmpty ? Dimension.duration.proposal($0.number, like: "100ms") : trimmed(last)
      }
      throw ValueMistake(
        .missingUnit, "'\(key)' needs units; write \(proposals[0])..\(proposals[1]) (units: us, ms, s, min, h)",
        suggestion: "\(proposals[0])..\(proposals[1])")
    }
    func seconds(_ text: String) throws(ValueMistake) -> Double {
      try quantity(trimmed(text), key, .duration, range, "5s")
    }
    let (low, high) = (try seconds(first), try seconds(last))
    guard low <= high else {
      let swapped = "\(trimmed(last))..\(trimmed(first))"
      throw ValueMistake(
        .contradiction, "'\(key)' goes from the shorter to the longer; write \(swapped)", suggestion: swapped)
    }
    return low...high
  }

  private static func choice(
    _ text: String, _ key: String, _ words: [String], _ later: [String]
  ) throws(ValueMistake) -> String {
    if words.contains(text) { return text }
    let known = Phrase.list(words, "or")
    if later.contains(text) {
      throw ValueMistake(.notInThisVersion, "\(key) '\(text)' is not in this version; it is \(known)")
    }
    let near = Suggestion.nearest(to: text, among: words)
    let remedy = near.map { "did you mean '\($0)'?" + (words.count > 1 ? " (\(known))" : "") } ?? "it is \(known)"
    throw ValueMistake(.value, "'\(key)' cannot be \(Printable.quoted(text)); \(remedy)", suggestion: near)
  }

  private static func digest(_ text: String, _ key: String) throws(ValueMistake) -> String {
    let digits = text.lowercased()
    guard digits.utf8.allSatisfy({ (48...57).contains($0) || (97...102).contains($0) }) else {
      throw ValueMistake(
        .value,
        "'\(key)' is 64 hexadecimal digits, and \(Printable.quoted(text)) has others; `runnel model show FILE` prints them"
      )
    }
    guard digits.utf8.count == 64 else {
      throw ValueMistake(
        .value,
        "'\(key)' is 64 hexadecimal digits, and here are \(digits.utf8.count); `runnel model show FILE` prints them")
    }
    return digits
  }

  private static func fill(_ text: String, _ key: String) throws(ValueMistake) -> GapConfiguration.Fill {
    let words = text.split(separator: " ", maxSplits: 1).map(String.init)
    let kinds = ["hold", "linear", "zero"]
    if text == "none" { return .none }
    guard let kind = words.first, kinds.contains(kind) else {
      let near = words.first.flatMap { Suggestion.nearest(to: $0, among: kinds + ["none"]) }
      let remedy = near.map { "did you mean '\($0)'?" } ?? "it is hold, linear or zero with a duration, or none"
      throw ValueMistake(.value, "'\(key)' cannot be \(Printable.quoted(text)); \(remedy)", suggestion: near)
    }
    guard words.count == 2 else {
      throw ValueMistake(
        .missingValue, "'\(key)' needs to know how long a gap it fills; write '\(kind) 50ms'",
        suggestion: "\(kind) 50ms")
    }
    let seconds = try quantity(trimmed(words[1]), key, .duration, 0...3600, "50ms") { "\(kind) \($0)" }
    guard seconds > 0 else {
      throw ValueMistake(.value, "'\(key)' fills nothing in 0 seconds; write none", suggestion: "none")
    }
    switch kind {
    case "hold": return .hold(seconds: seconds)
    case "linear": return .linear(seconds: seconds)
    default: return .zero(seconds: seconds)
    }
  }

  private static func smoothing(_ text: String, _ key: String) throws(ValueMistake) -> DecisionRule.Smoothing {
    let words = text.split(separator: " ").map(String.init)
    if words == ["none"] { return .none }
    if words.first == "mean" {
      guard words.count > 1 else {
        throw ValueMistake(
          .missingValue, "'\(key)' needs to know over how long; write 'mean 50ms'", suggestion: "mean 50ms")
      }
      let seconds = try quantity(words.dropFirst().joined(separator: " "), key, .duration, 1e-6...3600, "50ms") {
        "mean \($0)"
      }
      return .mean(seconds: seconds)
    }
    if words.count == 3, words[1] == "of", let needed = Int(words[0]), let count = Int(words[2]) {
      guard (1...1000).contains(count), (1...count).contains(needed) else {
        throw ValueMistake(
          .outOfRange,
          "'\(key)' is \(Printable.quoted(text)); of 1 to 1000 steps at least one and at most all can be needed")
      }
      guard needed * 2 > count else {
        throw ValueMistake(
          .contradiction,
          "'\(key)' is \(Printable.quoted(text)), which two classes could meet at once; of \(count) at least \(count / 2 + 1) are a majority"
        )
      }
      return .majority(needed: needed, of: count)
    }
    throw ValueMistake(
      .value,
      "'\(key)' cannot be \(Printable.quoted(text)); it is a mean such as 'mean 50ms', a majority such as '3 of 5', or none"
    )
  }

  static func trimmed(_ text: String) -> String {
    String(text.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
  }
}
