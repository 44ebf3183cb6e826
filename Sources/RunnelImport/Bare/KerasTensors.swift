import RunnelCore
import RunnelInference

/// Keras' names, shapes and gate orders made into PyTorch's (docs/cells.md §3, §4): kernels are [in, out], a GRU's
/// gates stand z r h, and its bias has two rows where the reset comes after the product.
struct KerasTensors {
  let layer: BareLayer
  var file: BareTensors

  /// What may stand between a layer's name and its tensor's.
  private static let cells: Set<Substring> = ["cell", "lstm_cell", "gru_cell", "simple_rnn_cell", "rnn_cell", "vars"]
  /// Their numbers in `.weights.h5`.
  private static let numbers: [String: [String]] = [
    "linear": ["kernel", "bias"], "conv1d": ["kernel", "bias"],
    "batchnorm": ["gamma", "beta", "moving_mean", "moving_variance"],
    "layernorm": ["gamma", "beta"], "embedding": ["embeddings"], "prelu": ["alpha"],
    "lstm": ["kernel", "recurrent_kernel", "bias"], "gru": ["kernel", "recurrent_kernel", "bias"],
    "rnn": ["kernel", "recurrent_kernel", "bias"],
  ]

  /// The layer's tensors under PyTorch's names.
  mutating func take() throws(ImportError) -> [(key: String, tensor: ImportedModel.Tensor)] {
    switch layer.kind {
    case "linear": return try dense()
    case "conv1d": return try convolution()
    case "batchnorm", "layernorm": return try norm()
    case "embedding": return [("weight", try tensor("embeddings"))]
    case "prelu":
      let alpha = try tensor("alpha")
      let sizes = alpha.shape.filter { $0 != 1 }
      guard sizes.count <= 1 else {
        throw .spec(layer.path, "layer '\(layer.name)': its slopes differ from step to step; use shared_axes=[1]")
      }
      return [("weight", .init(shape: [alpha.values.count], values: alpha.values))]
    case "rnn", "gru", "lstm":
      guard try layer.size("layers", otherwise: 1) == 1 else {
        throw .spec("\(layer.path).layers", "Keras has one cell per layer; describe each")
      }
      guard layer.isBidirectional else { return try recurrent("", suffix: "l0") }
      return try recurrent("forward", suffix: "l0") + recurrent("backward", suffix: "l0_reverse")
    default: return []
    }
  }

  // MARK: finding

  /// The name in the file of `key` of this layer; of one direction, where the layer has two.
  private func name(_ key: String, direction: String) -> String? {
    let prefix = layer.prefix.split(separator: "/")
    let number = Self.numbers[layer.kind]?.firstIndex(of: key).map { String($0) }
    return file.names.first { name in
      var parts = name.split(separator: "/")
      guard parts.starts(with: prefix) else { return false }
      parts.removeFirst(prefix.count)
      guard let last = parts.popLast() else { return false }
      let word = last.hasSuffix(":0") ? last.dropLast(2) : last
      let isNumbered = parts.last == "vars" && String(word) == number
      parts.removeAll { Self.cells.contains($0) }
      let fits = direction.isEmpty ? parts.isEmpty : parts.count == 1 && parts[0].hasPrefix(direction)
      return fits && (word == key || isNumbered)
    }
  }

  private mutating func tensor(_ key: String, direction: String = "", as purpose: String = "weight") throws(ImportError)
    -> ImportedModel.Tensor
  {
    guard let tensor = try optional(key, direction: direction, as: purpose) else {
      throw layer.missing("\(layer.prefix)/\(direction.isEmpty ? "" : direction + "…/")\(key)", file)
    }
    return tensor
  }

  private mutating func optional(_ key: String, direction: String = "", as purpose: String) throws(ImportError)
    -> ImportedModel.Tensor?
  {
    guard let found = name(key, direction: direction) else { return nil }
    return file.take(found, as: "\(layer.name).\(purpose)")
  }

  // MARK: turning round

  private mutating func dense() throws(ImportError) -> [(key: String, tensor: ImportedModel.Tensor)] {
    let kernel = try tensor("kernel")
    guard kernel.shape.count == 2 else { throw wrong("kernel", kernel.shape, "two dimensions") }
    return [("weight", kernel.transposed([1, 0]))] + (try bias())
  }

  private mutating func convolution() throws(ImportError) -> [(key: String, tensor: ImportedModel.Tensor)] {
    let kernel = try tensor("kernel")
    guard kernel.shape.count == 3 else { throw wrong("kernel", kernel.shape, "three dimensions, [taps, in, out]") }
    return [("weight", kernel.transposed([2, 1, 0]))] + (try bias())
  }

  private mutating func bias() throws(ImportError) -> [(key: String, tensor: ImportedModel.Tensor)] {
    try layer.flag("bias", otherwise: true) ? [("bias", try tensor("bias", as: "bias"))] : []
  }

  /// Without gamma or beta (scale or center False) their places hold ones or zeros.
  private mutating func norm() throws(ImportError) -> [(key: String, tensor: ImportedModel.Tensor)] {
    let count = try layer.size("input")
    var taken: [(key: String, tensor: ImportedModel.Tensor)] = []
    if layer.kind == "batchnorm" {
      taken.append(("running_mean", try tensor("moving_mean", as: "running_mean")))
      taken.append(("running_var", try tensor("moving_variance", as: "running_var")))
    }
    guard try layer.flag("affine", otherwise: true) else { return taken }
    let (gamma, beta) = (try optional("gamma", as: "weight"), try optional("beta", as: "bias"))
    taken.append(("weight", gamma ?? .init(shape: [count], values: [Float](repeating: 1, count: count))))
    taken.append(("bias", beta ?? .init(shape: [count], values: [Float](repeating: 0, count: count))))
    return taken
  }

  private mutating func recurrent(
    _ direction: String, suffix: String
  ) throws(ImportError) -> [(key: String, tensor: ImportedModel.Tensor)] {
    let hidden = try layer.size("hidden")
    let gates = layer.kind == "lstm" ? 4 : layer.kind == "gru" ? 3 : 1
    let w = try tensor("kernel", direction: direction, as: "weight_ih_\(suffix)")
    let r = try tensor("recurrent_kernel", direction: direction, as: "weight_hh_\(suffix)")
    guard w.shape.count == 2, w.shape[1] == gates * hidden else {
      throw wrong("kernel", w.shape, "[in, \(gates * hidden)]")
    }
    guard r.shape == [hidden, gates * hidden] else {
      throw wrong("recurrent_kernel", r.shape, "[\(hidden), \(gates * hidden)]")
    }
    // Theirs z r h, ours r z n; an LSTM has the same order here and there.
    let order = layer.kind == "gru" ? [1, 0, 2] : Array(0..<gates)
    var taken = [
      ("weight_ih_\(suffix)", w.transposed([1, 0]).blocks(order, of: hidden)),
      ("weight_hh_\(suffix)", r.transposed([1, 0]).blocks(order, of: hidden)),
    ]
    guard try layer.flag("bias", otherwise: true) else { return taken }
    let b = try tensor("bias", direction: direction, as: "bias_ih_\(suffix)")
    let rows = gates * hidden
    let hasTwo = b.shape == [2, rows]
    guard hasTwo || b.shape == [rows] else { throw wrong("bias", b.shape, "[\(rows)] or [2, \(rows)]") }
    let isBefore = layer["reset"]?.string == "before"
    guard layer.kind != "gru" || hasTwo != isBefore else {
      throw .spec(
        "\(layer.path).reset",
        "layer '\(layer.name)': its bias has \(hasTwo ? "two rows, as with reset_after=True: reset after" : "one row, as with reset_after=False: reset before")"
      )
    }
    let second = hasTwo ? Array(b.values[rows...]) : [Float](repeating: 0, count: rows)
    taken.append(
      (
        "bias_ih_\(suffix)",
        ImportedModel.Tensor(shape: [rows], values: Array(b.values[..<rows])).blocks(order, of: hidden)
      ))
    taken.append(("bias_hh_\(suffix)", ImportedModel.Tensor(shape: [rows], values: second).blocks(order, of: hidden)))
    return taken
  }

  private func wrong(_ key: String, _ shape: [Int], _ expected: String) -> ImportError {
    .spec(layer.path, "layer '\(layer.name)': \(key) has shape \(shape), expected \(expected)")
  }
}

extension ImportedModel.Tensor {
  func transposed(_ order: [Int]) -> ImportedModel.Tensor {
    ConstantArray(shape, .floats(values)).transposed(order).tensor
  }

  /// Blocks of `rows` rows in another order.
  func blocks(_ order: [Int], of rows: Int) -> ImportedModel.Tensor {
    let size = rows * shape.dropFirst().reduce(1, *)
    return .init(shape: shape, values: order.flatMap { values[$0 * size..<($0 + 1) * size] })
  }
}
