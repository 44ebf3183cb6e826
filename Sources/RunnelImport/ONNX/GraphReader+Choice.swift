import RunnelCore
import RunnelInference

/// What takes a part: one step of the window, some of the features, a class out of a table; and what joins parts.
extension GraphReader {
  mutating func slice(_ node: ONNXNode) throws(ImportError) -> GraphValue {
    let value = try value(node, 0)
    let settings = try settings(node)
    if case .state = value { return value }
    var flow = try flow(node, 0, padded: true)
    for slice in try node.slices(flow.layout.shape, settings) {
      flow = try part(node, flow, slice)
    }
    return .flow(flow)
  }

  mutating func split(_ node: ONNXNode) throws(ImportError) -> [GraphValue] {
    let value = try value(node, 0)
    let settings = try settings(node)
    if case .state = value { return node.outputs.map { _ in value } }
    let flow = try flow(node)
    let axis = try node.axis(node.integer("axis") ?? 0, rank: flow.layout.rank)
    var start = 0
    var parts: [GraphValue] = []
    for size in try node.splitSizes(
      of: flow.layout.shape[axis], given: settings.count > 1 ? settings[1]?.integers : nil)
    {
      let slice = ONNXNode.AxisSlice(axis: axis, start: start, step: 1, count: size)
      let isNeeded = isUsed(node, output: parts.count)
      parts.append(isNeeded ? .flow(try part(node, flow, slice)) : .absent)
      start += size
    }
    return parts
  }

  /// Gather: one step, one feature, or rows of an embedding's table.
  mutating func choice(_ node: ONNXNode) throws(ImportError) -> GraphValue {
    switch try value(node, 0) {
    case .constant: return .flow(try embedding(node))
    case .state(let name):
      _ = try settings(node)
      return .state(name)
    default: break
    }
    let flow = try flow(node)
    let indices = try settings(node)[1]
    let axis = try node.axis(node.integer("axis") ?? 0, rank: flow.layout.rank)
    let size = flow.layout.shape[axis]
    guard let indices, indices.rank <= 1, let list = indices.integers, !list.isEmpty,
      list.allSatisfy({ $0 >= -size && $0 < size })
    else { throw node.error("takes elements \(indices?.shape ?? []) of an axis of \(size)") }
    let places = list.map { $0 < 0 ? $0 + size : $0 }
    guard zip(places, places.dropFirst()).allSatisfy({ $0 + 1 == $1 }) else {
      throw node.error("takes elements \(list) out of their order")
    }
    var result = try part(
      node, flow, ONNXNode.AxisSlice(axis: axis, start: places[0], step: 1, count: places.count))
    if indices.rank == 0 { result.layout.axes.remove(at: axis) }
    return .flow(result)
  }

  /// A table of classes, indexed by the frames.
  private mutating func embedding(_ node: ONNXNode) throws(ImportError) -> Flow {
    guard let table = try constant(node, 0) else { throw node.error("needs a table") }
    var flow = try flow(node, 1)
    guard table.rank == 2, node.integer("axis") ?? 0 == 0, flow.features == 1 else {
      throw node.error(
        "looks up shape \(table.shape) with \(flow.features) features; an embedding takes one class number")
    }
    var layer = LayerDraft(
      name: layerName(node, weight: 0, kind: "embedding"), kind: "embedding", from: [flow.layer], output: table.shape[1]
    )
    layer.set("input", 1)
    layer.set("classes", table.shape[0])
    layer.set("output", table.shape[1])
    layer.add("weight", table.shape, table.floats)
    flow.layout.axes.append([])
    return follow(flow, add(layer), table, features: table.shape[1], axis: flow.layout.rank - 1)
  }

  // MARK: parts

  /// Elements of one axis: steps or features.
  private mutating func part(_ node: ONNXNode, _ flow: Flow, _ slice: ONNXNode.AxisSlice) throws(ImportError) -> Flow {
    let size = flow.layout.shape[slice.axis]
    guard slice.count > 0 else { throw node.error("takes nothing of an axis of \(size)") }
    guard slice.step == 1 || slice.count == 1 else {
      throw node.error(
        slice.step == -1
          ? "turns an axis around; use direction backward or bidirectional of the recurrent layer"
          : "takes every \(slice.step)th element; use the stride of a layer")
    }
    if slice.count == size { return flow }
    if flow.layout.axes[slice.axis].contains(where: { $0.role == .time }) { return try steps(node, flow, slice) }
    guard flow.padding == nil else { throw node.error("comes after a Pad") }
    return try features(node, flow, slice)
  }

  private mutating func steps(_ node: ONNXNode, _ flow: Flow, _ slice: ONNXNode.AxisSlice) throws(ImportError) -> Flow {
    var result = flow
    guard flow.isTime(slice.axis), flow.steps == .every else {
      throw node.error("takes steps of an axis that holds more than steps")
    }
    if slice.count == 1, flow.padding == nil {
      result.steps = .one(slice.start)
      result.layout.axes[slice.axis] = []
      return result
    }
    // A causal convolution written as one padded on both sides whose right end is cut off (Bai et al. 2018).
    let cut = flow.visibleSteps - slice.count
    guard slice.start == 0, !flow.isShared, flow.padding == nil, var layer = draft[flow.layer], layer.kind == "conv1d",
      layer["stride"] == nil, let pads = layer["padding"]?.array?.compactMap({ $0.integer }), pads.count == 2,
      pads[1] >= Int64(cut)
    else {
      throw node.error(
        "takes steps \(slice.start) to \(slice.start + slice.count - 1) of \(flow.visibleSteps); one step, or what a padded convolution made too much on the right, can be taken"
      )
    }
    layer["padding"] = .array([.integer(pads[0]), .integer(pads[1] - Int64(cut))])
    draft[flow.layer] = layer
    result.length -= cut
    result.layout.axes[slice.axis] = Layout.axis(.time, result.length)
    return result
  }

  private mutating func features(
    _ node: ONNXNode, _ flow: Flow, _ slice: ONNXNode.AxisSlice
  ) throws(ImportError) -> Flow {
    let axis = flow.layout.axes[slice.axis]
    guard axis.count == 1, axis[0].role == .feature, axis[0].stride * axis[0].size == flow.features else {
      throw node.error(
        "takes a part of axis \(slice.axis) of shape \(flow.layout.shape), which is no range of features")
    }
    let (first, count) = (slice.start * axis[0].stride, slice.count * axis[0].stride)
    var layer = LayerDraft(name: layerName(node, kind: "select"), kind: "select", from: [flow.layer], output: count)
    layer.set("input", flow.features)
    layer.set("first", first)
    layer.set("output", count)
    var result = follow(flow, add(layer), nil, features: count, axis: nil)
    result.isState = flow.isState
    result.layout.axes[slice.axis] =
      slice.count == 1 ? [] : [.init(role: .feature, stride: axis[0].stride, size: slice.count)]
    return result
  }

  // MARK: joining

  mutating func concatenation(_ node: ONNXNode) throws(ImportError) -> GraphValue {
    var flows: [Flow] = []
    var zeros: [(place: Int, array: ConstantArray)] = []
    var states: [String] = []
    for place in node.inputs.indices {
      switch try value(node, place) {
      case .constant(let array): zeros.append((place, array))
      case .state(let name): states.append(name)
      default: flows.append(try flow(node, place))
      }
    }
    if !states.isEmpty, flows.isEmpty, zeros.isEmpty { return .state(states[0]) }
    guard let first = flows.first else { throw node.error("joins nothing that depends on the frames") }
    let axis = try node.axis(node.integer("axis") ?? 0, rank: first.layout.rank)
    if !zeros.isEmpty { return .flow(try paddedByZeros(node, first, zeros, axis, isAlone: flows.count == 1)) }
    flows = try aligned(node, flows)
    if flows.count == 1 { return .flow(flows[0]) }
    let each = flows.map { $0.layout.axes[axis] }
    for flow in flows {
      var (a, b) = (flow.layout, flows[0].layout)
      (a.axes[axis], b.axes[axis]) = ([], [])
      guard a == b else { throw node.error("joins shapes \(flows.map(\.layout.shape)), which do not lie alike") }
    }
    var result: Flow
    let total = flows.reduce(0) { $0 + $1.features }
    if flows.allSatisfy({ $0.isFeatures(axis) }) {
      result = try joined(node, flows, total)
      result.layout.axes[axis] = Layout.axis(.feature, total)
    } else if let stacked = stacked(flows, axis) {
      result = try joined(node, flows, total)
      result.layout.axes[axis] = [stacked]
    } else {
      // Stacked along an axis of 1: features of each lie elsewhere, and the axis becomes the slower one.
      guard each.allSatisfy(\.isEmpty), flows.allSatisfy({ $0.features == first.features }) else {
        throw node.error(
          "joins along axis \(axis) of shapes \(flows.map(\.layout.shape)), which is not that of the features")
      }
      result = try joined(node, flows, total)
      result.layout.axes[axis] = [.init(role: .feature, stride: first.features, size: flows.count)]
    }
    result.isState = flows.allSatisfy(\.isState)
    return .flow(result)
  }

  /// The axis of directions and levels, where the states of several bidirectional layers are stacked: each layer's
  /// halves are its slower features, and the layers are slower still.
  private func stacked(_ flows: [Flow], _ axis: Int) -> Layout.Factor? {
    guard let first = flows.first, let half = first.layout.axes[axis].first, half.role == .feature,
      half.stride * half.size == first.features,
      flows.allSatisfy({ $0.features == first.features && $0.layout.axes[axis] == [half] })
    else { return nil }
    return .init(role: .feature, stride: half.stride, size: half.size * flows.count)
  }

  /// Zeros before the first step, as some write a causal convolution.
  private mutating func paddedByZeros(
    _ node: ONNXNode, _ flow: Flow, _ zeros: [(place: Int, array: ConstantArray)], _ axis: Int, isAlone: Bool
  ) throws(ImportError) -> Flow {
    guard isAlone, flow.isTime(axis), flow.steps == .every, zeros.count == 1, zeros[0].array.isZero,
      zeros[0].array.rank == flow.layout.rank
    else { throw node.error("joins the frames with constants") }
    use(zeros[0].array, as: "zeros for padding")
    let count = zeros[0].array.shape[axis]
    var result = flow
    result.padding = Flow.Padding(
      left: zeros[0].place == 0 ? count : 0, right: zeros[0].place == 0 ? 0 : count, value: 0)
    result.layout.axes[axis] = Layout.axis(.time, result.visibleSteps)
    return result
  }

  /// Side by side; parts that were taken from one layer and come back in their order are that layer.
  private mutating func joined(_ node: ONNXNode, _ flows: [Flow], _ total: Int) throws(ImportError) -> Flow {
    let layers = flows.compactMap { draft[$0.layer] }
    if layers.count == flows.count, let whole = layers.first?.from.first,
      layers.allSatisfy({ $0.kind == "select" && $0.from == [whole] }),
      layers[0]["input"]?.integer == Int64(total)
    {
      var next: Int64 = 0
      for layer in layers where layer["first"]?.integer == next { next += Int64(layer.output) }
      if next == Int64(total) { return follow(flows[0], whole, nil, features: total, axis: nil) }
    }
    var layer = LayerDraft(
      name: layerName(node, kind: "concat"), kind: "concat", from: flows.map(\.layer), output: total)
    layer.set("output", total)
    return follow(flows[0], add(layer), nil, features: total, axis: nil)
  }
}
