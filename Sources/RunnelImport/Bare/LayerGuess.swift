import RunnelCore
import RunnelInference

/// A layer as the names and shapes of its tensors show it.
struct LayerGuess {
  var kind: String
  var name: String
  /// Of its tensors, where it is not the name.
  var prefix: String
  var input: Int
  var output: Int
  /// Words of the spec after kind and name.
  var members: [(String, String)]
  /// What the shapes leave open.
  var questions: [String]

  var yaml: String {
    var words = ["kind: \(kind)", "name: \(Self.quoted(name))"]
    if prefix != name { words.append("tensors: \(Self.quoted(prefix))") }
    return "{" + (words + members.map { "\($0.0): \($0.1)" }).joined(separator: ", ") + "}"
  }

  private static func quoted(_ text: String) -> String {
    let isPlain =
      !text.isEmpty
      && text.utf8.allSatisfy { (97...122).contains($0 | 32) || (48...57).contains($0) || $0 == 95 || $0 == 46 }
    return isPlain && !text.utf8.allSatisfy { (48...57).contains($0) || $0 == 46 }
      ? text : "'\(text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "''"))'"
  }

  // MARK: finding

  static func guesses(_ file: BareTensors, isKeras: Bool) throws(ImportError) -> [LayerGuess] {
    var groups: [String: [String: [Int]]] = [:]
    var order: [String] = []
    for name in file.names {
      let (prefix, key) = isKeras ? kerasParts(name) : parts(name)
      if groups[prefix] == nil { order.append(prefix) }
      guard let shape = file.shape(name), !shape.isEmpty, shape.allSatisfy({ (1...1 << 24).contains($0) }) else {
        throw ImportError(
          "tensor \(Quoted.name(name))", "has shape \(file.shape(name) ?? []), which no layer's weight has")
      }
      groups[prefix, default: [:]][key] = shape
    }
    var guesses: [LayerGuess] = []
    for prefix in order {
      guard let group = groups[prefix], let guess = isKeras ? keras(prefix, group) : pytorch(prefix, group) else {
        guard groups[prefix]?["weight"]?.count != 4 else {
          throw ImportError(
            "tensors \(Quoted.name(prefix))",
            "are a Conv2d, which no layer is as it stands: save the module with runnel_export, or export it to ONNX; both write it as a convolution over time"
          )
        }
        throw ImportError(
          "tensors \(Quoted.name(prefix))",
          "have the names and shapes of no layer that can be guessed (\(groups[prefix]?.keys.sorted().prefix(4).joined(separator: ", ") ?? "")); write the spec by hand"
        )
      }
      guesses.append(guess)
    }
    return guesses
  }

  /// `encoder.rnn.weight_ih_l0` is of layer `encoder.rnn`.
  private static func parts(_ name: String) -> (String, String) {
    guard let dot = name.lastIndex(of: ".") else { return ("", name) }
    return (String(name[..<dot]), String(name[name.index(after: dot)...]))
  }

  private static func kerasParts(_ name: String) -> (String, String) {
    var parts = name.split(separator: "/").map(String.init)
    var key = parts.popLast() ?? name
    if key.hasSuffix(":0") { key = String(key.dropLast(2)) }
    if parts.last?.hasSuffix("cell") == true { parts.removeLast() }
    if let last = parts.last, last.hasPrefix("forward") || last.hasPrefix("backward"), parts.count > 1 {
      parts.removeLast()
      key = (last.hasPrefix("forward") ? "forward " : "backward ") + key
    }
    return (parts.joined(separator: "/"), key)
  }

  private static func name(_ prefix: String, otherwise: String) -> String {
    let last = prefix.split(separator: "/").last.map(String.init) ?? ""
    return last.isEmpty ? otherwise : last
  }

  // MARK: PyTorch's names

  private static func pytorch(_ prefix: String, _ group: [String: [Int]]) -> LayerGuess? {
    if let w = group["weight_ih_l0"] ?? group["weight_ih"], let r = group["weight_hh_l0"] ?? group["weight_hh"] {
      return recurrent(prefix, group, w, r)
    }
    let hasBias = group["bias"] != nil
    if let mean = group["running_mean"] {
      let affine = group["weight"] == nil ? [("affine", "false")] : []
      return plain("batchnorm", prefix, mean[0], mean[0], affine, ["epsilon: 1e-5 — is it another?"])
    }
    guard let weight = group["weight"] else { return nil }
    switch weight.count {
    case 1 where hasBias:
      return plain("layernorm", prefix, weight[0], weight[0], [], ["epsilon: 1e-5 — is it another?"])
    case 1: return plain("prelu", prefix, weight[0], weight[0], [], ["is it a layernorm without bias?"])
    case 2:
      let bias = hasBias ? [] : [("bias", "false")]
      let questions =
        ["activation: none, relu, tanh, sigmoid, … — which?"]
        + (hasBias ? [] : ["or an embedding: {kind: embedding, input: 1, classes: \(weight[0]), output: \(weight[1])}"])
      return plain("linear", prefix, weight[1], weight[0], [("output", "\(weight[0])")] + bias, questions)
    case 3: return convolution(prefix, input: weight[1], output: weight[0], kernel: weight[2], hasBias)
    default: return nil
    }
  }

  private static func convolution(_ prefix: String, input: Int, output: Int, kernel: Int, _ hasBias: Bool) -> LayerGuess
  {
    plain(
      "conv1d", prefix, input, output,
      [("output", "\(output)"), ("kernel", "\(kernel)")] + (hasBias ? [] : [("bias", "false")]),
      [
        "stride: 1, dilation: 1, groups: 1 — are they others? (with groups g, input is g times \(input))",
        "padding: [\(kernel - 1), 0] — frames of zeros before and after; causal where nothing is said",
        "activation: none, relu, … — which?",
      ])
  }

  /// Rows over columns of the recurrent weight tell the cell: 1, 3 and 4 gates; with a projection it is an LSTM.
  private static func recurrent(_ prefix: String, _ group: [String: [Int]], _ w: [Int], _ r: [Int]) -> LayerGuess? {
    guard w.count == 2, r.count == 2, r[1] > 0, w[0] == r[0] else { return nil }
    let projection = group["weight_hr_l0"]
    let hidden = projection.map { $0.last ?? 0 } ?? r[1]
    guard hidden > 0, let gates = projection == nil ? (r[0] % r[1] == 0 ? r[0] / r[1] : nil) : 4,
      let kind = [1: "rnn", 3: "gru", 4: "lstm"][gates]
    else { return nil }
    let isBoth = group["weight_ih_l0_reverse"] != nil
    let depth = (1...LayerDescription.depthLimit).first { group["weight_ih_l\($0)"] == nil } ?? 1
    var members = [("input", "\(w[1])"), ("hidden", "\(hidden)")]
    if depth > 1 { members.append(("layers", "\(depth)")) }
    if group["bias_ih_l0"] == nil, group["bias_ih"] == nil { members.append(("bias", "false")) }
    if isBoth { members.append(("direction", "bidirectional")) }
    if let projection { members.append(("projection", "\(projection[0])")) }
    let questions = kind == "rnn" ? ["activation: tanh — or relu?"] : []
    return LayerGuess(
      kind: kind, name: name(prefix, otherwise: kind), prefix: prefix, input: w[1],
      output: (projection?[0] ?? hidden) * (isBoth ? 2 : 1), members: members, questions: questions)
  }

  private static func plain(
    _ kind: String, _ prefix: String, _ input: Int, _ output: Int, _ members: [(String, String)], _ questions: [String]
  ) -> LayerGuess {
    LayerGuess(
      kind: kind, name: name(prefix, otherwise: kind), prefix: prefix, input: input, output: output,
      members: [("input", "\(input)")] + members, questions: questions)
  }

  // MARK: Keras' names

  private static func keras(_ prefix: String, _ group: [String: [Int]]) -> LayerGuess? {
    if let mean = group["moving_mean"] {
      return plain("batchnorm", prefix, mean[0], mean[0], [], ["epsilon: 1e-3 — is it another?"])
    }
    if let gamma = group["gamma"] {
      return plain("layernorm", prefix, gamma[0], gamma[0], [], ["epsilon: 1e-3 — is it another?"])
    }
    if let table = group["embeddings"], table.count == 2 {
      return plain("embedding", prefix, 1, table[1], [("classes", "\(table[0])"), ("output", "\(table[1])")], [])
    }
    if let alpha = group["alpha"], let last = alpha.last { return plain("prelu", prefix, last, last, [], []) }
    let isBoth = group["forward kernel"] != nil
    guard let kernel = group["kernel"] ?? group["forward kernel"] else { return nil }
    let bias = group["bias"] ?? group["forward bias"]
    if let r = group["recurrent_kernel"] ?? group["forward recurrent_kernel"], r.count == 2, kernel.count == 2,
      r[0] > 0, r[1] % r[0] == 0,
      let kind = [1: "rnn", 3: "gru", 4: "lstm"][r[1] / r[0]]
    {
      var guess = plain(
        kind, prefix, kernel[0], r[0] * (isBoth ? 2 : 1), [("hidden", "\(r[0])")],
        [
          "activation: tanh, gate_activation: sigmoid — are they others? (hard_sigmoid: Keras 3 alpha 1/6, Keras 2 alpha 0.2)"
        ])
      if kind == "rnn" { guess.questions = ["activation: tanh — or relu?"] }
      if kind == "gru", bias?.count == 1 { guess.members.append(("reset", "before")) }
      if bias == nil { guess.members.append(("bias", "false")) }
      if isBoth { guess.members.append(("direction", "bidirectional")) }
      return guess
    }
    if kernel.count == 3 {
      return convolution(prefix, input: kernel[1], output: kernel[2], kernel: kernel[0], bias != nil)
    }
    guard kernel.count == 2 else { return nil }
    return plain(
      "linear", prefix, kernel[0], kernel[1], [("output", "\(kernel[1])")] + (bias == nil ? [("bias", "false")] : []),
      ["activation: none, relu, tanh, sigmoid, … — which?"])
  }

  // MARK: order

  /// A chain through the widths: convolutions before recurrent layers before linear ones, each after one whose output
  /// it takes.
  static func ordered(_ guesses: [LayerGuess]) -> [LayerGuess] {
    let ranks = [
      "embedding": 0, "conv1d": 1, "batchnorm": 1, "prelu": 1, "layernorm": 2, "rnn": 2, "gru": 2, "lstm": 2,
      "linear": 3,
    ]
    var rest = guesses.enumerated().sorted {
      (ranks[$0.element.kind] ?? 2, $0.offset) < (ranks[$1.element.kind] ?? 2, $1.offset)
    }.map(\.element)
    var result: [LayerGuess] = []
    while !rest.isEmpty {
      let width = result.last?.output
      // A first layer takes what no other gives; norms never stand first.
      let place =
        width.map { width in rest.firstIndex { $0.input == width } }
        ?? rest.firstIndex { first in !["batchnorm", "layernorm", "prelu"].contains(first.kind) }
      result.append(rest.remove(at: place ?? 0))
    }
    return result
  }
}
