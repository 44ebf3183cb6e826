import RunnelCore
import RunnelInference

/// What makes one step of a whole window: the mean and the largest over time.
extension GraphReader {
  mutating func globalPool(_ node: ONNXNode) throws(ImportError) -> GraphValue {
    let isMax = node.operation == "GlobalMaxPool"
    if case .statistic(let squares) = try value(node, 0) {
      return .statistic(try squares.mean(node, axes: Array(2..<max(squares.flow.layout.rank, 2))))
    }
    let flow = try flow(node)
    // Mean over the features: how tf2onnx begins a layer norm.
    if flow.layout.rank == 3, flow.features > 1, flow.isFeatures(2), !isMax {
      return .statistic(Statistic(flow: flow, axis: 2, stage: .mean))
    }
    guard flow.layout.rank >= 3, flow.isFeatures(1) else { throw node.error("expects [batch, features, steps]") }
    return .flow(try collapsed(node, flow, axes: Array(2..<flow.layout.rank), keeps: true, isMax: isMax))
  }

  /// ReduceMean and ReduceMax: over time a pool of the window, over the features the beginning of a layer norm.
  mutating func reduction(_ node: ONNXNode) throws(ImportError) -> GraphValue {
    let keeps = node.integer("keepdims") ?? 1 == 1
    let isMax = node.operation == "ReduceMax"
    let settings = try settings(node)
    let given = settings.count > 1 ? settings[1]?.integers : node.integers("axes")
    if case .statistic(let statistic) = try value(node, 0) {
      return .statistic(try statistic.mean(node, axes: given))
    }
    let flow = try flow(node)
    let rank = flow.layout.rank
    let axes = try node.axes(given ?? Array(0..<rank), rank: rank)
    if axes.count == 1, flow.features > 1, flow.isFeatures(axes[0]), keeps, !isMax {
      return .statistic(Statistic(flow: flow, axis: axes[0], stage: .mean))
    }
    return .flow(try collapsed(node, flow, axes: axes, keeps: keeps, isMax: isMax))
  }

  private mutating func collapsed(
    _ node: ONNXNode, _ flow: Flow, axes: [Int], keeps: Bool, isMax: Bool
  ) throws(ImportError) -> Flow {
    guard flow.steps == .every, axes.contains(where: { flow.isTime($0) }),
      axes.allSatisfy({ flow.isTime($0) || flow.layout.axes[$0].isEmpty })
    else { throw node.error("reduces other axes than time, in shape \(flow.layout.shape)") }
    var layer = LayerDraft(
      name: layerName(node, kind: "pool"), kind: "globalpool", from: [flow.layer], output: flow.features)
    layer.set("input", flow.features)
    layer["of"] = .string(isMax ? "max" : "mean")
    var result = follow(flow, add(layer), nil, features: flow.features, axis: nil)
    result.steps = .whole
    for axis in axes { result.layout.axes[axis] = [] }
    if !keeps {
      result.layout = Layout(result.layout.axes.indices.filter { !axes.contains($0) }.map { result.layout.axes[$0] })
    }
    result.length = 1
    return result
  }
}
