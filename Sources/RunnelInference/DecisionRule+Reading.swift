import RunnelCore

extension DecisionRule {
  /// Reads `decide` of a model description; times in seconds, smoothing in words: `none`, `mean 50ms`, `3 of 5`.
  init(_ value: JSONValue, path: String) throws(ModelDescriptionError) {
    let object = try StrictObject(
      value, path: path,
      keys: [
        "emit", "head", "none", "enter", "leave", "min_on", "min_off", "refractory", "max_width", "smooth",
        "unknown_below",
      ])
    self.init()
    if object.has("emit") { emit = try object.choice("emit", Emit.self) }
    if object.has("head") { head = try object.name("head") }
    if object.has("none") { none = try object.name("none") }
    enter = try object.number("enter", .fraction, otherwise: enter)
    leave = try object.number("leave", .fraction, otherwise: min(leave, enter))
    guard leave <= enter else { throw ModelDescriptionError(object.at("leave"), "\(leave) is above enter, \(enter)") }
    minOn = try object.number("min_on", .zeroOrMore, otherwise: minOn)
    minOff = try object.number("min_off", .zeroOrMore, otherwise: minOff)
    refractory = try object.number("refractory", .zeroOrMore, otherwise: refractory)
    maxWidth = try object.number("max_width", .positive, otherwise: maxWidth)
    unknownBelow = try object.number("unknown_below", .fraction, otherwise: unknownBelow)
    if object.has("smooth") {
      let text = try object.text("smooth")
      guard let smoothing = Smoothing(text) else {
        throw ModelDescriptionError(object.at("smooth"), "expected none, 'mean 50ms' or '3 of 5', found '\(text)'")
      }
      smooth = smoothing
    }
  }
}

extension DecisionRule.Smoothing {
  fileprivate init?(_ text: String) {
    let words = text.split(separator: " ")
    switch words.count {
    case 1 where text == "none": self = .none
    case 2 where words[0] == "mean":
      guard let seconds = Self.seconds(words[1]) else { return nil }
      self = .mean(seconds: seconds)
    case 3 where words[1] == "of":
      guard let needed = Int(words[0]), let of = Int(words[2]), needed >= 1, needed <= of, of <= 1_000_000 else {
        return nil
      }
      self = .majority(needed: needed, of: of)
    default: return nil
    }
  }

  private static func seconds(_ text: Substring) -> Double? {
    let units: [(String, Double)] = [("ms", 1e-3), ("us", 1e-6), ("s", 1)]
    guard let (unit, scale) = units.first(where: { text.hasSuffix($0.0) }),
      let value = Double(text.dropLast(unit.count)),
      value.isFinite, value >= 0
    else { return nil }
    // Divided, because 50 × 0.001 is not the f64 nearest to 0.05.
    return scale == 1 ? value : value / (1 / scale).rounded()
  }
}
