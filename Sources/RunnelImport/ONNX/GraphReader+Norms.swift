import RunnelCore
import RunnelInference
import RunnelKernels

/// Layer norms, as one node or written out, and batch norms.
extension GraphReader {
  /// Steps of a layer norm written out; nil where neither input is one.
  mutating func statistic(_ node: ONNXNode, _ x: GraphValue, _ y: GraphValue) throws(ImportError) -> GraphValue? {
    if let value = try moments(node, x, y) { return value }
    switch (node.operation, x, y) {
    case ("Sub", .flow(let flow), .statistic(let mean)) where mean.stage == .mean && mean.flow.layer == flow.layer:
      return .statistic(mean.with(.centred))
    case ("Pow", .statistic(let centred), .constant(let two)) where centred.stage == .centred && two.scalar == 2:
      use(two, as: "a square")
      return .statistic(centred.with(.squares))
    case ("Mul", .statistic(let a), .statistic(let b)) where a.stage == .centred && b.stage == .centred:
      return .statistic(a.with(.squares))
    case ("Add", .statistic(let variance), .constant(let epsilon)),
      ("Add", .constant(let epsilon), .statistic(let variance)):
      guard variance.stage == .variance, let value = epsilon.scalar, value > 0 else { break }
      use(epsilon, as: "epsilon of a layer norm")
      return .statistic(variance.with(.shifted(value)))
    case ("Sqrt", .statistic(let variance), _):
      guard case .shifted(let epsilon) = variance.stage else { break }
      return .statistic(variance.with(.deviation(epsilon)))
    case ("Reciprocal", .statistic(let deviation), _):
      guard case .deviation(let epsilon) = deviation.stage else { break }
      return .statistic(deviation.with(.inverse(epsilon)))
    case ("Div", .statistic(let centred), .statistic(let deviation)) where centred.stage == .centred:
      guard case .deviation(let epsilon) = deviation.stage else { break }
      return .flow(normalised(node, centred.flow, epsilon))
    case ("Mul", .statistic(let centred), .statistic(let inverse)),
      ("Mul", .statistic(let inverse), .statistic(let centred)):
      guard centred.stage == .centred, case .inverse(let epsilon) = inverse.stage else { break }
      return .flow(normalised(node, centred.flow, epsilon))
    default: break
    }
    if case .statistic = x {
      throw node.error("uses a mean or variance over the features in a form that is no LayerNorm")
    }
    if case .statistic = y {
      throw node.error("uses a mean or variance over the features in a form that is no LayerNorm")
    }
    return nil
  }

  mutating func negative(_ node: ONNXNode) throws(ImportError) -> GraphValue {
    guard case .statistic(let mean) = try value(node, 0), mean.stage == .mean else {
      return .flow(try elementwise(node))
    }
    return .statistic(mean.with(.negativeMean))
  }

  /// The form of tf2onnx: x · s + (−mean · s + β) with s = γ / √(variance + ε).
  private mutating func moments(_ node: ONNXNode, _ x: GraphValue, _ y: GraphValue) throws(ImportError) -> GraphValue? {
    switch (node.operation, x, y) {
    case ("Mul", .statistic(var inverse), .constant(let gamma)):
      guard case .inverse(let epsilon) = inverse.stage else { return nil }
      inverse.gamma = try perFeature(node, gamma, inverse.flow)
      use(gamma, as: "weight of a layer norm")
      return .statistic(inverse.with(.scale(epsilon)))
    case ("Mul", .flow(let flow), .statistic(let scale)) where flow.layer == scale.flow.layer:
      guard case .scale(let epsilon) = scale.stage else { return nil }
      return .statistic(scale.with(.product(epsilon)))
    case ("Mul", .statistic(let mean), .statistic(let scale)) where mean.stage == .negativeMean:
      guard case .scale(let epsilon) = scale.stage else { return nil }
      return .statistic(scale.with(.offset(epsilon)))
    case ("Add", .statistic(var offset), .constant(let beta)):
      guard case .offset = offset.stage, offset.beta == nil else { return nil }
      offset.beta = try perFeature(node, beta, offset.flow)
      use(beta, as: "bias of a layer norm")
      return .statistic(offset)
    case ("Add", .statistic(let product), .statistic(let offset)):
      guard case .product(let epsilon) = product.stage, offset.stage == .offset(epsilon) else { return nil }
      let flow = normalised(node, product.flow, epsilon)
      return .flow(try affine(node, flow, scale: offset.gamma, shift: offset.beta, of: nil))
    default: return nil
    }
  }

  private mutating func normalised(_ node: ONNXNode, _ flow: Flow, _ epsilon: Float) -> Flow {
    var layer = LayerDraft(
      name: layerName(node, kind: "norm"), kind: "layernorm", from: [flow.layer], output: flow.features)
    layer.set("input", flow.features)
    layer["epsilon"] = .number(shortest: epsilon)
    layer["affine"] = .bool(false)
    return follow(flow, add(layer), nil, features: flow.features, axis: nil)
  }

  mutating func layerNorm(_ node: ONNXNode) throws(ImportError) -> Flow {
    let flow = try flow(node)
    let axis = try node.axis(node.integer("axis") ?? -1, rank: flow.layout.rank)
    guard axis == flow.layout.rank - 1, flow.isFeatures(axis) else {
      throw node.error(
        "normalises shape \(flow.layout.shape) from axis \(axis) on; a layer norm here is over the features of a step")
    }
    guard !isUsed(node, output: 1), !isUsed(node, output: 2) else {
      throw node.error("its mean and deviation as outputs are not supported")
    }
    guard let scale = try constant(node, 1) else { throw node.error("needs a scale") }
    let bias = try constant(node, 2)
    guard scale.count == flow.features, bias?.count ?? flow.features == flow.features else {
      throw node.error("has \(scale.count) scales for \(flow.features) features")
    }
    var layer = LayerDraft(
      name: layerName(node, weight: 1, kind: "norm"), kind: "layernorm", from: [flow.layer], output: flow.features)
    layer.set("input", flow.features)
    layer["epsilon"] = .number(shortest: node.float("epsilon") ?? 1e-5)
    layer.add("weight", [flow.features], scale.floats)
    layer.add("bias", [flow.features], bias?.floats ?? [Float](repeating: 0, count: flow.features))
    let name = add(layer)
    if let bias { use(bias, as: "\(name).bias") }
    return follow(flow, name, scale, features: flow.features, axis: nil)
  }

  mutating func batchNorm(_ node: ONNXNode) throws(ImportError) -> Flow {
    let flow = try flow(node)
    guard node.integer("training_mode") ?? 0 == 0 else {
      throw node.error("uses the statistics of the batch (training_mode 1); export the module after module.eval()")
    }
    let channels = flow.layout.rank >= 2 ? flow.layout.shape[1] : 0
    guard
      flow.isFeatures(1)
        || (channels > 0 && perChannel(flow, Array(repeating: 1, count: channels)).count == flow.features)
    else {
      throw node.error("expects features in axis 1, found shape \(flow.layout.shape)")
    }
    var layer = LayerDraft(
      name: layerName(node, weight: 1, kind: "batchnorm"), kind: "batchnorm", from: [flow.layer], output: flow.features)
    layer.set("input", flow.features)
    layer["epsilon"] = .number(shortest: node.float("epsilon") ?? 1e-5)
    var used: [(ConstantArray, String)] = []
    for (key, place) in [("running_mean", 3), ("running_var", 4), ("weight", 1), ("bias", 2)] {
      guard let array = try constant(node, place), array.count == channels else {
        throw node.error("input \(place) needs \(channels) values")
      }
      layer.add(key, [flow.features], perChannel(flow, array.floats))
      used.append((array, key))
    }
    let name = add(layer)
    for (array, key) in used { use(array, as: "\(name).\(key)") }
    return follow(flow, name, nil, features: flow.features, axis: nil)
  }
}
