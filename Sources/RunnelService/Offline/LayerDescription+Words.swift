import RunnelCore
import RunnelInference
import RunnelKernels

/// Layers as people call them.
extension LayerDescription {
  /// What kind it is: `Conv1d`, `GRU`.
  var title: String {
    switch kind {
    case .linear: "Linear"
    case .conv1d: "Conv1d"
    case .recurrent(let each): each.cell.title
    case .batchNorm: "BatchNorm"
    case .layerNorm: "LayerNorm"
    case .pool(_, .max): "MaxPool"
    case .pool(_, .mean): "AvgPool"
    case .embedding: "Embedding"
    case .activation: "Activation"
    case .prelu: "PReLU"
    case .softmax: "Softmax"
    case .add: "Add"
    case .multiply: "Multiply"
    case .concat: "Concat"
    case .select: "Select"
    case .globalPool: "GlobalPool"
    case .final: "Final"
    }
  }

  /// What is particular about it: `kernel 9 (75ms), stride 2, relu`.
  ///
  /// - Parameter rate: of its input, steps per second; 0 where that is no number of seconds.
  func particulars(rate: Double) -> String {
    var words: [String] = []
    switch kind {
    case .linear(let activation, let bias):
      words = [activation.words, bias ? "" : "no bias"]
    case .conv1d(let span, let groups, let activation, let bias):
      words = span.words(rate: rate)
      words += [groups > 1 ? "\(groups) groups" : "", activation.words, bias ? "" : "no bias"]
    case .recurrent(let each): words = each.words
    case .batchNorm(let epsilon, let affine), .layerNorm(let epsilon, let affine):
      words = ["epsilon \(Float(epsilon))", affine ? "" : "no weight and bias"]
    case .pool(let span, _): words = span.words(rate: rate)
    case .embedding(let classes): words = ["\(classes) classes"]
    case .activation(let activation): words = [activation.words]
    case .select(let first): words = ["features \(first) to \(first + output - 1)"]
    case .globalPool(let operation): words = ["\(operation.rawValue) over the steps of the window"]
    case .final: words = ["last step forward, first step backward"]
    case .prelu, .softmax, .add, .multiply, .concat: break
    }
    return words.filter { !$0.isEmpty }.joined(separator: ", ")
  }
}

extension Activation {
  /// Empty where it does nothing; its numbers where they are not the usual ones.
  var words: String {
    guard kind != .none else { return "" }
    let usual = kind.defaults
    let numbers = [("alpha", alpha, usual.alpha), ("beta", beta, usual.beta)]
      .filter { $0.2 != nil && $0.1 != $0.2 }.map { "\($0.0) \($0.1)" }
    return numbers.isEmpty ? kind.rawValue : "\(kind.rawValue) (\(numbers.joined(separator: ", ")))"
  }
}

extension TimeSpan {
  /// At frames a second; 0: nobody knows.
  func words(rate: Double) -> [String] {
    let seconds = rate > 0 ? Double(past + 1) / rate : 0
    let reach =
      seconds <= 0
      ? ""
      : seconds < 1
        ? " (\(Phrase.number((seconds * 1e4).rounded() / 10))ms)"
        : " (\(Phrase.number((seconds * 100).rounded() / 100))s)"
    var words = ["kernel \(kernel)\(reach)"]
    if stride > 1 { words.append("stride \(stride)") }
    if dilation > 1 { words.append("dilation \(dilation)") }
    if left == 0, right == 0, past > 0 { words.append("no padding") }
    if left != 0 || right != 0, left != past || right != 0 { words.append("padding \(left) and \(right)") }
    return words
  }
}

extension RecurrentDescription.Cell {
  var title: String {
    switch self {
    case .rnn: "RNN"
    case .gru: "GRU"
    case .lstm: "LSTM"
    }
  }
}

extension RecurrentDescription {
  fileprivate var words: [String] {
    var words: [String] = []
    if depth > 1 { words.append("\(depth) on top of each other") }
    if direction != .forward { words.append(direction.rawValue) }
    switch cell {
    case .rnn(let activation, let leak):
      words.append(activation.words)
      if leak != 1 { words.append("leak \(leak)") }
    case .gru(let gru):
      words.append("reset \(gru.reset.rawValue)")
      words += Self.gates(gru.gateActivation, gru.gateClip)
      if gru.activation != .tanh { words.append("candidate \(gru.activation.words)") }
    case .lstm(let lstm):
      if let projection = lstm.projection { words.append("\(hidden) units projected to \(projection)") }
      if lstm.peepholes { words.append("peepholes") }
      if lstm.coupling == .input { words.append("i = 1 − f") }
      if lstm.coupling == .forget { words.append("f = 1 − i") }
      words += Self.gates(lstm.gateActivation, lstm.gateClip)
      if lstm.cellActivation != .tanh { words.append("candidate \(lstm.cellActivation.words)") }
      if lstm.outputActivation != .tanh { words.append("output \(lstm.outputActivation.words)") }
      if let clip = lstm.cellClip { words.append("c clipped to ±\(clip)") }
    }
    if !bias { words.append("no bias") }
    if learnsInitialState { words.append("learned initial state") }
    return words
  }

  private static func gates(_ activation: Activation, _ clip: Float?) -> [String] {
    (activation == .sigmoid ? [] : ["gates \(activation.words)"]) + (clip.map { ["gates clipped to ±\($0)"] } ?? [])
  }
}
