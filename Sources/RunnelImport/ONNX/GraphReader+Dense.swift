import RunnelCore
import RunnelInference
import RunnelKernels

/// Products with a weight, and what is done to each value alone.
extension GraphReader {
  mutating func gemm(_ node: ONNXNode) throws(ImportError) -> Flow {
    let flow = try flow(node)
    guard let b = try constant(node, 1), b.rank == 2 else { throw node.error("needs a weight of two dimensions") }
    guard node.integer("transA") ?? 0 == 0 else { throw node.error("transA turns the frames around") }
    let (alpha, beta) = (node.float("alpha") ?? 1, node.float("beta") ?? 1)
    let weight = (node.integer("transB") ?? 0) != 0 ? b : b.transposed([1, 0])
    let result = try linear(node, flow, weight, scale: alpha)
    guard let c = try constant(node, 2) else { return result }
    let shift = try perFeature(node, c, result).map { $0 * beta }
    return try affine(node, result, scale: nil, shift: shift, of: c)
  }

  mutating func matMul(_ node: ONNXNode) throws(ImportError) -> Flow {
    if case .flow = try value(node, 1) {
      let isBoth = if case .flow = try value(node, 0) { true } else { false }
      throw node.error(
        isBoth
          ? "multiplies two arrays that both depend on the frames, as attention does; runnel runs recurrent networks and what stands around them"
          : "multiplies from the left, which mixes the steps of the window")
    }
    let flow = try flow(node)
    guard var b = try constant(node, 1) else { throw node.error("needs a weight") }
    while b.rank > 2, b.shape[0] == 1 { b = b.reshaped(Array(b.shape.dropFirst())) }
    guard b.rank == 2 else { throw node.error("its weight has shape \(b.shape), expected two dimensions") }
    return try linear(node, flow, b.transposed([1, 0]))
  }

  /// A linear layer; over a window that was flattened, the convolution that it is.
  ///
  /// - Parameter weight: (O, I).
  private mutating func linear(
    _ node: ONNXNode, _ flow: Flow, _ weight: ConstantArray, scale: Float = 1
  ) throws(ImportError) -> Flow {
    let last = flow.layout.rank - 1
    guard last >= 0 else { throw node.error("multiplies a single number") }
    let isShuffled = shuffled(flow, last) != nil
    let values = ordered(weight, flow, last).floats.map { $0 * scale }
    guard flow.isFeatures(last) || isShuffled else { return try overWindow(node, flow, weight, values) }
    let outputs = weight.shape[0]
    guard weight.shape[1] == flow.features else {
      throw node.error("its weight takes \(weight.shape[1]) features, the layer before gives \(flow.features)")
    }
    var layer = LayerDraft(
      name: layerName(node, weight: 1, kind: "linear"), kind: "linear", from: [flow.layer], output: outputs)
    layer.set("input", flow.features)
    layer.set("output", outputs)
    layer["bias"] = .bool(false)
    layer.add("weight", [outputs, flow.features], values)
    return follow(flow, add(layer), weight, features: outputs, axis: last)
  }

  /// Dense after Flatten: a convolution whose kernel is the window.
  private mutating func overWindow(
    _ node: ONNXNode, _ flow: Flow, _ weight: ConstantArray, _ values: [Float]
  ) throws(ImportError) -> Flow {
    let axis = flow.layout.axes[flow.layout.rank - 1]
    let roles = axis.map(\.role)
    let (steps, features, outputs) = (flow.length, flow.features, weight.shape[0])
    let isTimeFirst = roles == [.time, .feature] || roles == [.time]
    guard flow.steps == .every, isTimeFirst || roles == [.feature, .time], steps * features == weight.shape[1],
      axis.reduce(1, { $0 * $1.size }) == steps * features
    else {
      throw node.error(
        "multiplies shape \(flow.layout.shape) with a weight for \(weight.shape[1]) values: its last axis is not the features of a step, nor a flattened window of fixed length"
      )
    }
    var taps = [Float](repeating: 0, count: values.count)
    for o in 0..<outputs {
      for t in 0..<steps {
        for f in 0..<features {
          let from = o * steps * features + (isTimeFirst ? t * features + f : f * steps + t)
          taps[(o * features + f) * steps + t] = values[from]
        }
      }
    }
    var layer = LayerDraft(
      name: layerName(node, weight: 1, kind: "conv"), kind: "conv1d", from: [flow.layer], output: outputs)
    for (key, size) in [("input", features), ("output", outputs), ("kernel", steps)] { layer.set(key, size) }
    layer["padding"] = .array([.integer(0), .integer(0)])
    layer["bias"] = .bool(false)
    layer.add("weight", [outputs, features, steps], taps)
    var result = follow(flow, add(layer), weight, features: outputs, axis: flow.layout.rank - 1)
    result.length = 1
    result.steps = .one(0)
    return result
  }

  /// What flows out of a layer that was just added: its features lie in `axis`.
  mutating func follow(_ flow: Flow, _ name: String, _ weight: ConstantArray?, features: Int, axis: Int?) -> Flow {
    if let weight { use(weight, as: "\(name).weight") }
    var result = flow
    result.layer = name
    result.features = features
    result.isShared = false
    result.isState = false
    result.padding = nil
    if let axis { result.layout.axes[axis] = Layout.axis(.feature, features) }
    return result
  }

  // MARK: y = scale · x + shift

  /// A constant as one value per feature of what flows.
  func perFeature(_ node: ONNXNode, _ array: ConstantArray, _ flow: Flow) throws(ImportError) -> [Float] {
    if let scalar = array.scalar { return [Float](repeating: scalar, count: flow.features) }
    let shape = flow.layout.shape
    guard array.rank <= shape.count, array.count == flow.features,
      let axis = flow.layout.axes.indices.first(where: { flow.isFeatures($0) }),
      array.shape.enumerated().allSatisfy({
        $0.element == 1 || ($0.offset + shape.count - array.rank == axis && $0.element == flow.features)
      })
    else {
      throw node.error(
        "combines shape \(shape) with a constant of shape \(array.shape), expected one value or one per feature (\(flow.features))"
      )
    }
    return array.floats
  }

  /// Adds scale and shift per feature: to the layer before where that has a place for them, else as a layer.
  mutating func affine(
    _ node: ONNXNode, _ flow: Flow, scale: [Float]?, shift: [Float]?, of array: ConstantArray?
  ) throws(ImportError) -> Flow {
    if !flow.isShared, let merged = mergedAffine(flow.layer, scale, shift) {
      draft[flow.layer] = merged
      if let array { use(array, as: "\(flow.layer).\(shift == nil ? "weight" : "bias")") }
      return flow
    }
    let (alpha, beta) = (scale?.first ?? 1, shift?.first ?? 0)
    if array?.scalar != nil, scale?.allSatisfy({ $0 == alpha }) ?? true, shift?.allSatisfy({ $0 == beta }) ?? true {
      if let array { use(array, as: "an activation's numbers") }
      return activated(node, flow, Activation(.affine, alpha: alpha, beta: beta))
    }
    var layer = LayerDraft(
      name: layerName(node, kind: "scale"), kind: "batchnorm", from: [flow.layer], output: flow.features)
    layer.set("input", flow.features)
    // 1 + 1e-30 is 1, so that this is weight · x + bias and nothing else.
    layer["epsilon"] = .number(1e-30)
    let (ones, zeros) = ([Float](repeating: 1, count: flow.features), [Float](repeating: 0, count: flow.features))
    layer.add("running_mean", [flow.features], zeros)
    layer.add("running_var", [flow.features], ones)
    layer.add("weight", [flow.features], scale ?? ones)
    layer.add("bias", [flow.features], shift ?? zeros)
    let result = follow(flow, add(layer), nil, features: flow.features, axis: nil)
    if let array { use(array, as: "\(result.layer).\(scale == nil ? "bias" : "weight")") }
    return result
  }

  private func mergedAffine(_ name: String, _ scale: [Float]?, _ shift: [Float]?) -> LayerDraft? {
    guard var layer = draft[name] else { return nil }
    switch layer.kind {
    case "linear", "conv1d":
      guard scale == nil, let shift, layer["activation"] == nil else { return nil }
      let old = layer.tensor("bias")?.values ?? [Float](repeating: 0, count: shift.count)
      layer["bias"] = nil
      layer.tensors.removeAll { $0.key == "bias" }
      layer.add("bias", [shift.count], zip(old, shift).map { $0 + $1 })
    case "layernorm", "batchnorm":
      guard layer.kind == "layernorm" || layer["epsilon"]?.number == 1e-30 else { return nil }
      let count = layer.output
      let weight = layer.tensor("weight")?.values ?? [Float](repeating: 1, count: count)
      let bias = layer.tensor("bias")?.values ?? [Float](repeating: 0, count: count)
      layer["affine"] = nil
      layer.tensors.removeAll { $0.key == "weight" || $0.key == "bias" }
      layer.add("weight", [count], scale.map { zip(weight, $0).map { $0 * $1 } } ?? weight)
      let scaled = scale.map { zip(bias, $0).map { $0 * $1 } } ?? bias
      layer.add("bias", [count], shift.map { zip(scaled, $0).map { $0 + $1 } } ?? scaled)
    default: return nil
    }
    return layer
  }

  // MARK: functions of one value

  /// The layer's function: of the layer before where it has none yet, else a layer of its own.
  mutating func activated(_ node: ONNXNode, _ flow: Flow, _ activation: Activation) -> Flow {
    if !flow.isShared, var before = draft[flow.layer], before.kind == "linear" || before.kind == "conv1d",
      before["activation"] == nil, activation.kind != .affine
    {
      before["activation"] = activation.json
      draft[flow.layer] = before
      return flow
    }
    var layer = LayerDraft(
      name: layerName(node, kind: activation.kind.rawValue), kind: "activation", from: [flow.layer],
      output: flow.features)
    layer.set("input", flow.features)
    layer["activation"] = activation.json
    return follow(flow, add(layer), nil, features: flow.features, axis: nil)
  }

  mutating func softmax(_ node: ONNXNode) throws(ImportError) -> Flow {
    let flow = try flow(node)
    let rank = flow.layout.rank
    let axis = try node.axis(node.integer("axis") ?? (model.opset < 13 ? 1 : -1), rank: rank)
    // Before opset 13 it runs over all axes from `axis` on.
    let others = model.opset < 13 ? Array(axis..<rank) : [axis]
    guard !others.contains(where: { flow.layout.axes[$0].contains { $0.role == .time } }) else {
      throw node.error(
        "runs over the steps of the window (attention pooling), which no layer does; train the network with the last step, or with the mean or the largest over time"
      )
    }
    let isOverFeatures =
      flow.features == 1
      || (others.contains { flow.isFeatures($0) }
        && others.allSatisfy { flow.isFeatures($0) || flow.layout.axes[$0].isEmpty })
    guard isOverFeatures else { throw node.error("runs along axis \(axis), which is not that of the features") }
    var layer = LayerDraft(
      name: layerName(node, kind: "softmax"), kind: "softmax", from: [flow.layer], output: flow.features)
    layer.set("input", flow.features)
    let name = add(layer)
    if node.operation == "LogSoftmax" { logarithms.insert(name) }
    return follow(flow, name, nil, features: flow.features, axis: nil)
  }
}
