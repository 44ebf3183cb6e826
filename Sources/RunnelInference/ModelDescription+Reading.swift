import RunnelCore
import RunnelKernels

extension ModelDescription {
  /// Bytes of the description; thousands of labels need a tenth of it.
  private static let textLimit = 1 << 21

  /// Reads the JSON text of `runnel.model`.
  public init(parsing text: String) throws(ModelDescriptionError) {
    guard text.utf8.count <= Self.textLimit else {
      throw ModelDescriptionError("runnel.model", "at most \(Self.textLimit) bytes, found \(text.utf8.count)")
    }
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
        "format", "name", "regime", "pattern", "window", "rate", "hop", "delay", "trained_rate", "warmup",
        "max_state_age", "inputs", "conditioning", "layers", "decoder", "event_stage", "heads", "decide", "golden",
        "provenance", "digest",
      ])
    guard try object.value("format").integer == 1 else {
      throw ModelDescriptionError(
        "format", "this version reads format 1, found \(StrictObject.shown(try object.value("format")))")
    }
    name = try object.name("name")
    regime = try object.choice("regime", Regime.self)
    pattern = object.has("pattern") ? try object.choice("pattern", Pattern.self) : .manyToMany
    rate = try object.rate("rate")
    trainedRate = object.has("trained_rate") ? try object.rate("trained_rate") : rate
    hop = object.has("hop") ? try object.integer("hop", in: 1...1_000_000) : 1
    delay = try object.seconds("delay")
    warmUp = try object.seconds("warmup")
    maxStateAge = try object.seconds("max_state_age")
    inputs = try Self.inputs(object)
    conditioning =
      object.has("conditioning")
      ? try Conditioning(try object.value("conditioning"), path: "conditioning") : Conditioning()
    layers = try LayerDescription.list(try object.items("layers"), path: "layers")
    graph = try NetworkGraph(layers, inputs: inputs.count)
    heads = try Self.heads(object)
    window = try Self.window(object, regime, pattern, graph)
    decoder = nil
    if object.has("decoder") {
      decoder = try DecoderDescription(
        try object.value("decoder"), path: "decoder", context: graph.output.layer.output, labels: heads[0].labels,
        encoder: graph)
    }
    decide = object.has("decide") ? try DecisionRule(try object.value("decide"), path: "decide") : DecisionRule()
    eventStage = nil
    if object.has("event_stage") {
      let scores = Self.deciding(heads, decide).labels.count
      eventStage = try EventStageDescription(
        try object.value("event_stage"), path: "event_stage", network: graph, scores: scores)
    }
    (tolerance, reducedTolerances, goldenBy) = try Self.golden(object)
    provenance = object["provenance"] ?? .object([])
    digest = try object.text("digest")
    guard digest.hasPrefix("sha256:"), digest.utf8.count == 71,
      digest.utf8.dropFirst(7).allSatisfy({ (48...57).contains($0) || (97...102).contains($0) })
    else { throw ModelDescriptionError("digest", "expected 'sha256:' and 64 lower-case hexadecimal digits") }
    try checkHeads()
    try checkRegime()
    try checkNames()
    try checkSizes()
    try Self.check(decide, against: heads)
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

  private static func heads(_ object: StrictObject) throws(ModelDescriptionError) -> [Head] {
    var heads: [Head] = []
    for (value, path) in try object.items("heads") {
      let head = try Head(value, path: path)
      guard !heads.contains(where: { $0.name == head.name }) else {
        throw ModelDescriptionError("\(path).name", "'\(head.name)' names two heads")
      }
      heads.append(head)
    }
    guard !heads.isEmpty else { throw ModelDescriptionError("heads", "at least one head") }
    return heads
  }

  private static func deciding(_ heads: [Head], _ rule: DecisionRule) -> Head {
    heads.first { $0.name == rule.head } ?? heads[0]
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

  private static func golden(
    _ object: StrictObject
  ) throws(ModelDescriptionError) -> (Double, [WeightPrecision: Double], String?) {
    let golden = try StrictObject(try object.value("golden"), path: "golden", keys: ["tolerance", "by"])
    let each = try StrictObject(
      try golden.value("tolerance"), path: "golden.tolerance", keys: WeightPrecision.allCases.map(\.rawValue))
    let tolerance = try each.number("float32", .positive)
    guard tolerance <= 1e-2 else {
      throw ModelDescriptionError("golden.tolerance.float32", "\(tolerance) would prove nothing; at most 0.01")
    }
    var reduced: [WeightPrecision: Double] = [:]
    for precision in WeightPrecision.allCases where precision != .float32 && each.has(precision.rawValue) {
      reduced[precision] = try each.number(precision.rawValue, .positive)
    }
    return (tolerance, reduced, golden.has("by") ? try golden.name("by") : nil)
  }
}

extension ModelDescription.Head {
  init(_ value: JSONValue, path: String) throws(ModelDescriptionError) {
    let each = try StrictObject(value, path: path, keys: ["name", "activation", "labels"])
    var labels: [String] = []
    for (label, path) in try each.items("labels") {
      let text = try StrictObject.name(label, at: path)
      guard !labels.contains(text) else { throw ModelDescriptionError(path, "'\(text)' is named twice") }
      labels.append(text)
    }
    self.init(name: try each.name("name"), activation: try each.choice("activation", Activation.self), labels: labels)
    guard !labels.isEmpty else { throw ModelDescriptionError(each.at("labels"), "at least one label") }
  }
}

extension LayerDescription {
  /// The elements of a list of layers.
  static func list(
    _ items: [(value: JSONValue, path: String)], path: String
  ) throws(ModelDescriptionError) -> [LayerDescription] {
    guard (1...ModelDescription.layerLimit).contains(items.count) else {
      throw ModelDescriptionError(
        path, "expected 1 to \(ModelDescription.layerLimit) layers, found \(items.count)")
    }
    var layers: [LayerDescription] = []
    for (value, path) in items {
      layers.append(try LayerDescription(value, path: path, before: layers.last?.name ?? frame))
    }
    return layers
  }
}
