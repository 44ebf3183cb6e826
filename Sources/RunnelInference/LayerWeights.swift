/// The numbers of one layer in PyTorch's names, shapes and gate order (docs/cells.md §2), as its file holds them.
enum LayerWeights: Sendable {
  case none
  /// Linear (N, D) or convolution (N, D / groups, kernel), bias (N): zeros where the layer has none.
  case dense(weight: [Float], bias: [Float])
  /// Levels from the bottom, of each its directions.
  case recurrent([[CellWeights]])
  case batchNorm(BatchNormWeights)
  /// (C) each, nil where the layer has none.
  case layerNorm(weight: [Float]?, bias: [Float]?)
  /// (classes, output)
  case table([Float])
  /// (1) or (C)
  case prelu([Float])

  /// Takes what the layer needs, by name and shape.
  init(_ layer: LayerDescription, _ tensors: inout TensorReader) throws(ModelFileError) {
    let name = layer.name
    switch layer.kind {
    case .linear(_, let bias):
      self = .dense(
        weight: try tensors.take("\(name).weight", shape: [layer.output, layer.input]),
        bias: try tensors.bias(layer, bias))
    case .conv1d(let span, let groups, _, let bias):
      self = .dense(
        weight: try tensors.take("\(name).weight", shape: [layer.output, layer.input / groups, span.kernel]),
        bias: try tensors.bias(layer, bias))
    case .recurrent(let recurrent):
      var levels: [[CellWeights]] = []
      for k in 0..<recurrent.depth {
        var directions: [CellWeights] = []
        for suffix in recurrent.suffixes {
          let inputs = k == 0 ? layer.input : layer.output
          directions.append(
            try CellWeights(recurrent, inputs: inputs, name, ending: "_l\(k)\(suffix)", &tensors))
        }
        levels.append(directions)
      }
      self = .recurrent(levels)
    case .batchNorm(let epsilon, let affine):
      self = .batchNorm(try BatchNormWeights(layer, epsilon: epsilon, affine: affine, &tensors))
    case .layerNorm(_, let affine):
      self = .layerNorm(
        weight: affine ? try tensors.take("\(name).weight", shape: [layer.input]) : nil,
        bias: affine ? try tensors.take("\(name).bias", shape: [layer.input]) : nil)
    case .embedding(let classes):
      self = .table(try tensors.take("\(name).weight", shape: [classes, layer.output]))
    case .prelu:
      let shared = try tensors.shape("\(name).weight") == [1]
      self = .prelu(try tensors.take("\(name).weight", shape: [shared ? 1 : layer.input]))
    default: self = .none
    }
  }
}

/// The weights of a list of layers, one for each.
struct WeightList: Sendable {
  var layers: [LayerWeights] = []
  /// Numbers in the tensors of each.
  private(set) var counts: [Int] = []

  init(_ layers: [LayerDescription], _ tensors: inout TensorReader) throws(ModelFileError) {
    for layer in layers {
      let before = tensors.valuesRead
      self.layers.append(try LayerWeights(layer, &tensors))
      counts.append(tensors.valuesRead - before)
    }
  }
}

extension TensorReader {
  /// (N), zeros where the layer has no bias.
  fileprivate mutating func bias(_ layer: LayerDescription, _ isThere: Bool) throws(ModelFileError) -> [Float] {
    isThere
      ? try take("\(layer.name).bias", shape: [layer.output]) : [Float](repeating: 0, count: layer.output)
  }
}

/// One cell of a stack in one direction; G gates, R features of h.
struct CellWeights: Sendable {
  /// (G H, D)
  var input: [Float]
  /// (G H, R)
  var hidden: [Float]
  /// (G H), zeros where the layer has no biases.
  var inputBias: [Float]
  var hiddenBias: [Float]
  /// (P, H)
  var projection: [Float]?
  /// (3 H) i f o; coupled (2 H)
  var peepholes: [Float]?
  /// (R), zeros where nothing is learned.
  var initialH: [Float]
  /// (H), of an LSTM.
  var initialC: [Float]

  /// PyTorch's two biases as one, rounded once.
  var bias: [Float] { zip(inputBias, hiddenBias).map { $0 + $1 } }

  fileprivate init(
    _ recurrent: RecurrentDescription, inputs: Int, _ name: String, ending: String, _ tensors: inout TensorReader
  ) throws(ModelFileError) {
    let (hidden, width) = (recurrent.hidden, recurrent.width)
    let rows = recurrent.gates * hidden
    input = try tensors.take("\(name).weight_ih\(ending)", shape: [rows, inputs])
    self.hidden = try tensors.take("\(name).weight_hh\(ending)", shape: [rows, width])
    (inputBias, hiddenBias) = ([Float](repeating: 0, count: rows), [Float](repeating: 0, count: rows))
    // Files from before the key `bias` leave both out where the module had none; one alone is a loss.
    let isThere = tensors.has("\(name).bias_ih\(ending)") || tensors.has("\(name).bias_hh\(ending)")
    if recurrent.bias, recurrent.statesBias || isThere {
      inputBias = try tensors.take("\(name).bias_ih\(ending)", shape: [rows])
      hiddenBias = try tensors.take("\(name).bias_hh\(ending)", shape: [rows])
    }
    if case .lstm(let lstm) = recurrent.cell {
      if lstm.projection != nil {
        projection = try tensors.take("\(name).weight_hr\(ending)", shape: [width, hidden])
      }
      if lstm.peepholes {
        peepholes = try tensors.take("\(name).weight_peephole\(ending)", shape: [rows - hidden])
      }
    }
    initialH = [Float](repeating: 0, count: width)
    initialC = [Float](repeating: 0, count: recurrent.hasCellState ? hidden : 0)
    guard recurrent.learnsInitialState else { return }
    initialH = try tensors.take("\(name).initial_h\(ending)", shape: [width])
    if recurrent.hasCellState { initialC = try tensors.take("\(name).initial_c\(ending)", shape: [hidden]) }
  }
}

/// (x − running_mean) / √(running_var + ε) · weight + bias as y = scale x + shift, in f64 (Ioffe and Szegedy 2015,
/// algorithm 2).
struct BatchNormWeights: Sendable {
  /// (C) each
  let scale: [Double]
  let shift: [Double]

  fileprivate init(
    _ layer: LayerDescription, epsilon: Double, affine: Bool, _ tensors: inout TensorReader
  ) throws(ModelFileError) {
    let shape = [layer.input]
    let mean = try tensors.take("\(layer.name).running_mean", shape: shape)
    let variance = try tensors.take("\(layer.name).running_var", shape: shape)
    let ones = [Float](repeating: 1, count: layer.input)
    let weight = affine ? try tensors.take("\(layer.name).weight", shape: shape) : ones
    let bias = affine ? try tensors.take("\(layer.name).bias", shape: shape) : ones.map { _ in 0 }
    if let place = variance.firstIndex(where: { $0 < 0 }) {
      throw .value(tensor: "\(layer.name).running_var", index: place, problem: "\(variance[place]) is no variance")
    }
    let scale = zip(weight, variance).map { Double($0) / (Double($1) + epsilon).squareRoot() }
    self.scale = scale
    shift = mean.indices.map { Double(bias[$0]) - Double(mean[$0]) * scale[$0] }
  }

  /// A linear layer or convolution of (C) outputs with this behind it, as one: each number rounded once.
  func folded(into weight: [Float], _ bias: [Float]) -> (weight: [Float], bias: [Float]) {
    let columns = weight.count / scale.count
    return (
      weight.indices.map { Float(Double(weight[$0]) * scale[$0 / columns]) },
      bias.indices.map { Float(Double(bias[$0]) * scale[$0] + shift[$0]) }
    )
  }
}
