import RunnelCore
import RunnelInference
import RunnelKernels

/// Sums, products and norms.
extension GraphReader {
  mutating func arithmetic(_ node: ONNXNode) throws(ImportError) -> GraphValue {
    let x = try value(node, 0)
    let y = try value(node, 1)
    if let value = try statistic(node, x, y) { return value }
    if let value = try softsign(node, x, y) { return value }
    switch (x, y) {
    case (.flow, .flow): return .flow(try joinedByArithmetic(node))
    case (.flow, .constant(let array)): return .flow(try combined(node, try flow(node, 0), array, isFirst: true))
    case (.constant(let array), .flow): return .flow(try combined(node, try flow(node, 1), array, isFirst: false))
    case (.magnitude, _): return .flow(try flow(node, 0))
    case (_, .magnitude): return .flow(try flow(node, 1))
    default: throw node.error("combines things that no layer here combines")
    }
  }

  /// x / (1 + |x|), which ONNX has an operator for and torch's exporters write out.
  private mutating func softsign(
    _ node: ONNXNode, _ x: GraphValue, _ y: GraphValue
  ) throws(ImportError) -> GraphValue? {
    switch (node.operation, x, y) {
    case ("Add", .magnitude(let flow, plus: 0), .constant(let one)),
      ("Add", .constant(let one), .magnitude(let flow, plus: 0)):
      guard one.scalar == 1 else { return nil }
      use(one, as: "an activation's numbers")
      return .magnitude(flow, plus: 1)
    case ("Div", .flow(var above), .magnitude(let below, plus: 1)):
      guard above.layer == below.layer, above.layout == below.layout, above.steps == below.steps else { return nil }
      above.isShared = true
      return .flow(activated(node, above, Activation(.softsign)))
    default: return nil
    }
  }

  // MARK: with a constant

  private mutating func combined(
    _ node: ONNXNode, _ flow: Flow, _ array: ConstantArray, isFirst: Bool
  ) throws(ImportError) -> Flow {
    let values = try perFeature(node, array, flow)
    switch node.operation {
    case "Add": return try affine(node, flow, scale: nil, shift: values, of: array)
    case "Mul": return try affine(node, flow, scale: values, shift: nil, of: array)
    case "Sub" where isFirst: return try affine(node, flow, scale: nil, shift: values.map { -$0 }, of: array)
    case "Sub": return try affine(node, flow, scale: values.map { _ in -1 }, shift: values, of: array)
    case "Div" where isFirst:
      guard !values.contains(0) else { throw node.error("divides by zero") }
      return try affine(node, flow, scale: values.map { 1 / $0 }, shift: nil, of: array)
    case "Max", "Min":
      guard let bound = array.scalar else { throw node.error("bounds each feature differently") }
      use(array, as: "an activation's numbers")
      if node.operation == "Max" && bound == 0 { return activated(node, flow, .relu) }
      let (low, high) =
        node.operation == "Max" ? (bound, Float.greatestFiniteMagnitude) : (-Float.greatestFiniteMagnitude, bound)
      return activated(node, flow, Activation(.clip, alpha: low, beta: high))
    case "Pow" where array.scalar == 2 && isFirst:
      use(array, as: "a square")
      return try joinedBy("multiply", node, [flow, flow])
    default: throw node.error("is not supported with this constant")
    }
  }

  // MARK: of several layers

  private mutating func joinedByArithmetic(_ node: ONNXNode) throws(ImportError) -> Flow {
    let a = try flow(node, 0)
    var b = try flow(node, 1)
    switch node.operation {
    case "Add": return try joinedBy("add", node, [a, b])
    case "Mul":
      if let silu = mergedSilu(node, a, b) ?? mergedSilu(node, b, a) { return silu }
      return try joinedBy("multiply", node, [a, b])
    case "Sub":
      b.isShared = true
      let negative = activated(node, b, Activation(.affine, alpha: -1, beta: 0))
      return try joinedBy("add", node, [a, negative])
    default: throw node.error("of two layers is not supported; Add, Sub, Mul and Concat are")
    }
  }

  /// x · sigmoid(x)
  private mutating func mergedSilu(_ node: ONNXNode, _ x: Flow, _ gate: Flow) -> Flow? {
    guard let layer = draft[gate.layer], layer.kind == "activation", layer["activation"]?.string == "sigmoid",
      layer.from == [x.layer], x.layout == gate.layout, x.steps == gate.steps
    else { return nil }
    return activated(node, x, Activation(.silu))
  }

  mutating func sum(_ node: ONNXNode) throws(ImportError) -> Flow {
    var flows: [Flow] = []
    for place in node.inputs.indices { flows.append(try flow(node, place)) }
    if flows.count == 1 { return flows[0] }
    let sum = try joinedBy("add", node, flows)
    guard node.operation == "Mean" else { return sum }
    return activated(node, sum, Activation(.affine, alpha: 1 / Float(flows.count), beta: 0))
  }

  private mutating func joinedBy(_ kind: String, _ node: ONNXNode, _ given: [Flow]) throws(ImportError) -> Flow {
    var flows = try aligned(node, given)
    // A product with itself, or a sum, is the layer twice.
    if flows.count == 1 { flows = given.map { _ in flows[0] } }
    for flow in flows.dropFirst() {
      guard flow.features == flows[0].features,
        flow.layout.shape.drop(while: { $0 == 1 }) == flows[0].layout.shape.drop(while: { $0 == 1 }),
        Array(flow.layout.axes.drop(while: \.isEmpty)) == Array(flows[0].layout.axes.drop(while: \.isEmpty))
      else {
        throw node.error(
          "joins shapes \(flows.map(\.layout.shape)), which do not lie alike; layers are joined feature by feature")
      }
    }
    let widest = flows.max { $0.layout.rank < $1.layout.rank } ?? flows[0]
    var layer = LayerDraft(
      name: layerName(node, kind: kind), kind: kind, from: flows.map(\.layer), output: flows[0].features)
    layer.set("input", flows[0].features)
    return follow(widest, add(layer), nil, features: flows[0].features, axis: nil)
  }

  /// Flows with the same steps: the last step of a forward layer and step 0 of a backward one are what `final` gives.
  /// One flow is left where all are one.
  mutating func aligned(_ node: ONNXNode, _ given: [Flow]) throws(ImportError) -> [Flow] {
    var flows = given
    guard !flows.dropFirst().allSatisfy({ $0.steps == flows[0].steps && $0.length == flows[0].length }) else {
      return flows
    }
    for place in flows.indices where flows[place].steps != .whole {
      guard let whole = whole(flows[place]) else {
        throw node.error(
          "joins different steps of the window; only the last of a forward layer and the first of a backward one go together"
        )
      }
      flows[place] = whole
    }
    return flows
  }

  /// The final state of a recurrent layer, or the half of one, in place of the step where it lies.
  private mutating func whole(_ flow: Flow) -> Flow? {
    guard case .one(let step) = flow.steps, let layer = draft[flow.layer] else { return nil }
    var result = flow
    result.steps = .whole
    let isLast = step == flow.length - 1
    func direction(_ layer: LayerDraft) -> String { layer["direction"]?.string ?? "forward" }
    if ["lstm", "gru", "rnn"].contains(layer.kind) {
      guard direction(layer) == "forward" && isLast || direction(layer) == "backward" && step == 0 else { return nil }
      result.layer = final(of: layer.name, features: flow.features)
      return result
    }
    guard layer.kind == "select", let below = layer.from.first.flatMap({ draft[$0] }),
      direction(below) == "bidirectional",
      let first = layer["first"]?.integer, Int64(below.output) == 2 * Int64(layer.output),
      first == 0 && isLast || first == Int64(layer.output) && step == 0
    else { return nil }
    var half = layer
    half.from = [final(of: below.name, features: below.output)]
    result.layer = add(half)
    return result
  }
}
