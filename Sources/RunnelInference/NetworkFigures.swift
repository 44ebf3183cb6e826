/// How large a network is, layer by layer: what `model show` prints.
///
///     RNN : LSTM : GRU = 1 : 4 : 3 in parameters and in multiply-adds
public struct NetworkFigures: Sendable, Equatable {
  public struct Layer: Sendable, Equatable {
    public var name: String
    /// Its kind as the description says it.
    public var kind: String
    /// Numbers of its tensors, both of PyTorch's biases and the statistics of a batch norm included.
    public var parameters: Int
    /// Products of a weight and a value, per frame on average over strides; of a windowed model per window. What is
    /// done to each feature by itself (activations, gates, norms) is not counted.
    public var multiplyAdds: Double
    /// What one state of it takes.
    public var stateBytes: Int
    /// Whether its weights are stored reduced where that is asked for; all else stays f32.
    public var isReducible: Bool
  }

  public var layers: [Layer]
  public var parameters: Int { layers.reduce(0) { $0 + $1.parameters } }
  public var multiplyAdds: Double { layers.reduce(0) { $0 + $1.multiplyAdds } }
  public var stateBytes: Int { layers.reduce(0) { $0 + $1.stateBytes } }

  /// - Parameters:
  ///   - window: frames of a window, where the model is windowed.
  ///   - parameters: of each layer as its file has them; without, a `prelu` counts as one number.
  public init(_ graph: NetworkGraph, window: Int? = nil, parameters: [Int]? = nil) {
    let layout = StateLayout(graph)
    let lengths = graph.lengths(of: window ?? 1)
    layers = graph.nodes.enumerated().map { place, node in
      let steps = window == nil ? 1 / Double(node.time.stride) : Double(lengths[place])
      return Layer(
        name: node.layer.name, kind: node.layer.kindName, parameters: parameters?[place] ?? node.layer.parameters,
        multiplyAdds: Double(node.layer.products) * steps, stateBytes: layout.bytes(of: place),
        isReducible: node.layer.isReducible)
    }
  }
}

extension ModelFile {
  public var figures: NetworkFigures {
    NetworkFigures(description.graph, window: description.window?.length, parameters: weights.counts)
  }
  /// Of one frame, or of one window with all steps of its decoder.
  public var multiplyAdds: Double {
    figures.multiplyAdds + (decoderFigures?.multiplyAdds ?? 0) * Double(description.decoder?.steps ?? 0)
  }
  /// Per step of the sequence, and per event.
  public var decoderFigures: NetworkFigures? {
    description.decoder.map { NetworkFigures($0.graph, parameters: decoderWeights.counts) }
  }
  public var eventFigures: NetworkFigures? {
    description.eventStage.map { NetworkFigures($0.graph, parameters: eventWeights.counts) }
  }
}

extension StateLayout {
  fileprivate func bytes(of node: Int) -> Int {
    var bytes = 0
    for ring in rings where ring.node == node { bytes += 4 * ring.past * ring.width + (ring.countPlace == nil ? 0 : 8) }
    for cell in cells where cell.node == node { bytes += 4 * (cell.width + cell.cells) }
    for wait in waits where wait.node == node { bytes += wait.size * (4 * wait.width + 8) }
    return bytes
  }
}

extension LayerDescription {
  fileprivate var parameters: Int {
    switch kind {
    case .linear(_, let bias): input * output + (bias ? output : 0)
    case .conv1d(let span, let groups, _, let bias): input / groups * output * span.kernel + (bias ? output : 0)
    case .recurrent(let recurrent): recurrent.parameters(inputs: input)
    case .batchNorm(_, let affine): input * (affine ? 4 : 2)
    case .layerNorm(_, let affine): affine ? 2 * input : 0
    case .embedding(let classes): classes * output
    case .prelu: 1
    default: 0
    }
  }

  /// Of a weight and a value, for one output step.
  fileprivate var products: Int {
    switch kind {
    case .linear: input * output
    case .conv1d(let span, let groups, _, _): input / groups * output * span.kernel
    case .recurrent(let recurrent): recurrent.products(inputs: input)
    default: 0
    }
  }

  /// As a description names it.
  public var kindName: String {
    switch kind {
    case .linear: "linear"
    case .conv1d: "conv1d"
    case .recurrent(let recurrent):
      switch recurrent.cell {
      case .rnn: "rnn"
      case .gru: "gru"
      case .lstm: "lstm"
      }
    case .batchNorm: "batchnorm"
    case .layerNorm: "layernorm"
    case .pool(_, .max): "maxpool"
    case .pool(_, .mean): "avgpool"
    case .embedding: "embedding"
    case .activation: "activation"
    case .prelu: "prelu"
    case .softmax: "softmax"
    case .add: "add"
    case .multiply: "multiply"
    case .concat: "concat"
    case .select: "select"
    case .globalPool: "globalpool"
    case .final: "final"
    }
  }
}

extension RecurrentDescription {
  fileprivate func parameters(inputs: Int) -> Int {
    var count = products(inputs: inputs)
    let cells = depth * suffixes.count
    if bias { count += cells * 2 * gates * hidden }
    if case .lstm(let lstm) = cell, lstm.peepholes { count += cells * (gates - 1) * hidden }
    if learnsInitialState { count += cells * (width + (hasCellState ? hidden : 0)) }
    return count
  }

  fileprivate func products(inputs: Int) -> Int {
    var count = 0
    for level in 0..<depth {
      let features = level == 0 ? inputs : width * suffixes.count
      count += gates * hidden * (features + width)
      if case .lstm(let lstm) = cell, let projection = lstm.projection { count += projection * hidden }
    }
    return count * suffixes.count
  }
}
