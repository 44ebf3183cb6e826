import RunnelCore
import RunnelKernels

extension ModelDescription {
  /// Reads the JSON text of `runnel.model`.
  public init(parsing text: String) throws(ModelDescriptionError) {
    let json: JSONValue
    do throws(JSONError) { json = try JSONValue(parsing: text) } catch {
      throw ModelDescriptionError("runnel.model", "not JSON: \(error)")
    }
    try self.init(json)
  }

  public init(_ json: JSONValue) throws(ModelDescriptionError) {
    let object = try StrictObject(
      json, path: "",
      keys: [
        "format", "name", "regime", "pattern", "rate", "hop", "delay", "trained_rate", "warmup", "inputs",
        "conditioning", "layers", "heads", "decide", "golden", "provenance", "digest",
      ])
    guard try object.value("format").integer == 1 else {
      throw ModelDescriptionError(
        "format", "this version reads format 1, found \(StrictObject.shown(try object.value("format")))")
    }
    name = try object.name("name")
    regime = try Self.regime(object)
    pattern = object.has("pattern") ? try object.choice("pattern", Pattern.self) : .manyToMany
    rate = try object.number("rate", .positive)
    trainedRate = try object.number("trained_rate", .positive, otherwise: rate)
    hop = object.has("hop") ? try object.integer("hop", in: 1...1_000_000) : 1
    delay = try object.number("delay", .zeroOrMore, otherwise: 0)
    warmUp = try object.number("warmup", .zeroOrMore, otherwise: 0)
    inputs = try Self.inputs(object)
    conditioning =
      object.has("conditioning")
      ? try Conditioning(try object.value("conditioning"), path: "conditioning") : Conditioning()
    layers = try Self.layers(object, inputs: inputs.count)
    heads = try Self.heads(object, outputs: layers[layers.count - 1].output)
    decide = object.has("decide") ? try DecisionRule(try object.value("decide"), path: "decide") : DecisionRule()
    try Self.check(decide, against: heads)
    tolerance = try Self.tolerance(object)
    provenance = object["provenance"] ?? .object([])
    digest = try object.text("digest")
    guard digest.hasPrefix("sha256:"), digest.utf8.count == 71,
      digest.utf8.dropFirst(7).allSatisfy({ (48...57).contains($0) || (97...102).contains($0) })
    else { throw ModelDescriptionError("digest", "expected 'sha256:' and 64 lower-case hexadecimal digits") }
  }

  private static func regime(_ object: StrictObject) throws(ModelDescriptionError) -> Regime {
    if case .string("windowed")? = object["regime"] {
      throw ModelDescriptionError("regime", "'windowed' is not supported yet; supported: carried")
    }
    return try object.choice("regime", Regime.self)
  }

  private static func inputs(_ object: StrictObject) throws(ModelDescriptionError) -> [Input] {
    var inputs: [Input] = []
    for (value, path) in try object.items("inputs") {
      let each = try StrictObject(value, path: path, keys: ["name", "unit"])
      let name = try each.name("name")
      guard !inputs.contains(where: { $0.name == name }) else {
        throw ModelDescriptionError(each.at("name"), "'\(name)' names two inputs")
      }
      let unit: String? = if case .null? = each["unit"] { nil } else { each.has("unit") ? try each.name("unit") : nil }
      inputs.append(Input(name: name, unit: unit))
    }
    guard !inputs.isEmpty else { throw ModelDescriptionError("inputs", "at least one input") }
    return inputs
  }

  private static func layers(
    _ object: StrictObject, inputs: Int
  ) throws(ModelDescriptionError) -> [LayerDescription] {
    let items = try object.items("layers")
    guard (1...layerLimit).contains(items.count) else {
      throw ModelDescriptionError("layers", "expected 1 to \(layerLimit) layers, found \(items.count)")
    }
    var layers: [LayerDescription] = []
    var width = inputs
    for (value, path) in items {
      let layer = try LayerDescription(value, path: path)
      guard layer.input == width else {
        let before = layers.last.map { "layer '\($0.name)' before it gives" } ?? "the inputs are"
        throw ModelDescriptionError("\(path).input", "is \(layer.input), but \(before) \(width)")
      }
      guard !layers.contains(where: { $0.name == layer.name }) else {
        throw ModelDescriptionError("\(path).name", "'\(layer.name)' names two layers")
      }
      guard layer.name != "golden", !layer.name.hasPrefix("golden.") else {
        throw ModelDescriptionError("\(path).name", "'golden' is kept for the golden tensors")
      }
      layers.append(layer)
      width = layer.output
    }
    return layers
  }

  private static func heads(_ object: StrictObject, outputs: Int) throws(ModelDescriptionError) -> [Head] {
    var heads: [Head] = []
    for (value, path) in try object.items("heads") {
      let each = try StrictObject(value, path: path, keys: ["name", "activation", "labels"])
      var labels: [String] = []
      for (label, path) in try each.items("labels") {
        guard let text = label.string, !text.isEmpty else { throw ModelDescriptionError(path, "expected a name") }
        guard !labels.contains(text) else { throw ModelDescriptionError(path, "'\(text)' is named twice") }
        labels.append(text)
      }
      let head = Head(
        name: try each.name("name"), activation: try each.choice("activation", Head.Activation.self), labels: labels)
      guard !labels.isEmpty else { throw ModelDescriptionError(each.at("labels"), "at least one label") }
      guard !heads.contains(where: { $0.name == head.name }) else {
        throw ModelDescriptionError(each.at("name"), "'\(head.name)' names two heads")
      }
      heads.append(head)
    }
    let count = heads.reduce(0) { $0 + $1.labels.count }
    guard count == outputs else {
      throw ModelDescriptionError("heads", "\(count) labels for the \(outputs) outputs of the last layer")
    }
    return heads
  }

  private static func check(_ rule: DecisionRule, against heads: [Head]) throws(ModelDescriptionError) {
    guard let head = rule.head.map({ name in heads.first { $0.name == name } }) ?? heads.first else {
      throw ModelDescriptionError(
        "decide.head", "no head is named '\(rule.head ?? "")'; heads: \(heads.map(\.name).joined(separator: ", "))",
        suggestion: StrictObject.nearest(rule.head ?? "", heads.map(\.name)))
    }
    guard rule.emit == .every || rule.emit == .change || head.labels.contains(rule.none) else {
      throw ModelDescriptionError(
        "decide.none", "'\(rule.none)' is no label of head '\(head.name)', and emit: \(rule.emit.rawValue) needs it",
        suggestion: StrictObject.nearest(rule.none, head.labels))
    }
  }

  private static func tolerance(_ object: StrictObject) throws(ModelDescriptionError) -> Double {
    let golden = try StrictObject(try object.value("golden"), path: "golden", keys: ["tolerance"])
    let each = try StrictObject(try golden.value("tolerance"), path: "golden.tolerance", keys: ["float32"])
    let tolerance = try each.number("float32", .positive)
    guard tolerance <= 1e-2 else {
      throw ModelDescriptionError("golden.tolerance.float32", "\(tolerance) would prove nothing; at most 0.01")
    }
    return tolerance
  }
}
