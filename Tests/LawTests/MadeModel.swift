import RunnelCore
import RunnelInference
import RunnelKernels
import RunnelPipeline

/// A model file written here, layer by layer, with seeded weights: any shape that a law is to hold for. Its golden
/// tensors have the right shapes and nothing in them; who asks a law does not ask for proof.
///
///     var made = MadeModel(seed: 1, regime: "windowed", pattern: "many-to-one")
///     made.window = (length: 40, target: nil)
///     made.recurrent("gru", name: "gru", from: 1, to: 8)
///     made.linear("head", from: 8, to: 3)
///     let model = try made.model()
struct MadeModel {
  var regime: String
  var pattern: String
  var rate = 120.0
  var trainedRate: Double?
  var hop = 1
  var delay = 0.0
  var warmUp = 0.0
  var maxStateAge = 0.0
  var window: (length: Int, target: Int?)?
  var normalisation = #"{"kind":"none"}"#
  /// Filters of the conditioning, as JSON.
  var filters: [String] = []
  var inputs = ["lead"]
  var labels = ["none", "A", "B"]
  var head = "softmax"
  var decide = #"{"emit":"every"}"#
  var decoder: String?
  var eventStage: (json: String, features: Int, labels: Int)?
  /// Weights that are not random, by the name of their tensor.
  var constants: [String: [Float]] = [:]
  private var layers: [String] = []
  /// Name and shape, in the order in which they get their weights.
  private var tensors: [(name: String, shape: [Int])] = []
  private var finals: [(name: String, count: Int)] = []
  private var random: SeededGenerator

  init(seed: UInt64, regime: String = "carried", pattern: String = "many-to-many") {
    self.regime = regime
    self.pattern = pattern
    random = SeededGenerator(seed: seed)
  }

  // MARK: layers

  mutating func linear(_ name: String, from: Int, to: Int, activation: String = "none") {
    let json = Self.linear(name, from: from, to: to, activation: activation)
    layers.append(json)
    tensors += [("\(name).weight", [to, from]), ("\(name).bias", [to])]
  }

  mutating func conv(
    _ name: String, from: Int, to: Int, kernel: Int, stride: Int = 1, dilation: Int = 1, padding: [Int]? = nil
  ) {
    let padding = padding.map { ",\"padding\":\($0)" } ?? ""
    layers.append(
      #"{"kind":"conv1d","name":"\#(name)","input":\#(from),"output":\#(to),"kernel":\#(kernel),"stride":\#(stride),"dilation":\#(dilation)\#(padding),"activation":"tanh"}"#
    )
    tensors += [("\(name).weight", [to, from, kernel]), ("\(name).bias", [to])]
  }

  mutating func pool(_ name: String, _ kind: String = "maxpool", width: Int, kernel: Int, padding: [Int] = [0, 0]) {
    layers.append(
      #"{"kind":"\#(kind)","name":"\#(name)","input":\#(width),"kernel":\#(kernel),"padding":\#(padding)}"#)
  }

  /// - Parameter cell: rnn, gru or lstm.
  mutating func recurrent(
    _ cell: String, name: String, from: Int, to: Int, direction: String = "forward", activation: String? = nil
  ) {
    let json = Self.recurrent(cell, name: name, from: from, to: to, direction: direction)
    layers.append(activation.map { json.dropLast() + #","activation":"\#($0)"}"# } ?? json)
    weights(cell, name: name, from: from, to: to, direction: direction)
    finals.append(("golden.\(name).h_l0", to))
    if cell == "lstm" { finals.append(("golden.\(name).c_l0", to)) }
  }

  /// A layer without tensors.
  mutating func plain(_ json: String) { layers.append(json) }

  /// The weights of a layer that stands in the decoder or the event stage.
  mutating func weights(_ cell: String, name: String, from: Int, to: Int, direction: String = "forward") {
    let gates = ["rnn": 1, "gru": 3, "lstm": 4][cell]!
    for suffix in direction == "bidirectional" ? ["", "_reverse"] : [""] {
      tensors += [
        ("\(name).weight_ih_l0\(suffix)", [gates * to, from]), ("\(name).weight_hh_l0\(suffix)", [gates * to, to]),
        ("\(name).bias_ih_l0\(suffix)", [gates * to]), ("\(name).bias_hh_l0\(suffix)", [gates * to]),
      ]
    }
  }

  mutating func weights(linear name: String, from: Int, to: Int) {
    tensors += [("\(name).weight", [to, from]), ("\(name).bias", [to])]
  }

  /// Takes the weights away that belong to no layer of the first network.
  mutating func unstage() { tensors.removeAll { name, _ in name.hasPrefix("judge.") || name.hasPrefix("verdict.") } }

  static func linear(_ name: String, from: Int, to: Int, activation: String = "none") -> String {
    #"{"kind":"linear","name":"\#(name)","input":\#(from),"output":\#(to),"activation":"\#(activation)"}"#
  }

  static func recurrent(
    _ cell: String, name: String, from: Int, to: Int, direction: String = "forward"
  ) -> String {
    #"{"kind":"\#(cell)","name":"\#(name)","input":\#(from),"hidden":\#(to),"direction":"\#(direction)"}"#
  }

  // MARK: the file

  func model(kernels: KernelSet = .best, precision: WeightPrecision = .float32) throws -> Model {
    Model(try ModelFile(bytes: try bytes()), kernels: kernels, precision: precision)
  }

  func bytes() throws -> [UInt8] {
    let tensors = try values(ModelDescription(parsing: text)).map { ModelWriter.Tensor($0.name, $0.shape, $0.values) }
    return ModelWriter.bytes(description: try JSONValue(parsing: text), tensors: tensors)
  }

  /// The description; `ModelWriter` makes the digest a right one.
  private var text: String {
    let digest = "sha256:" + String(repeating: "0", count: 64)
    var keys = [
      #""format":1,"name":"made","regime":"\#(regime)","pattern":"\#(pattern)","rate":\#(rate),"hop":\#(hop)"#,
      #""delay":\#(delay),"warmup":\#(warmUp)"#,
      #""inputs":[\#(inputs.map { #"{"name":"\#($0)"}"# }.joined(separator: ","))]"#,
      #""conditioning":{"filters":[\#(filters.joined(separator: ","))],"normalisation":\#(normalisation)}"#,
      #""layers":[\#(layers.joined(separator: ","))]"#,
      #""heads":[{"name":"label","activation":"\#(head)","labels":\#(labels)}],"decide":\#(decide)"#,
      #""golden":{"tolerance":{"float32":1e-5},"by":"runnel"},"digest":"\#(digest)""#,
    ]
    if let window {
      keys.append(#""window":{"length":\#(window.length)\#(window.target.map { ",\"target\":\($0)" } ?? "")}"#)
    }
    if let trainedRate { keys.append(#""trained_rate":\#(trainedRate)"#) }
    if maxStateAge > 0 { keys.append(#""max_state_age":\#(maxStateAge)"#) }
    if let decoder { keys.append(#""decoder":\#(decoder)"#) }
    if let eventStage { keys.append(#""event_stage":\#(eventStage.json)"#) }
    return "{" + keys.joined(separator: ",") + "}"
  }

  private func values(_ description: ModelDescription) -> [(name: String, shape: [Int], values: [Float])] {
    var random = random
    var all: [(name: String, shape: [Int], values: [Float])] = []
    for (name, shape) in tensors {
      let scale = 1.6 / Double(shape.dropFirst().reduce(1, *)).squareRoot()
      let values = (0..<shape.reduce(1, *)).map { _ in Float(scale * (2 * random.uniform() - 1)) }
      all.append((name, shape, constants[name] ?? values))
    }
    var golden: [(String, [Int])] = []
    if let window = description.window {
      golden.append(("golden.input", [1, window.length, inputs.count]))
      let steps = description.decoder?.steps ?? description.graph.length(of: window.length)
      golden.append(
        ("golden.output", description.pattern == .manyToOne ? [1, labels.count] : [1, steps, labels.count]))
    } else {
      let steps = (0..<Int64(64)).count { description.graph.time.output(atFrame: $0) != nil }
      golden += [("golden.input", [64, inputs.count]), ("golden.output", [steps, labels.count])]
      golden += finals.map { ($0.name, [$0.count]) }
    }
    if let eventStage {
      golden.append(("golden.event.input", [2, eventStage.features]))
      golden.append(("golden.event.output", [2, eventStage.labels]))
    }
    for (name, shape) in golden { all.append((name, shape, Array(repeating: 0, count: shape.reduce(1, *)))) }
    return all
  }
}
