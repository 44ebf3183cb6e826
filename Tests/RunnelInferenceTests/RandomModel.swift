import RunnelCore
import RunnelInference

/// A model file made up of a seed: a few layers of any kind, strides, branches that meet again, numbers that stay small.
struct RandomModel {
  enum Form: Sendable {
    case carried
    /// A window of so many frames with a label of every step; layers may run backwards or pad on the right.
    case windowed(length: Int, isCausal: Bool)
  }

  private var random: SeededGenerator
  private let form: Form
  private var inputs = 0
  private var layers: [String] = []
  private var tensors: [(name: String, shape: [Int], values: [Float])] = []
  private var nodes: [Node] = []

  /// A layer: features, first frame and stride of its outputs, and how many a window has.
  private struct Node {
    var name: String
    var width: Int
    var first = 0
    var stride = 1
    var length: Int
  }

  init(seed: UInt64, _ form: Form = .carried) {
    random = SeededGenerator(seed: seed)
    self.form = form
    let inputs = 1 + random.below(3)
    var length = 1000
    if case .windowed(let frames, _) = form { length = frames }
    nodes = [Node(name: "input", width: inputs, length: length)]
    for _ in 0..<3 + random.below(5) { addLayer() }
    addDense(to: 3)
    self.inputs = inputs
  }

  var bytes: [UInt8] { get throws { try Self.assemble(layers, tensors, inputs, form) } }
  var file: ModelFile { get throws { try ModelFile(bytes: bytes) } }

  // MARK: layers

  private mutating func addLayer() {
    let x = nodes[nodes.count - 1]
    switch random.below(16) {
    case 0: addDense(to: 1 + random.below(20))
    case 1, 2: addConv(x)
    case 3: addPool(x)
    case 4: addRecurrent(x, "rnn", gates: 1)
    case 5, 6: addRecurrent(x, "gru", gates: 3)
    case 7, 8: addRecurrent(x, "lstm", gates: 4)
    case 9: addNorm(x)
    case 10: add("prelu", x.width, "", [("weight", [random.below(2) == 0 ? 1 : x.width])])
    case 11: addSelect(x)
    case 12: add(pick(["softmax", "activation"]), x.width)
    default: addJoin(x)
    }
  }

  private mutating func add(_ kind: String, _ input: Int) {
    add(kind, input, kind == "activation" ? #""activation": "gelu""# : "", [])
  }

  /// Some features of the layer before, or of the frame.
  private mutating func addSelect(_ x: Node) {
    let first = random.below(x.width)
    let width = 1 + random.below(x.width - first)
    add("select", x.width, #""first": \#(first), "output": \#(width)"#, [], width: width)
  }

  private mutating func addDense(to width: Int) {
    let x = nodes[nodes.count - 1]
    add(
      "linear", x.width, #""output": \#(width), "activation": "\#(pick(["none", "tanh", "relu", "silu"]))""#,
      [("weight", [width, x.width]), ("bias", [width])], width: width)
  }

  private mutating func addConv(_ x: Node) {
    let (kernel, dilation, stride) = (1 + random.below(4), 1 + random.below(2), 1 + random.below(3) / 2)
    let past = (kernel - 1) * dilation
    let left = random.below(past + 1)
    let right = mayRunBackwards ? random.below(past - left + 1) : 0
    let groups = x.width % 2 == 0 && random.below(3) == 0 ? 2 : 1
    let width = groups * (1 + random.below(9))
    add(
      "conv1d", x.width,
      #""output": \#(width), "kernel": \#(kernel), "dilation": \#(dilation), "stride": \#(stride), "groups": \#(groups), "padding": [\#(left), \#(right)], "activation": "\#(pick(["none", "tanh"]))""#,
      [("weight", [width, x.width / groups, kernel]), ("bias", [width])], width: width, skip: past - left,
      right: right, stride: stride)
  }

  private mutating func addPool(_ x: Node) {
    let (kernel, stride, kind) = (1 + random.below(3), 1 + random.below(2), pick(["maxpool", "avgpool"]))
    let left = random.below(kernel / 2 + 1)
    add(
      kind, x.width, #""kernel": \#(kernel), "stride": \#(stride), "padding": [\#(left), 0]"#, [], width: x.width,
      skip: kernel - 1 - left, stride: stride)
  }

  private mutating func addRecurrent(
    _ x: Node, _ kind: String, gates: Int
  ) {
    let (hidden, depth) = (1 + random.below(18), 1 + random.below(2))
    var keys = [#""hidden": \#(hidden), "layers": \#(depth)"#]
    let isLearned = random.below(3) == 0
    if isLearned { keys.append(#""initial_state": "learned""#) }
    var direction = "forward"
    if mayRunBackwards { direction = pick(["forward", "backward", "bidirectional"]) }
    keys.append(#""direction": "\#(direction)""#)
    let projection = kind == "lstm" && hidden > 2 && random.below(3) == 0 ? hidden / 2 : nil
    if let projection { keys.append(#""projection": \#(projection)"#) }
    let hasPeepholes = kind == "lstm" && random.below(3) == 0
    if hasPeepholes { keys.append(#""peepholes": true"#) }
    if kind == "gru", random.below(2) == 0 { keys.append(#""reset": "before""#) }
    if kind == "rnn", random.below(2) == 0 { keys.append(#""leak": 0.3"#) }
    let halves = direction == "bidirectional" ? ["", "_reverse"] : [""]
    let (width, rows) = (projection ?? hidden, gates * hidden)
    var shapes: [(String, [Int])] = []
    for level in 0..<depth {
      for half in halves {
        let end = "_l\(level)\(half)"
        shapes += [
          ("weight_ih\(end)", [rows, level == 0 ? x.width : width * halves.count]),
          ("weight_hh\(end)", [rows, width]), ("bias_ih\(end)", [rows]), ("bias_hh\(end)", [rows]),
        ]
        if let projection { shapes.append(("weight_hr\(end)", [projection, hidden])) }
        if hasPeepholes { shapes.append(("weight_peephole\(end)", [3 * hidden])) }
        guard isLearned else { continue }
        shapes.append(("initial_h\(end)", [width]))
        if kind == "lstm" { shapes.append(("initial_c\(end)", [hidden])) }
      }
    }
    add(kind, x.width, keys.joined(separator: ", "), shapes, width: width * halves.count)
  }

  private mutating func addNorm(_ x: Node) {
    if random.below(2) == 0 {
      add("layernorm", x.width, "", [("weight", [x.width]), ("bias", [x.width])])
    } else {
      add(
        "batchnorm", x.width, "",
        [("weight", [x.width]), ("bias", [x.width]), ("running_mean", [x.width]), ("running_var", [x.width])])
    }
  }

  /// Meets an earlier layer of the same stride again: side by side, or as a sum where the widths are the same.
  private mutating func addJoin(_ x: Node) {
    let others = nodes.filter { $0.stride == x.stride && (isCarried || $0.length == x.length) }
    let other = others[random.below(others.count)]
    let first = max(x.first, other.first)
    let name = "n\(nodes.count)"
    if other.width == x.width {
      let kind = pick(["add", "multiply"])
      layers.append(
        #"{"kind": "\#(kind)", "name": "\#(name)", "from": ["\#(other.name)", "\#(x.name)"], "input": \#(x.width)}"#)
      nodes.append(Node(name: name, width: x.width, first: first, stride: x.stride, length: x.length))
    } else {
      layers.append(
        #"{"kind": "concat", "name": "\#(name)", "from": ["\#(x.name)", "\#(other.name)"], "output": \#(x.width + other.width)}"#
      )
      nodes.append(
        Node(name: name, width: x.width + other.width, first: first, stride: x.stride, length: x.length))
    }
  }

  private mutating func add(
    _ kind: String, _ input: Int, _ keys: String, _ shapes: [(String, [Int])], width: Int? = nil, skip: Int = 0,
    right: Int = 0, stride: Int = 1
  ) {
    let (x, name) = (nodes[nodes.count - 1], "n\(nodes.count)")
    layers.append(
      #"{"kind": "\#(kind)", "name": "\#(name)", "input": \#(input)\#(keys.isEmpty ? "" : ", ")\#(keys)}"#)
    for (tensor, shape) in shapes {
      let isVariance = tensor == "running_var"
      let values = (0..<shape.reduce(1, *)).map { _ in
        Float(isVariance ? 0.5 + random.uniform() : random.uniform() - 0.5)
      }
      tensors.append(("\(name).\(tensor)", shape, values))
    }
    nodes.append(
      Node(
        name: name, width: width ?? input, first: x.first + x.stride * skip, stride: x.stride * stride,
        length: (x.length - skip + right - 1) / stride + 1))
  }

  private var isCarried: Bool { if case .carried = form { true } else { false } }

  private var mayRunBackwards: Bool { if case .windowed(_, let isCausal) = form { !isCausal } else { false } }

  private mutating func pick(_ words: [String]) -> String { words[random.below(words.count)] }

  // MARK: the file

  /// With golden tensors of the right shape, which nobody checks: zeros.
  private static func assemble(
    _ layers: [String], _ tensors: [(name: String, shape: [Int], values: [Float])], _ inputs: Int, _ form: Form
  ) throws -> [UInt8] {
    var regime = #""regime": "carried", "pattern": "many-to-many""#
    if case .windowed(let length, _) = form {
      regime = #""regime": "windowed", "pattern": "many-to-many", "window": {"length": \#(length)}"#
    }
    let names = (0..<inputs).map { #"{"name": "x\#($0)"}"# }.joined(separator: ", ")
    let text = """
      {"format": 1, "name": "random", \(regime), "rate": 100, "inputs": [\(names)],
       "layers": [\(layers.joined(separator: ",\n"))],
       "heads": [{"name": "label", "activation": "softmax", "labels": ["a", "b", "c"]}],
       "decide": {"emit": "every"}, "golden": {"tolerance": {"float32": 1e-5}},
       "digest": "sha256:\(String(repeating: "0", count: 64))"}
      """
    var pieces = Models.Pieces(description: text, tensors: tensors)
    let description = try ModelDescription(parsing: text)
    func zeros(_ name: String, _ shape: [Int]) {
      pieces.tensors.append((name, shape, [Float](repeating: 0, count: shape.reduce(1, *))))
    }
    if let window = description.window {
      zeros("golden.input", [1, window.length, inputs])
      zeros("golden.output", [1, description.scoredSteps, 3])
    } else {
      let time = description.graph.time
      zeros("golden.input", [Int(time.first) + 1, inputs])
      zeros("golden.output", [1, 3])
      for case let (layer, .recurrent(recurrent)) in description.layers.map({ ($0, $0.kind) }) {
        for level in 0..<recurrent.depth {
          zeros("golden.\(layer.name).h_l\(level)", [recurrent.width])
          if recurrent.hasCellState { zeros("golden.\(layer.name).c_l\(level)", [recurrent.hidden]) }
        }
      }
    }
    return pieces.bytes
  }
}
