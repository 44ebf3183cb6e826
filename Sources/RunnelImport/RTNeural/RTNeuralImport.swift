import RunnelCore
import RunnelInference
import RunnelKernels

/// RTNeural's JSON, and the state_dict as JSON that is used with it (docs/cells.md §8).
public enum RTNeuralImport {
  /// A number takes some ten bytes of text and forty in memory.
  public static let sizeLimit = 1 << 26
  private static let depthLimit = 16
  /// Rows of weights and what holds them; each is a piece of memory of its own.
  private static let listLimit = 1 << 19
  private static let carried =
    "RTNeural runs sample by sample, so the regime is carried (say regime windowed where the training began each window anew)"

  /// Whether the bytes are a JSON object.
  public static func recognises(_ bytes: [UInt8]) -> Bool {
    bytes.first { ![0x20, 0x09, 0x0A, 0x0D].contains($0) } == UInt8(ascii: "{")
  }

  public static func model(_ bytes: [UInt8], spec: ModelSpec, name: String) throws(ImportError) -> ImportedModel {
    let json = try parsed(bytes)
    if json["state_dict"] != nil {
      return try StateDictImport.model(json, spec: spec, name: name, carriedBecause: carried)
    }
    guard spec["layers"] == nil else {
      throw .spec("layers", "an RTNeural file says its layers itself; leave them out")
    }
    var reader = try network(json)
    var finding = try reader.finding()
    finding.carriedBecause = carried
    try finding.ledger.close(ignoring: try spec.ignored)
    return try finding.described(spec, name: name)
  }

  private static func network(_ json: JSONValue) throws(ImportError) -> RTNeuralReader {
    guard let layers = json["layers"]?.array else {
      throw ImportError(nil, "JSON, but with neither 'layers' (RTNeural) nor 'state_dict' in it")
    }
    guard layers.count <= ModelDescription.layerLimit else {
      throw ImportError("layers", "at most \(ModelDescription.layerLimit), found \(layers.count)")
    }
    guard let inputs = width(json["in_shape"]) else { throw ImportError("in_shape", "expected [null, null, features]") }
    var reader = RTNeuralReader(inputs: inputs)
    for (place, layer) in layers.enumerated() { try reader.read(layer, at: "layers[\(place)]") }
    return reader
  }

  /// Outputs of the network, without a spec.
  static func outputs(_ bytes: [UInt8]) throws(ImportError) -> Int {
    let json = try parsed(bytes)
    if let count = json["model_data"]?["output_size"]?.integer { return max(1, Int(clamping: count)) }
    var reader = try network(json)
    return try reader.finding().heads.reduce(0) { $0 + $1.width }
  }

  private static func parsed(_ bytes: [UInt8]) throws(ImportError) -> JSONValue {
    guard bytes.count <= sizeLimit else { throw ImportError(nil, "the file has more than \(sizeLimit) bytes") }
    let lists = bytes.reduce(0) { $0 + ($1 == UInt8(ascii: "[") || $1 == UInt8(ascii: "{") ? 1 : 0) }
    guard lists <= listLimit else { throw ImportError(nil, "the file has \(lists) lists; at most \(listLimit)") }
    let result: Result<JSONValue, JSONError> = bytes.withUnsafeBytes { raw in
      do throws(JSONError) { return .success(try JSONValue(parsing: raw, depthLimit: depthLimit)) } catch {
        return .failure(error)
      }
    }
    do { return try result.get() } catch { throw ImportError(nil, "not JSON: \(error)") }
  }

  /// The last of a shape; of four dimensions the product of the last two.
  static func width(_ shape: JSONValue?) -> Int? {
    guard let items = shape?.array, let last = items.last?.integer, last > 0, last <= Int64(LayerDescription.sizeLimit)
    else { return nil }
    guard items.count == 4, let other = items[2].integer else { return Int(last) }
    return Int.product([Int(last), Int(clamping: other)], limit: LayerDescription.sizeLimit)
  }
}

/// Goes through the list of layers; each reads the one before it.
struct RTNeuralReader {
  private let inputs: Int
  private var width: Int
  private var draft = NetworkDraft()
  private var before = LayerDescription.frame
  private var head: String?
  private var ledger = TensorLedger()
  private var notes: [String] = []

  init(inputs: Int) {
    self.inputs = inputs
    width = inputs
  }

  mutating func read(_ value: JSONValue, at path: String) throws(ImportError) {
    guard let type = value["type"]?.string else { throw ImportError("\(path).type", "a layer needs a type") }
    guard head == nil else { throw ImportError(path, "comes after a softmax, which must be the last") }
    let weights = try RTNeuralWeights(value["weights"], path: path)
    let output = RTNeuralImport.width(value["shape"]) ?? width
    var layer: LayerDraft
    switch type {
    case "dense", "time-distributed-dense": layer = try dense(weights, output)
    case "lstm", "gru": layer = try recurrent(type, weights, output, value)
    case "conv1d": layer = try convolution(weights, output, value)
    case "batchnorm": layer = try batchNorm(weights, value)
    case "prelu":
      layer = LayerDraft(name: type, kind: "prelu", from: [before], output: width)
      let slope = try weights.list(0, counts: [1, width])
      layer.add("weight", [slope.count], slope)
    case "activation":
      try activate(value, at: path, onto: nil)
      return
    default:
      throw ImportError(
        "\(path).type",
        "\(Quoted.name(type)) is not supported; supported: dense, time-distributed-dense, lstm, gru, conv1d, batchnorm, prelu, activation"
      )
    }
    layer.members.insert(.init("input", .integer(Int64(width))), at: 0)
    guard layer.output == output else {
      throw ImportError("\(path).shape", "says \(output) features, the weights give \(layer.output)")
    }
    before = draft.add(layer)
    for (key, tensor) in layer.tensors {
      let place = ledger.add("\(path).weights → \(key)", tensor.shape)
      ledger.use([place], as: "\(before).\(key)")
    }
    width = layer.output
    try weights.end()
    if type == "lstm" || type == "gru" {
      let word = value["activation"]?.string ?? ""
      if !["", "tanh"].contains(word) {
        notes.append(
          "\(path): RTNeural runs a \(type) with sigmoid and tanh whatever its file says (\(Quoted.name(word))); so does this import"
        )
      }
    } else {
      try activate(value, at: path, onto: before)
    }
  }

  // MARK: layers

  /// [in][out], bias [out] where there is one.
  private func dense(_ weights: RTNeuralWeights, _ output: Int) throws(ImportError) -> LayerDraft {
    var layer = LayerDraft(name: "dense", kind: "linear", from: [before], output: output)
    layer.set("output", output)
    layer.add("weight", [output, width], try weights.matrix(0, width, output).transposed([1, 0]).values)
    if weights.count > 1 {
      layer.add("bias", [output], try weights.list(1, counts: [output]))
    } else {
      layer["bias"] = .bool(false)
    }
    return layer
  }

  /// [I][kH], [H][kH], and the bias: [4H] of an LSTM, [2][3H] of a GRU, whose gates stand z r h.
  private func recurrent(
    _ type: String, _ weights: RTNeuralWeights, _ hidden: Int, _ value: JSONValue
  ) throws(ImportError) -> LayerDraft {
    let rows = (type == "lstm" ? 4 : 3) * hidden
    let order = type == "lstm" ? [0, 1, 2, 3] : [1, 0, 2]
    var layer = LayerDraft(name: type, kind: type, from: [before], output: hidden)
    layer.set("hidden", hidden)
    let w = try weights.matrix(0, width, rows).transposed([1, 0]).blocks(order, of: hidden)
    let r = try weights.matrix(1, hidden, rows).transposed([1, 0]).blocks(order, of: hidden)
    layer.add("weight_ih_l0", [rows, width], w.values)
    layer.add("weight_hh_l0", [rows, hidden], r.values)
    var biases = [[Float](repeating: 0, count: rows), [Float](repeating: 0, count: rows)]
    if type == "lstm" {
      biases[0] = try weights.list(2, counts: [rows])
    } else {
      let both = try weights.matrix(
        2, 2, rows, otherwise: "a GRU with reset_after=False has one row, which RTNeural cannot run either")
      biases = [Array(both.values[..<rows]), Array(both.values[rows...])]
    }
    for (key, values) in zip(["bias_ih_l0", "bias_hh_l0"], biases) {
      layer.add(key, [rows], ImportedModel.Tensor(shape: [rows], values: values).blocks(order, of: hidden).values)
    }
    return layer
  }

  /// [k][in / groups][out], the newest sample last.
  private func convolution(_ weights: RTNeuralWeights, _ output: Int, _ value: JSONValue) throws(ImportError)
    -> LayerDraft
  {
    let kernel = try weights.number(value["kernel_size"], "kernel_size", otherwise: nil)
    let dilation = try weights.number(value["dilation"], "dilation", otherwise: 1)
    let groups = try weights.number(value["groups"], "groups", otherwise: 1)
    guard width % groups == 0 else {
      throw ImportError("\(weights.path).groups", "\(groups) groups of \(width) features")
    }
    var layer = LayerDraft(name: "conv", kind: "conv1d", from: [before], output: output)
    layer.set("output", output)
    layer.set("kernel", kernel)
    if dilation != 1 { layer.set("dilation", dilation) }
    if groups != 1 { layer.set("groups", groups) }
    let taps = try weights.matrix(0, kernel * (width / groups), output)
    let ordered = ImportedModel.Tensor(shape: [kernel, width / groups, output], values: taps.values).transposed([
      2, 1, 0,
    ])
    layer.add("weight", ordered.shape, ordered.values)
    if weights.count > 1 {
      layer.add("bias", [output], try weights.list(1, counts: [output]))
    } else {
      layer["bias"] = .bool(false)
    }
    return layer
  }

  /// [gamma, beta, mean, variance], or the last two.
  private func batchNorm(_ weights: RTNeuralWeights, _ value: JSONValue) throws(ImportError) -> LayerDraft {
    var layer = LayerDraft(name: "batchnorm", kind: "batchnorm", from: [before], output: width)
    if let epsilon = value["epsilon"]?.number {
      layer["epsilon"] = .number(epsilon)
    } else {
      layer["epsilon"] = .number(1e-3)
    }
    let isAffine = weights.count == 4
    if !isAffine { layer["affine"] = .bool(false) }
    let keys = (isAffine ? ["weight", "bias"] : []) + ["running_mean", "running_var"]
    for (place, key) in keys.enumerated() { layer.add(key, [width], try weights.list(place, counts: [width])) }
    return layer
  }

  private mutating func activate(_ value: JSONValue, at path: String, onto name: String?) throws(ImportError) {
    let word = value["activation"]?.string ?? ""
    guard !word.isEmpty else { return }
    if word == "softmax" {
      head = word
      return
    }
    guard let activation = ["tanh": Activation.tanh, "relu": .relu, "sigmoid": .sigmoid, "elu": Activation(.elu)][word]
    else {
      throw ImportError(
        "\(path).activation", "\(Quoted.name(word)) is not supported; supported: tanh, relu, sigmoid, softmax, elu")
    }
    if let name, var layer = draft[name], layer.kind == "linear" || layer.kind == "conv1d" {
      layer["activation"] = activation.json
      draft[name] = layer
      return
    }
    var layer = LayerDraft(name: word, kind: "activation", from: [before], output: width)
    layer.set("input", width)
    layer["activation"] = activation.json
    before = draft.add(layer)
  }

  mutating func finding() throws(ImportError) -> NetworkFinding {
    guard before != LayerDescription.frame else { throw ImportError("layers", "there are none") }
    if head == nil, var last = draft[before], last["activation"]?.string == "sigmoid", last.kind == "linear" {
      last["activation"] = nil
      draft[before] = last
      head = "sigmoid"
    }
    return NetworkFinding(
      layers: draft.json, tensors: draft.tensors, inputs: inputs,
      heads: [.init(name: "label", width: width, activation: head)],
      hasMemory: draft.layers.contains { $0.hasMemory }, needsWindows: false, notes: notes, ledger: ledger,
      provenance: [.init("imported_from", .string("RTNeural JSON"))])
  }
}
