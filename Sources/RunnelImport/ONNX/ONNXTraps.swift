import RunnelCore

/// Operators and patterns that exporters write and that no layer list can hold, with the way out (docs/cells.md §6).
enum ONNXTraps {
  private static let weightsWayOut =
    "take the weights instead: runnel_export.save_keras(model, path) for Keras, safetensors and --spec for the rest"

  /// Why this operator is never supported; nil for all others.
  static func refusal(of node: ONNXNode) -> String? {
    switch node.operation {
    case "Loop", "Scan":
      return
        "is a loop with a body of its own, as tf2onnx writes Keras' GRU, SimpleRNN and LSTM with hard_sigmoid; \(weightsWayOut)"
    case "If": return "chooses between two graphs while it runs; export the module with fixed settings"
    case "QuantizeLinear", "DequantizeLinear", "DynamicQuantizeLinear", "QLinearMatMul", "QLinearConv", "MatMulInteger",
      "ConvInteger":
      return "is quantised; export the float model"
    case "SequenceEmpty", "SequenceInsert", "SequenceAt", "ConcatFromSequence", "SplitToSequence", "SequenceConstruct":
      return
        "works on a list of arrays, as a loop in Python over time steps leaves it; use nn.LSTM, nn.GRU or nn.RNN on the whole sequence"
    case "ReverseSequence":
      return
        "turns time around outside of a recurrent layer; use direction backward or bidirectional of the layer itself"
    case "InstanceNormalization", "GroupNormalization", "LpNormalization", "MeanVarianceNormalization":
      return
        "normalises over the steps of the window; use BatchNorm, LayerNorm, or conditioning.normalisation kind window"
    case "Erf": return "is a part of a GELU written out in single operations; export it with opset_version=20 or more"
    case "ConvTranspose", "Resize", "Upsample":
      return "makes more steps than go in, which no layer of runnel does"
    case "Attention", "MultiHeadAttention", "RotaryEmbedding":
      return "is attention over the window; runnel runs recurrent networks and what stands around them"
    default: return nil
    }
  }

  /// A loop over time that the exporter wrote out step by step: many products with one weight, which a real network
  /// multiplies once per step inside RNN, GRU or LSTM.
  static func checkUnrolled(_ model: ONNXModel) throws(ImportError) {
    var products: [String: [ONNXNode]] = [:]
    var copies: [String: String] = [:]
    for node in model.nodes {
      if ["Transpose", "Identity", "Cast"].contains(node.operation), let from = node.input(0),
        let to = node.outputs.first
      {
        copies[to] = copies[from] ?? from
      }
      guard node.operation == "MatMul" || node.operation == "Gemm", let weight = node.input(1) else { continue }
      products[copies[weight] ?? weight, default: []].append(node)
    }
    let constants = Set(model.initializers.map(\.name)).union(
      model.nodes.lazy.filter { $0.operation == "Constant" }.flatMap(\.outputs))
    let most = products.filter { constants.contains($0.key) }.max {
      ($0.value.count, $1.key) < ($1.value.count, $0.key)
    }
    guard let most, most.value.count >= 4 else { return }
    throw most.value[0].error(
      "is one of \(most.value.count) products with the same weight \(Quoted.name(most.key)): the exporter wrote the loop over time out step by step for one length, as torch.onnx.export does for nn.RNN unless dynamo=False, and for a loop of cells always; save the module with runnel_export.save, which reads both, or \(weightsWayOut)"
    )
  }
}
