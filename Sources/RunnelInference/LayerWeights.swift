/// The weights of one layer in PyTorch's names, shapes and gate order (FORMATS.md C.2).
enum LayerWeights: Sendable {
  /// Linear (N, D) or convolution (N, D, kernel), bias (N).
  case dense(weight: [Float], bias: [Float])
  case lstm([Level])

  /// One LSTM of a stack.
  struct Level: Sendable {
    /// (4H, D) i f g o
    var input: [Float]
    /// (4H, H)
    var hidden: [Float]
    /// (4H), PyTorch's two added; zeros where the module had none.
    var bias: [Float]
  }

  init(_ layer: LayerDescription, _ tensors: inout TensorReader) throws(ModelFileError) {
    switch layer.kind {
    case .conv1d(let span, _, _, _):
      self = .dense(
        weight: try tensors.take("\(layer.name).weight", shape: [layer.output, layer.input, span.kernel]),
        bias: try tensors.take("\(layer.name).bias", shape: [layer.output]))
    case .linear:
      self = .dense(
        weight: try tensors.take("\(layer.name).weight", shape: [layer.output, layer.input]),
        bias: try tensors.take("\(layer.name).bias", shape: [layer.output]))
    case .recurrent(let recurrent):
      var levels: [Level] = []
      for k in 0..<recurrent.depth { levels.append(try Level(layer, k, &tensors)) }
      self = .lstm(levels)
    default: preconditionFailure("no weights for this kind yet")
    }
  }
}

extension LayerWeights.Level {
  fileprivate init(_ layer: LayerDescription, _ k: Int, _ tensors: inout TensorReader) throws(ModelFileError) {
    let gates = 4 * layer.output
    let name = layer.name
    input = try tensors.take("\(name).weight_ih_l\(k)", shape: [gates, k == 0 ? layer.input : layer.output])
    hidden = try tensors.take("\(name).weight_hh_l\(k)", shape: [gates, layer.output])
    bias = [Float](repeating: 0, count: gates)
    // A module without biases has neither; one alone is a loss.
    guard tensors.has("\(name).bias_ih_l\(k)") || tensors.has("\(name).bias_hh_l\(k)") else { return }
    let ih = try tensors.take("\(name).bias_ih_l\(k)", shape: [gates])
    let hh = try tensors.take("\(name).bias_hh_l\(k)", shape: [gates])
    for gate in bias.indices { bias[gate] = ih[gate] + hh[gate] }
  }
}
