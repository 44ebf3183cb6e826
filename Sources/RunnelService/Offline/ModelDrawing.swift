import RunnelCore
import RunnelInference

/// A model as a drawing: what goes in, layer by layer to the heads, and what is decided of it.
///
///       lead (mV)
///         │  band-pass 0.5 to 40 Hz, order 2
///         │  resampled to 120 Hz (trained on 360 Hz)
///       conv    Conv1d    1 →  24     384 parameters   360 multiply-adds      56 bytes   kernel 15 (125ms), relu
///         │
///       lstm    LSTM     24 →  64   23040 …
///         …
///
/// Counts are those of `NetworkFigures`: multiply-adds of one frame (of a windowed model one window), bytes that one lane
/// carries.
public struct ModelDrawing: Sendable {
  let file: ModelFile
  var model: ModelDescription { file.description }

  public init(_ file: ModelFile) { self.file = file }

  public var text: String {
    let title = "\(model.name): \(file.parameters) parameters, \(file.size) bytes, \(model.digest)"
    return ([title, ""] + drawing + [""] + figures + provenance).joined(separator: "\n")
  }

  // MARK: the drawing

  /// Lines of a network of a hundred inputs: the first ones and the last.
  static func shortened(_ lines: [String]) -> [String] {
    lines.count <= 12 ? lines : lines[..<4] + ["  … \(lines.count - 5) more"] + [lines[lines.count - 1]]
  }

  private var drawing: [String] {
    var lines = Self.shortened(model.inputs.map { "  \($0.name)\($0.unit.map { " (\($0))" } ?? "")" })
    lines += conditioning.map { "    │  \($0)" }
    lines += Self.table(model.graph, file.figures, rate: model.rate, states: model.statesOfLane)
    if let decoder = model.decoder {
      lines += ["    │", "  decoder  \(decoder.words(labels: model.heads[0].labels))"]
      lines += Self.table(decoder.graph, file.decoderFigures, rate: 0)
    }
    lines += model.heads.map(Self.line)
    if let stage = model.eventStage {
      lines += ["    │", "  events   \(stage.words)"]
      lines += Self.table(stage.graph, file.eventFigures, rate: 0)
      lines.append(Self.line(stage.head))
    }
    return lines
  }

  private static func line(_ head: ModelDescription.Head) -> String {
    "    ├─ \(head.name): \(head.activation.rawValue) over \(head.labels.joined(separator: " "))"
  }

  var conditioning: [String] {
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

  // MARK: layers

  /// A line for each layer, its columns under each other, and what it reads where that is not the one before.
  ///
  /// - Parameters:
  ///   - rate: of the frames; 0 where steps are no time.
  ///   - states: of the network that one lane carries.
  static func table(
    _ graph: NetworkGraph, _ figures: NetworkFigures?, rate: Double, states: Int = 1
  ) -> [String] {
    guard let figures else { return [] }
    let names = graph.nodes.map { left($0.layer.name, 8) }
    let widest = names.map(\.count).max() ?? 8
    var rows: [[String]] = []
    for (place, node) in graph.nodes.enumerated() {
      let (layer, figure) = (node.layer, figures.layers[place])
      rows.append([
        left(names[place], widest), left(layer.title, 10),
        "\(right("\(layer.input)", 5)) → \(right("\(layer.output)", 4))",
        "\(figure.parameters)", Self.tenths(figure.multiplyAdds), "\(states * figure.stateBytes)",
      ])
    }
    let widths = (3...5).map { column in rows.map { $0[column].count }.max() ?? 0 }
    var lines: [String] = []
    for (place, row) in rows.enumerated() {
      let numbers = zip(zip(row[3...], widths), ["parameters", "multiply-adds", "bytes"]).map { each, unit in
        "\(right(each.0, each.1)) \(unit)"
      }
      let source = source(of: place, in: graph)
      let words = [source, graph.nodes[place].layer.particulars(rate: rateOfInput(of: place, in: graph, rate))]
        .filter { !$0.isEmpty }.joined(separator: ", ")
      lines.append(trimmed("  \(row[0]) \(row[1])\(row[2])   \(numbers.joined(separator: "   "))   \(words)"))
      if place + 1 < rows.count { lines.append("    │") }
    }
    return lines
  }

  /// `from conv and input`, where it is not simply the layer before.
  static func source(of place: Int, in graph: NetworkGraph) -> String {
    let node = graph.nodes[place]
    guard node.sources != [place - 1] else { return "" }
    return "from \(Phrase.list(node.layer.from, "and"))"
  }

  private static func rateOfInput(of place: Int, in graph: NetworkGraph, _ rate: Double) -> Double {
    let source = graph.nodes[place].sources[0]
    return source == NetworkGraph.frame ? rate : rate / Double(graph.nodes[source].time.stride)
  }

  // MARK: figures

  private var figures: [String] {
    return [
      "regime    \(model.regime.rawValue): \(model.regimeWords)",
      "pattern   \(model.pattern.rawValue): \(model.patternWords)",
      "work      \(work)",
      "delay     \(model.withSteps(model.delay)): a score at n speaks of n − delay",
      "warm-up   \(model.withSteps(model.warmUp)), or longer where the conditioning needs it",
      "decide    \(decide)",
      "golden    \(golden)",
    ]
  }

  private var work: String {
    var words = "\(Self.tenths(file.multiplyAdds)) multiply-adds a \(model.regime == .windowed ? "window" : "frame")"
    if let decoder = model.decoder {
      let inDecoder = file.multiplyAdds - file.figures.multiplyAdds
      words += ", \(Self.tenths(inDecoder)) of them in the \(decoder.steps) steps of the decoder"
    }
    return model.statesOfLane > 0 ? "\(words), \(stateBytes) bytes of state a lane" : words
  }

  var stateBytes: Int { model.statesOfLane * file.figures.stateBytes }

  private var golden: String {
    let by =
      switch model.goldenBy {
      case "runnel": ", by runnel itself: they prove this machine, not the network"
      case let by?: ", by \(by)"
      case nil: ""
      }
    return "\(file.golden.steps) \(model.regime == .windowed ? "windows" : "steps"), tolerance \(model.tolerance)\(by)"
  }

  var decide: String {
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

  private static func tenths(_ value: Double) -> String { Phrase.number((value * 10).rounded() / 10) }
  private static func hertz(_ value: Double) -> String { Phrase.number(value) + " Hz" }
  private static func duration(_ seconds: Double) -> String { Dimension.duration.text(seconds) }
  private static func left(_ text: String, _ width: Int) -> String {
    text + String(repeating: " ", count: max(0, width - text.count))
  }
  private static func right(_ text: String, _ width: Int) -> String {
    String(repeating: " ", count: max(0, width - text.count)) + text
  }
  private static func trimmed(_ text: String) -> String {
    var text = text
    while text.last == " " { text.removeLast() }
    return text
  }
}
