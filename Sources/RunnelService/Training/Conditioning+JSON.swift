import RunnelCore

extension Conditioning {
  /// As a model file states it, under `conditioning`.
  public var json: JSONValue {
    .object([
      JSONValue.Member("filters", .array(filters.map(\.json))), JSONValue.Member("normalisation", normalisation.json),
    ])
  }
}

extension FilterDesign {
  var json: JSONValue {
    func design(_ name: String, _ members: [(String, JSONValue)]) -> JSONValue {
      .object([JSONValue.Member("design", .string(name))] + members.map { JSONValue.Member($0.0, $0.1) })
    }
    return switch self {
    case .highPass(let order, let corner):
      design("high-pass", [("order", .integer(Int64(order))), ("corner", .number(corner))])
    case .lowPass(let order, let corner):
      design("low-pass", [("order", .integer(Int64(order))), ("corner", .number(corner))])
    case .bandPass(let order, let low, let high):
      design("band-pass", [("order", .integer(Int64(order))), ("low", .number(low)), ("high", .number(high))])
    case .notch(let frequency, let quality):
      design("notch", [("frequency", .number(frequency)), ("quality", .number(quality))])
    }
  }
}

extension Normalisation {
  var json: JSONValue {
    func kind(_ name: String, _ members: [(String, Double)] = []) -> JSONValue {
      .object(
        [JSONValue.Member("kind", .string(name))] + members.map { JSONValue.Member($0.0, .number($0.1)) })
    }
    return switch self {
    case .none: kind("none")
    case .fixed(let mean, let deviation): kind("fixed", [("mean", mean), ("deviation", deviation)])
    case .running(let time, let mean, let variance, let epsilon):
      kind("running", [("time_constant", time), ("mean", mean), ("variance", variance), ("epsilon", epsilon)])
    case .window(let epsilon): kind("window", [("epsilon", epsilon)])
    }
  }
}
