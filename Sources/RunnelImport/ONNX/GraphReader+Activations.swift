import RunnelCore
import RunnelInference
import RunnelKernels

/// Functions of one value, as nodes of their own.
extension GraphReader {
  /// Any operator that is left: an activation, or refused.
  mutating func elementwise(_ node: ONNXNode) throws(ImportError) -> Flow {
    switch node.operation {
    case "Clip": return try clip(node)
    case "PRelu": return try prelu(node)
    case "HardSwish":
      let x = try flow(node)
      var gate = x
      gate.isShared = true
      gate = activated(node, gate, Activation(.hardSigmoid, alpha: 1 / 6, beta: 0.5))
      return product(node, x, gate)
    case "Mish":
      let x = try flow(node)
      var gate = x
      gate.isShared = true
      gate = activated(node, gate, Activation(.softplus))
      return product(node, x, activated(node, gate, .tanh))
    case "Log": return try logSigmoid(node)
    default: break
    }
    guard let activation = try function(node) else {
      throw node.error("is not supported; docs/import.md lists the operators that are")
    }
    return activated(node, try flow(node), activation)
  }

  // MARK: softplus as the dynamo exporter writes it: x where x > 20, else log(1 + eˣ)

  mutating func condition(_ node: ONNXNode) throws(ImportError) -> GraphValue {
    let flow = try flow(node)
    guard let bound = try constant(node, 1), let value = bound.scalar else {
      throw node.error("compares with more than one number")
    }
    use(bound, as: "an activation's numbers")
    return .condition(flow, above: value)
  }

  mutating func conditional(_ node: ONNXNode) throws(ImportError) -> Flow {
    guard case .condition(let x, let bound) = try value(node, 0), case .flow(let same) = try value(node, 1),
      case .flow(let other) = try value(node, 2), bound >= 10, same.layer == x.layer, let layer = draft[other.layer],
      layer.from == [x.layer], layer["activation"]?.string == "softplus"
    else { throw node.error("chooses values by a condition in a way that is no activation known here") }
    return other
  }

  private mutating func product(_ node: ONNXNode, _ x: Flow, _ gate: Flow) -> Flow {
    var layer = LayerDraft(
      name: layerName(node, kind: "multiply"), kind: "multiply", from: [x.layer, gate.layer], output: x.features)
    layer.set("input", x.features)
    return follow(x, add(layer), nil, features: x.features, axis: nil)
  }

  /// log(sigmoid(x)) = −softplus(−x), for which ONNX has no operator.
  private mutating func logSigmoid(_ node: ONNXNode) throws(ImportError) -> Flow {
    var flow = try flow(node)
    guard var layer = draft[flow.layer], layer["activation"]?.string == "sigmoid",
      layer.kind == "activation" || !flow.isShared
    else { throw node.error("is the logarithm of something else than a sigmoid") }
    if layer.kind == "activation" {
      flow.layer = layer.from[0]
    } else {
      layer["activation"] = nil
      draft[layer.name] = layer
    }
    let minus = Activation(.affine, alpha: -1, beta: 0)
    return activated(node, activated(node, activated(node, flow, minus), Activation(.softplus)), minus)
  }

  private func function(_ node: ONNXNode) throws(ImportError) -> Activation? {
    func alpha(_ usual: Float) -> Float { node.float("alpha") ?? usual }
    switch node.operation {
    case "Relu": return .relu
    case "Tanh": return .tanh
    case "Sigmoid": return .sigmoid
    case "LeakyRelu": return Activation(.leakyRelu, alpha: alpha(0.01))
    case "Elu": return Activation(.elu, alpha: alpha(1))
    case "Softplus": return Activation(.softplus)
    case "Softsign": return Activation(.softsign)
    case "HardSigmoid": return Activation(.hardSigmoid, alpha: alpha(0.2), beta: node.float("beta") ?? 0.5)
    case "ThresholdedRelu": return Activation(.thresholdedRelu, alpha: alpha(1))
    case "Exp": return Activation(.exp)
    case "Neg": return Activation(.affine, alpha: -1, beta: 0)
    case "Gelu":
      guard node.string("approximate") ?? "none" == "none" else {
        throw node.error("is the tanh approximation of GELU; train with the exact one (approximate='none')")
      }
      return Activation(.gelu)
    case "Swish":
      guard alpha(1) == 1 else { throw node.error("has alpha \(alpha(1)), only 1 (SiLU) is supported") }
      return Activation(.silu)
    case "Selu":
      guard abs(alpha(1.673_263_2) - 1.673_263_2) < 1e-4, abs((node.float("gamma") ?? 1.050_701) - 1.050_701) < 1e-4
      else {
        throw node.error("has other numbers than SELU's own")
      }
      return Activation(.selu)
    default: return nil
    }
  }

  /// Bounds are attributes before opset 11 and inputs from it on.
  private mutating func clip(_ node: ONNXNode) throws(ImportError) -> Flow {
    let flow = try flow(node)
    let low = try constant(node, 1)?.scalar ?? node.float("min") ?? -.infinity
    let high = try constant(node, 2)?.scalar ?? node.float("max") ?? .infinity
    _ = try settings(node)
    if low == 0, high > 3e38 { return activated(node, flow, .relu) }
    let most = Float.greatestFiniteMagnitude
    guard low <= high else { throw node.error("has bounds \(low) and \(high)") }
    return activated(node, flow, Activation(.clip, alpha: max(low, -most), beta: min(high, most)))
  }

  private mutating func prelu(_ node: ONNXNode) throws(ImportError) -> Flow {
    let flow = try flow(node)
    guard let slope = try constant(node, 1) else { throw node.error("needs a slope") }
    let values = if let all = slope.scalar { [all] } else { try perFeature(node, slope, flow) }
    var layer = LayerDraft(
      name: layerName(node, weight: 1, kind: "prelu"), kind: "prelu", from: [flow.layer], output: flow.features)
    layer.set("input", flow.features)
    layer.add("weight", [values.count], values)
    return follow(flow, add(layer), slope, features: flow.features, axis: nil)
  }
}
