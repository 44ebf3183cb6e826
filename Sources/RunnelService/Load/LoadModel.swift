import RunnelCore
import RunnelInference
import RunnelPipeline
import RunnelRecordings

/// A network of random weights, for who wants to know what a size costs before there is a model of it.
public enum LoadModel {
  /// - Parameter cell: rnn, gru or lstm.
  /// - Returns: the bytes of a model file.
  public static func bytes(cell: String, hidden: Int, layers: Int, rate: Double) throws(ServiceError) -> [UInt8] {
    guard let gates = ["rnn": 1, "gru": 3, "lstm": 4][cell] else {
      throw ServiceError(.usage, "there is no cell '\(cell)': it is rnn, gru or lstm")
    }
    var random = SeededGenerator(seed: 1)
    func tensor(_ name: String, _ shape: [Int]) -> ModelWriter.Tensor {
      let scale = 1 / Double(max(1, shape.dropFirst().reduce(1, *))).squareRoot()
      return .init(name, shape, (0..<shape.reduce(1, *)).map { _ in Float(scale * (2 * random.uniform() - 1)) })
    }
    var tensors: [ModelWriter.Tensor] = []
    var list: [String] = []
    for layer in 0..<layers {
      let inputs = layer == 0 ? 1 : hidden
      list.append(#"{"kind":"\#(cell)","name":"l\#(layer)","input":\#(inputs),"hidden":\#(hidden)}"#)
      tensors += [
        tensor("l\(layer).weight_ih_l0", [gates * hidden, inputs]),
        tensor("l\(layer).weight_hh_l0", [gates * hidden, hidden]),
        tensor("l\(layer).bias_ih_l0", [gates * hidden]), tensor("l\(layer).bias_hh_l0", [gates * hidden]),
      ]
    }
    list.append(#"{"kind":"linear","name":"head","input":\#(hidden),"output":2,"activation":"none"}"#)
    tensors += [tensor("head.weight", [2, hidden]), tensor("head.bias", [2])]
    let text = """
      {"format":1,"name":"bench","regime":"carried","pattern":"many-to-many","rate":\(rate),"hop":1,"delay":0,"warmup":0,
       "inputs":[{"name":"x"}],"conditioning":{"filters":[],"normalisation":{"kind":"none"}},
       "layers":[\(list.joined(separator: ","))],
       "heads":[{"name":"label","activation":"softmax","labels":["a","b"]}],"decide":{"emit":"change"}}
      """
    do {
      let draft = try ModelDraft(description: try JSONValue(parsing: text), tensors: tensors)
      return try draft.finished(frames: draft.noise(), scores: nil, by: "runnel")
    } catch { preconditionFailure("a model of its own making: \(error)") }
  }

  /// The configuration of a daemon that runs it.
  public static func configuration(model: String, emit: String, shards: Int) -> String {
    """
    streams:
      load: {bind: "tcp://127.0.0.1:*", type: pull}
    models:
      bench: {file: "\(model)"}
    pipelines:
      bench: {from: load, model: bench, decide: {emit: \(emit), smooth: none}}
    outputs:
      labels: {bind: "tcp://127.0.0.1:*"}
    shards: \(shards)

    """
  }
}
