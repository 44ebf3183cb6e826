import RunnelCore

/// The JSON Schema, for editors that complete and check YAML while it is written. It is looser than the reader: what
/// concerns several keys at once, and most ranges, only `runnel check` knows.
extension ConfigurationTable {
  /// Draft 2020-12.
  public static var jsonSchema: JSONValue {
    var members = [
      JSONValue.Member("$schema", .string("https://json-schema.org/draft/2020-12/schema")),
      JSONValue.Member("title", .string("runnel configuration")),
    ]
    if case .object(let root) = object([]) { members += root }
    return .object(members)
  }

  private static func object(_ pattern: [String]) -> JSONValue {
    let keys = children(of: pattern).filter { $0.availability == .now }
    let required = keys.filter { $0.presence == .required }.map { JSONValue.string($0.name) }
    var members: [JSONValue.Member] = [
      .init("type", .string("object")), .init("additionalProperties", .bool(false)),
      .init("properties", .object(keys.map { .init($0.name, schema($0)) })),
    ]
    if !required.isEmpty { members.append(.init("required", .array(required))) }
    return .object(members)
  }

  private static func schema(_ key: ConfigurationKey) -> JSONValue {
    guard case .object(var members) = shape(key) else { preconditionFailure("every schema is an object") }
    members.append(.init("description", .string(key.documentation)))
    if case .defaulted(let text) = key.presence { members.append(.init("default", .string(text))) }
    if !key.example.isEmpty, case .quantity = key.kind {
      members.append(.init("examples", .array([.string(key.example)])))
    }
    return .object(members)
  }

  private static func shape(_ key: ConfigurationKey) -> JSONValue {
    /// A variable may stand for any scalar.
    let variable = #"^.*\$\{.*$"#
    func type(_ name: String) -> JSONValue { .object([.init("type", .string(name))]) }
    func pattern(_ text: String) -> JSONValue {
      .object([.init("type", .string("string")), .init("pattern", .string("\(text)|\(variable)"))])
    }
    func any(_ shapes: [JSONValue]) -> JSONValue { .object([.init("anyOf", .array(shapes))]) }
    func list(_ item: JSONValue) -> JSONValue {
      .object([.init("type", .string("array")), .init("items", item), .init("minItems", .integer(1))])
    }
    switch key.kind {
    case .section: return object(key.path)
    case .named:
      return .object([
        .init("type", .string("object")), .init("minProperties", .integer(1)),
        .init("propertyNames", .object([.init("pattern", .string("^[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}$"))])),
        .init("additionalProperties", object(key.path + ["*"])),
      ])
    case .text, .topic, .path, .reference, .fill, .smoothing, .durationSpan: return type("string")
    case .boolean: return any([type("boolean"), pattern("^(true|false)$")])
    case .integer(let range):
      return any([
        .object([
          .init("type", .string("integer")), .init("minimum", .integer(Int64(range.lowerBound))),
          .init("maximum", .integer(Int64(range.upperBound))),
        ]), pattern("^[0-9]+$"),
      ])
    case .number(let range):
      return any([
        .object([
          .init("type", .string("number")), .init("minimum", .number(range.lowerBound)),
          .init("maximum", .number(range.upperBound)),
        ]), pattern("^[-+.0-9eE]+$"),
      ])
    case .quantity(let dimension, _):
      return pattern(
        "^[+]?[0-9]*[.]?[0-9]+([eE][-+]?[0-9]+)? *(\(dimension.units.map(\.name).joined(separator: "|")))$")
    case .numbers: return list(type("number"))
    case .numberSpan:
      return .object([
        .init("type", .string("array")), .init("items", type("number")), .init("minItems", .integer(2)),
        .init("maxItems", .integer(2)),
      ])
    case .choice(let words, _):
      return any([.object([.init("enum", .array(words.map(JSONValue.string)))]), pattern(variable)])
    case .endpoints: return any([pattern("^(tcp|ipc|inproc)://"), list(pattern("^(tcp|ipc|inproc)://"))])
    case .digest: return pattern("^[0-9A-Fa-f]{64}$")
    case .channels: return list(any([type("string"), object(key.path + ["[]"])]))
    case .channelNames: return any([pattern("^all$"), list(type("string"))])
    case .bindings:
      return .object([
        .init("type", .string("object")), .init("minProperties", .integer(1)),
        .init("additionalProperties", type("string")),
      ])
    }
  }
}
