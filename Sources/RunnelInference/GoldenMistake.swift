import RunnelKernels

/// A known way to carry weights from one framework to another wrongly, and how to undo it.
struct GoldenMistake {
  /// A layer of the network, its decoder or its event stage.
  struct Place: Hashable {
    enum Part: Int {
      case network
      case decoder
      case events
    }

    var part: Part
    var index: Int
  }

  /// What it is about: of two mistakes with one topic in a layer only one can be made.
  enum Topic: Hashable {
    case order, biasOrder, reset, update, input, hidden, projection, bias, gates, forget, activation, coupling,
      peepholes
    case direction, epsilon, taps, weight, head, time
  }

  var topic: Topic
  /// `gate order i o f g (ONNX)`
  var words: String
  /// `export the weights in PyTorch's order`
  var remedy: String
  /// Rare ones come last.
  var isRare = false
  var places: [Place] = []
  /// The layer as it should be described.
  var change: ((inout LayerDescription) -> Void)?
  /// The weights as they should be.
  var repair: ((LayerDescription, inout LayerWeights) -> Void)?
  /// The golden scores are those before the heads.
  var givesLogits = false
  /// The golden frames run from the newest to the oldest.
  var reversesTime = false

  init(
    _ topic: Topic, _ words: String, remedy: String, change: ((inout LayerDescription) -> Void)? = nil,
    repair: ((LayerDescription, inout LayerWeights) -> Void)? = nil
  ) {
    self.topic = topic
    self.words = words
    self.remedy = remedy
    self.change = change
    self.repair = repair
  }

  var rare: GoldenMistake {
    var mistake = self
    mistake.isRare = true
    return mistake
  }

  /// Whether both can have been made.
  func goes(with other: GoldenMistake) -> Bool {
    topic != other.topic || Set(places).isDisjoint(with: other.places)
  }

  /// All that can have been made in a layer.
  static func all(in layer: LayerDescription) -> [GoldenMistake] {
    switch layer.kind {
    case .recurrent(let recurrent): recurrentMistakes(layer, recurrent)
    case .linear(let activation, _): denseMistakes(layer, rows: layer.output) + activationMistakes(activation)
    case .conv1d(let span, _, let activation, _):
      convMistakes(layer, span) + denseMistakes(layer, rows: layer.output) + activationMistakes(activation)
    case .batchNorm(let epsilon, _), .layerNorm(let epsilon, _): epsilonMistakes(epsilon)
    case .activation(let activation): activationMistakes(activation)
    default: []
    }
  }

  // MARK: layers without state

  private static func denseMistakes(_ layer: LayerDescription, rows: Int) -> [GoldenMistake] {
    guard rows > 1 else { return [] }
    return [
      GoldenMistake(
        .weight,
        layer.input == layer.output ? "its weight transposed" : "its weight turned (it was reshaped, not transposed)",
        remedy: "export weight as [output, input]: Keras has kernels the other way round, so w.T",
        repair: { layer, weights in
          guard case .dense(let weight, let bias) = weights else { return }
          weights = .dense(weight: transposed(weight, rows: weight.count / layer.output, layer.output), bias: bias)
        })
    ]
  }

  private static func convMistakes(_ layer: LayerDescription, _ span: TimeSpan) -> [GoldenMistake] {
    guard span.kernel > 1 else { return [] }
    return [
      GoldenMistake(
        .taps, "its taps the other way round",
        remedy: "export weight with tap 0 at the oldest sample, as PyTorch has it",
        repair: { _, weights in
          guard case .dense(let weight, let bias) = weights else { return }
          var turned = weight
          for place in weight.indices {
            turned[place] = weight[place / span.kernel * span.kernel + span.kernel - 1 - place % span.kernel]
          }
          weights = .dense(weight: turned, bias: bias)
        })
    ]
  }

  private static func epsilonMistakes(_ epsilon: Double) -> [GoldenMistake] {
    [(1e-3, "Keras"), (1e-5, "PyTorch"), (1e-6, "Keras 2, Flax"), (1e-12, "TensorFlow's LayerNorm")]
      .filter { $0.0 != epsilon }.map { other, who in
        GoldenMistake(
          .epsilon, "epsilon \(other) (\(who))", remedy: "write \"epsilon\": \(other) into the description",
          change: { layer in
            switch layer.kind {
            case .batchNorm(_, let affine): layer.kind = .batchNorm(epsilon: other, affine: affine)
            case .layerNorm(_, let affine): layer.kind = .layerNorm(epsilon: other, affine: affine)
            default: break
            }
          })
      }
  }

  private static func activationMistakes(_ activation: Activation) -> [GoldenMistake] {
    others(than: activation).map { other, name in
      GoldenMistake(
        .activation, "activation \(name)", remedy: "write that activation into the description",
        change: { layer in
          switch layer.kind {
          case .linear(_, let bias): layer.kind = .linear(activation: other, bias: bias)
          case .conv1d(let span, let groups, _, let bias):
            layer.kind = .conv1d(span, groups: groups, activation: other, bias: bias)
          case .activation: layer.kind = .activation(other)
          default: break
          }
        })
    }
  }

  /// What else an activation may have been meant to be.
  static func others(than activation: Activation) -> [(Activation, String)] {
    let known: [[(Activation, String)]] = [
      [
        (.sigmoid, "sigmoid"), (Activation(.hardSigmoid), "hard_sigmoid of Keras 3 and PyTorch (x/6 + 0.5)"),
        (Activation(.hardSigmoid, alpha: 0.2), "hard_sigmoid of Keras 2 (0.2 x + 0.5)"),
      ],
      [(.tanh, "tanh"), (.relu, "relu")],
      [
        (Activation(.leakyRelu), "leaky_relu with alpha 0.01 (PyTorch)"),
        (Activation(.leakyRelu, alpha: 0.2), "leaky_relu with alpha 0.2 (TensorFlow)"),
        (Activation(.leakyRelu, alpha: 0.3), "leaky_relu with alpha 0.3 (Keras)"),
      ],
    ]
    return known.filter { $0.contains { $0.0.kind == activation.kind } }.joined().filter { $0.0 != activation }
  }

  /// (rows, columns) in memory as (columns, rows)
  static func transposed(_ values: [Float], rows: Int, _ columns: Int) -> [Float] {
    var turned = values
    for row in 0..<rows { for column in 0..<columns { turned[column * rows + row] = values[row * columns + column] } }
    return turned
  }
}
