import RunnelCore
import RunnelInference

/// A model as a drawing: what goes in, layer by layer to the heads, and what is decided of it.
///
///       lead (mV)
///         │  band-pass 0.5 to 40 Hz, order 2
///         │  resampled to 120 Hz (trained on 360 Hz)
///       conv    Conv1d    1 →  24   kernel 15 (125ms), relu
///         │
///       lstm    LSTM     24 →  64
///         …
public struct ModelDrawing: Sendable {
  private let file: ModelFile
  private var model: ModelDescription { file.description }

  public init(_ file: ModelFile) { self.file = file }

  public var text: String {
    let title = "\(model.name): \(file.parameters) parameters, \(file.size) bytes, \(model.digest)"
    return ([title, ""] + drawing + [""] + figures + provenance).joined(separator: "\n")
  }

  // MARK: the drawing

  private var drawing: [String] {
    var lines: [String] = model.inputs.map { "  \($0.name)\($0.unit.map { " (\($0))" } ?? "")" }
    lines += conditioning.map { "    │  \($0)" }
    for layer in model.layers {
      lines.append(Self.line(layer, rate: model.rate))
      lines.append("    │")
    }
    lines.removeLast()
    for head in model.heads {
      lines.append("    ├─ \(head.name): \(head.activation.rawValue) over \(head.labels.joined(separator: " "))")
    }
    return lines
  }

  private var conditioning: [String] {
    var lines = model.conditioning.filters.map(Self.phrase)
    lines.append(
      model.trainedRate == model.rate
        ? "at \(Self.hertz(model.rate))"
        : "resampled to \(Self.hertz(model.rate)) (trained on \(Self.hertz(model.trainedRate)))")
    switch model.conditioning.normalisation {
    case .none: break
    case .fixed(let mean, let deviation):
      lines.append("normalised: mean \(Phrase.number(mean)), deviation \(Phrase.number(deviation))")
    case .window: lines.append("normalised: each window by its own mean and deviation")
    case .running(let time, let mean, let variance, _):
      lines.append(
        """
        normalised: running over \(Self.duration(time)), from mean \(Phrase.number(mean)), variance \
        \(Phrase.number(variance))
        """)
    }
    return lines
  }

  private static func phrase(_ filter: FilterDesign) -> String {
    switch filter {
    case .highPass(let order, let corner): "high-pass \(hertz(corner)), order \(order)"
    case .lowPass(let order, let corner): "low-pass \(hertz(corner)), order \(order)"
    case .bandPass(let order, let low, let high): "band-pass \(Phrase.number(low)) to \(hertz(high)), order \(order)"
    case .notch(let frequency, let quality): "notch \(hertz(frequency)), quality \(Phrase.number(quality))"
    }
  }

  private static func line(_ layer: LayerDescription, rate: Double) -> String {
    let sizes = "\(right("\(layer.input)", 5)) → \(right("\(layer.output)", 4))"
    switch layer.kind {
    case .conv1d(let span, _, let activation, _):
      let reach = duration((Double(span.past + 1) / rate * 1e4).rounded() / 1e4)
      let dilated = span.dilation == 1 ? "" : ", dilation \(span.dilation)"
      return
        "  \(left(layer.name, 8)) Conv1d \(sizes)   kernel \(span.kernel)\(dilated) (\(reach)), \(activation.kind.rawValue)"
    case .recurrent(let each):
      return "  \(left(layer.name, 8)) LSTM   \(sizes)\(each.depth == 1 ? "" : "   \(each.depth) on top of each other")"
    case .linear(let activation, _):
      return "  \(left(layer.name, 8)) Linear \(sizes)\(activation == .none ? "" : "   \(activation.kind.rawValue)")"
    default:
      return "  \(left(layer.name, 8)) \(sizes)"
    }
  }

  // MARK: figures

  private var figures: [String] {
    [
      "regime    \(model.regime.rawValue), \(model.pattern.rawValue), hop \(model.hop)",
      "delay     \(Self.duration(model.delay)): a score at n speaks of n − delay",
      "warm-up   \(Self.duration(model.warmUp)), or longer where the conditioning needs it",
      "decide    \(decide)",
      "golden    \(file.golden.steps) steps, tolerance \(model.tolerance)",
    ]
  }

  private var decide: String {
    let rule = model.decide
    var words = ["emit \(rule.emit.rawValue)"]
    if let head = rule.head { words.append("head \(head)") }
    if rule.emit == .events || rule.emit == .peaks {
      words.append("none \(rule.none)")
      words.append("enter \(Phrase.number(rule.enter))")
      words.append("leave \(Phrase.number(rule.leave))")
    }
    if rule.emit == .events {
      words.append("min_on \(Self.duration(rule.minOn))")
      words.append("min_off \(Self.duration(rule.minOff))")
    }
    if rule.emit == .peaks {
      words.append("refractory \(Self.duration(rule.refractory))")
      words.append("max_width \(Self.duration(rule.maxWidth))")
    }
    switch rule.smooth {
    case .none: break
    case .mean(let seconds): words.append("smooth mean \(Self.duration(seconds))")
    case .majority(let needed, let of): words.append("smooth \(needed) of \(of)")
    }
    if rule.unknownBelow > 0 { words.append("unknown below \(Phrase.number(rule.unknownBelow))") }
    return words.joined(separator: ", ")
  }

  private var provenance: [String] {
    guard let members = model.provenance.members, !members.isEmpty else { return ["provenance: none given"] }
    return ["provenance"]
      + members.map { member in
        if let text = member.value.string { return "  \(member.key): \(Printable.text(text.unicodeScalars))" }
        var json = JSONWriter()
        json.write(member.value)
        return "  \(member.key): \(json.text)"
      }
  }

  private static func hertz(_ value: Double) -> String { Phrase.number(value) + " Hz" }
  private static func duration(_ seconds: Double) -> String { Dimension.duration.text(seconds) }
  private static func left(_ text: String, _ width: Int) -> String {
    text + String(repeating: " ", count: max(0, width - text.count))
  }
  private static func right(_ text: String, _ width: Int) -> String {
    String(repeating: " ", count: max(0, width - text.count)) + text
  }
}

/// The same for programs.
extension ModelDrawing {
  /// `{"name": …, "digest": …, "rate": 120.0, …, "inputs": […], "layers": […], "heads": […], "provenance": {…}}`
  public func json(into json: inout JSONWriter) {
    json.beginObject()
    for (key, text) in [
      ("name", model.name), ("digest", model.digest), ("regime", model.regime.rawValue),
      ("pattern", model.pattern.rawValue),
    ] {
      json.key(key)
      json.write(text)
    }
    for (key, number) in [
      ("rate", model.rate), ("trained_rate", model.trainedRate), ("delay", model.delay), ("warmup", model.warmUp),
    ] {
      json.key(key)
      json.write(number)
    }
    for (key, count) in [("hop", model.hop), ("parameters", file.parameters), ("size", file.size)] {
      json.key(key)
      json.write(count)
    }
    list("inputs", model.inputs, into: &json) { input, json in
      Self.pair("name", input.name, into: &json)
      if let unit = input.unit { Self.pair("unit", unit, into: &json) }
    }
    json.key("conditioning")
    json.beginArray()
    for line in conditioning { json.write(line) }
    json.endArray()
    list("layers", model.layers, into: &json) { layer, json in
      Self.pair("name", layer.name, into: &json)
      Self.pair("kind", Self.kind(layer), into: &json)
      json.key("input")
      json.write(layer.input)
      json.key("output")
      json.write(layer.output)
    }
    list("heads", model.heads, into: &json) { head, json in
      Self.pair("name", head.name, into: &json)
      Self.pair("activation", head.activation.rawValue, into: &json)
      json.key("labels")
      json.beginArray()
      for label in head.labels { json.write(label) }
      json.endArray()
    }
    Self.pair("decide", decide, into: &json)
    json.key("provenance")
    json.write(model.provenance)
    json.endObject()
  }

  private static func kind(_ layer: LayerDescription) -> String {
    switch layer.kind {
    case .conv1d: "conv1d"
    case .recurrent: "lstm"
    case .linear: "linear"
    default: "other"
    }
  }

  private func list<Item>(
    _ key: String, _ items: [Item], into json: inout JSONWriter, _ body: (Item, inout JSONWriter) -> Void
  ) {
    json.key(key)
    json.beginArray()
    for item in items {
      json.beginObject()
      body(item, &json)
      json.endObject()
    }
    json.endArray()
  }

  private static func pair(_ key: String, _ text: String, into json: inout JSONWriter) {
    json.key(key)
    json.write(text)
  }
}
