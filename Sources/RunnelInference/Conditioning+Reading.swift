import RunnelCore

extension Conditioning {
  /// Reads `conditioning` of a model description; corners in Hz, times in seconds.
  init(_ value: JSONValue, path: String) throws(ModelDescriptionError) {
    let object = try StrictObject(value, path: path, keys: ["filters", "normalisation"])
    var filters: [FilterDesign] = []
    if object.has("filters") {
      for (value, path) in try object.items("filters") { filters.append(try FilterDesign(value, path: path)) }
    }
    let normalisation: Normalisation =
      if let value = object["normalisation"] {
        try Normalisation(value, path: object.at("normalisation"))
      } else { .none }
    self.init(filters: filters, normalisation: normalisation)
  }
}

extension FilterDesign {
  private static let orders = 1...12

  init(_ value: JSONValue, path: String) throws(ModelDescriptionError) {
    func object(_ keys: String...) throws(ModelDescriptionError) -> StrictObject {
      try StrictObject(value, path: path, keys: ["design"] + keys)
    }
    switch value["design"]?.string {
    case "high-pass":
      let each = try object("order", "corner")
      self = .highPass(
        order: try each.integer("order", in: Self.orders), corner: try each.number("corner", .positive))
    case "low-pass":
      let each = try object("order", "corner")
      self = .lowPass(order: try each.integer("order", in: Self.orders), corner: try each.number("corner", .positive))
    case "band-pass":
      let each = try object("order", "low", "high")
      let (low, high) = (try each.number("low", .positive), try each.number("high", .positive))
      guard low < high else { throw ModelDescriptionError(each.at("low"), "\(low) is not below high, \(high)") }
      self = .bandPass(order: try each.integer("order", in: Self.orders), low: low, high: high)
    case "notch":
      let each = try object("frequency", "quality")
      self = .notch(frequency: try each.number("frequency", .positive), quality: try each.number("quality", .positive))
    case let other:
      let known = ["high-pass", "low-pass", "band-pass", "notch"]
      throw ModelDescriptionError(
        "\(path).design", "\(other.map { "'\($0)'" } ?? "none") is no filter design; \(known.joined(separator: ", "))",
        suggestion: other.flatMap { StrictObject.nearest($0, known) })
    }
  }
}

extension Normalisation {
  init(_ value: JSONValue, path: String) throws(ModelDescriptionError) {
    func object(_ keys: String...) throws(ModelDescriptionError) -> StrictObject {
      try StrictObject(value, path: path, keys: ["kind"] + keys)
    }
    switch value["kind"]?.string {
    case "none":
      _ = try object()
      self = .none
    case "fixed":
      let each = try object("mean", "deviation")
      self = .fixed(mean: try each.number("mean", .any), deviation: try each.number("deviation", .positive))
    case "running":
      let each = try object("time_constant", "mean", "variance", "epsilon")
      self = .running(
        timeConstant: try each.number("time_constant", .positive), mean: try each.number("mean", .any),
        variance: try each.number("variance", .zeroOrMore), epsilon: try each.number("epsilon", .positive))
    case "window":
      let each = try object("epsilon")
      self = .window(epsilon: try each.number("epsilon", .positive, otherwise: 1e-5))
    case let other:
      let known = ["none", "fixed", "running", "window"]
      throw ModelDescriptionError(
        "\(path).kind",
        "\(other.map { "'\($0)'" } ?? "none") is not supported; supported: \(known.joined(separator: ", "))",
        suggestion: other.flatMap { StrictObject.nearest($0, known) })
    }
  }
}
