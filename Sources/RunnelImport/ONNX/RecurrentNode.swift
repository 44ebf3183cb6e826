import RunnelCore
import RunnelKernels

/// What an LSTM, GRU or RNN node says of its cell, and how its rows become PyTorch's (docs/cells.md §4, §5).
struct RecurrentNode {
  let kind: String
  /// Blocks of H rows in W and R.
  let gates: Int
  /// Which block of ours is which of theirs.
  let order: [Int]
  /// The same for the peepholes.
  let peepholeOrder: [Int]
  let isCoupled: Bool

  struct Sizes {
    var hidden: Int
    var directions: Int
  }

  init(_ node: ONNXNode) throws(ImportError) {
    kind = node.operation.lowercased()
    for key in ["input_forget", "linear_before_reset", "layout"] {
      let value = node.integer(key) ?? 0
      guard value == 0 || value == 1 else { throw node.error("\(key) is \(value), expected 0 or 1") }
    }
    isCoupled = kind == "lstm" && (node.integer("input_forget") ?? 0) != 0
    switch kind {
    case "lstm":
      gates = 4
      // Theirs i o f c, ours i f g o; coupled without f, which is 1 − i.
      order = isCoupled ? [0, 3, 1] : [0, 2, 3, 1]
      peepholeOrder = isCoupled ? [0, 1] : [0, 2, 1]
    case "gru":
      gates = 3
      // Theirs z r h, ours r z n.
      order = [1, 0, 2]
      peepholeOrder = []
    default:
      gates = 1
      order = [0]
      peepholeOrder = []
    }
  }

  func sizes(_ w: ConstantArray, _ r: ConstantArray, features: Int, _ node: ONNXNode) throws(ImportError) -> Sizes {
    let direction = node.string("direction") ?? "forward"
    guard ["forward", "reverse", "bidirectional"].contains(direction) else {
      throw node.error("direction \(Quoted.name(direction)) is none of forward, reverse, bidirectional")
    }
    let directions = direction == "bidirectional" ? 2 : 1
    let hidden = node.integer("hidden_size") ?? r.shape.last ?? 0
    guard hidden > 0, hidden <= 8192 else { throw node.error("hidden_size is \(hidden)") }
    try check(w, [directions, gates * hidden, features], "W", node)
    try check(r, [directions, gates * hidden, hidden], "R", node)
    return Sizes(hidden: hidden, directions: directions)
  }

  func check(_ array: ConstantArray?, _ shape: [Int], _ name: String, _ node: ONNXNode) throws(ImportError) {
    guard let array, array.shape != shape else { return }
    throw node.error("\(name) has shape \(array.shape), expected \(shape)")
  }

  // MARK: words of the description

  func members(_ node: ONNXNode) throws(ImportError) -> [(String, JSONValue)] {
    var members: [(String, JSONValue)] = []
    switch node.string("direction") {
    case "reverse": members.append(("direction", .string("backward")))
    case "bidirectional": members.append(("direction", .string("bidirectional")))
    default: break
    }
    if kind == "gru", (node.integer("linear_before_reset") ?? 0) == 0 { members.append(("reset", .string("before"))) }
    if isCoupled { members.append(("coupled", .string("forget"))) }
    let keys: [String] =
      switch kind {
      case "lstm": ["gate_activation", "cell_activation", "output_activation"]
      case "gru": ["gate_activation", "activation"]
      default: ["activation"]
      }
    for (key, activation) in zip(keys, try activations(node, count: keys.count)) {
      let usual: Activation = key == "gate_activation" ? .sigmoid : .tanh
      if activation != usual { members.append((key, activation.json)) }
    }
    if let clip = node.float("clip") {
      guard clip > 0, clip.isFinite else { throw node.error("clip is \(clip), expected a bound above 0") }
      guard kind != "rnn" else { throw node.error("clip of an RNN's sums is not supported") }
      members.append(("gate_clip", .number(shortest: clip)))
    }
    return members
  }

  /// One function per gate kind; both directions must have the same.
  private func activations(_ node: ONNXNode, count: Int) throws(ImportError) -> [Activation] {
    let usual = Array(["Sigmoid", "Tanh", "Tanh"].suffix(count == 3 ? 3 : count == 1 ? 1 : 3).prefix(count))
    let names = node.attributes["activations"]?.strings ?? []
    guard !names.isEmpty else { return try functions(count == 1 ? ["Tanh"] : usual, node) }
    let all = try functions(names, node)
    guard all.count == count || all.count == 2 * count else {
      throw node.error("names \(names.count) activations, expected \(count) per direction")
    }
    guard all.count == count || all[..<count] == all[count...] else {
      throw node.error("has other activations backwards than forwards, which a layer here cannot have")
    }
    return Array(all[..<count])
  }

  /// Alphas and betas are taken in order by the functions that have one.
  private func functions(_ names: [String], _ node: ONNXNode) throws(ImportError) -> [Activation] {
    var alphas = (node.attributes["activation_alpha"]?.floats ?? [])[...]
    var betas = (node.attributes["activation_beta"]?.floats ?? [])[...]
    var result: [Activation] = []
    for name in names {
      let kind: (Activation.Kind, Float?, Float?)? =
        switch name.lowercased() {
        case "sigmoid": (.sigmoid, nil, nil)
        case "tanh": (.tanh, nil, nil)
        case "relu": (.relu, nil, nil)
        case "softsign": (.softsign, nil, nil)
        case "softplus": (.softplus, nil, nil)
        case "affine": (.affine, alphas.popFirst() ?? 1, betas.popFirst() ?? 0)
        case "leakyrelu": (.leakyRelu, alphas.popFirst() ?? 0.01, nil)
        case "thresholdedrelu": (.thresholdedRelu, alphas.popFirst() ?? 1, nil)
        case "scaledtanh": (.scaledTanh, alphas.popFirst() ?? 1, betas.popFirst() ?? 1)
        case "hardsigmoid": (.hardSigmoid, alphas.popFirst() ?? 0.2, betas.popFirst() ?? 0.5)
        case "elu": (.elu, alphas.popFirst() ?? 1, nil)
        default: nil
        }
      guard let kind else { throw node.error("activation \(Quoted.name(name)) is not known") }
      result.append(Activation(kind.0, alpha: kind.1, beta: kind.2))
    }
    return result
  }

  // MARK: rows

  /// Adds the weights of one direction under PyTorch's names.
  func addWeights(
    _ w: ConstantArray, _ r: ConstantArray, _ b: ConstantArray?, _ p: ConstantArray?, direction: Int, hidden: Int,
    suffix: String, to layer: inout LayerDraft
  ) {
    let rows = order.count * hidden
    func blocks(_ values: ArraySlice<Float>, _ order: [Int], width: Int) -> [Float] {
      order.flatMap { block in
        let start = values.startIndex + block * hidden * width
        return values[start..<start + hidden * width]
      }
    }
    func half(_ array: ConstantArray) -> ArraySlice<Float> {
      let size = array.shape.dropFirst().reduce(1, *)
      return array.floats[direction * size..<(direction + 1) * size]
    }
    layer.add("weight_ih_\(suffix)", [rows, w.shape[2]], blocks(half(w), order, width: w.shape[2]))
    layer.add("weight_hh_\(suffix)", [rows, hidden], blocks(half(r), order, width: hidden))
    if let b {
      let both = half(b)
      let middle = both.startIndex + gates * hidden
      layer.add("bias_ih_\(suffix)", [rows], blocks(both[..<middle], order, width: 1))
      layer.add("bias_hh_\(suffix)", [rows], blocks(both[middle...], order, width: 1))
    }
    if let p {
      layer.add("weight_peephole_\(suffix)", [peepholeOrder.count * hidden], blocks(half(p), peepholeOrder, width: 1))
    }
  }
}
