import RunnelCore
import RunnelInference
import RunnelKernels

/// Which operator is read where.
extension GraphReader {
  /// What the node makes, an element per output as far as anybody needs them.
  mutating func read(_ node: ONNXNode) throws(ImportError) -> [GraphValue] {
    guard node.domain.isEmpty || node.domain == "ai.onnx" else {
      throw node.error("belongs to the domain \(Quoted.name(node.domain)); only operators of ai.onnx are supported")
    }
    if let refusal = ONNXTraps.refusal(of: node) { throw node.error(refusal) }
    if let folded = try folded(node) { return folded }
    switch node.operation {
    case "LSTM", "GRU", "RNN": return try recurrent(node)
    case "Gemm": return [.flow(try gemm(node))]
    case "MatMul": return [.flow(try matMul(node))]
    case "Conv": return [.flow(try convolution(node))]
    case "MaxPool", "AveragePool": return [.flow(try pool(node))]
    case "GlobalAveragePool", "GlobalMaxPool": return [try globalPool(node)]
    case "ReduceMean", "ReduceMax": return [try reduction(node)]
    case "BatchNormalization": return [.flow(try batchNorm(node))]
    case "LayerNormalization": return [.flow(try layerNorm(node))]
    case "Add", "Sub", "Mul", "Div", "Min", "Max", "Pow", "Sqrt", "Reciprocal": return [try arithmetic(node)]
    case "Neg": return [try negative(node)]
    case "Abs": return [.magnitude(try flow(node), plus: 0)]
    case "Sum", "Mean": return [.flow(try sum(node))]
    case "Concat": return [try concatenation(node)]
    case "Gather": return [try choice(node)]
    case "Slice": return [try slice(node)]
    case "Split": return try split(node)
    case "Pad": return [.flow(try padding(node))]
    case "Squeeze", "Unsqueeze", "Reshape", "Flatten", "Transpose", "Expand", "Tile": return [try moved(node)]
    case "Identity", "Dropout", "Cast", "CastLike": return [try same(node)]
    case "Softmax", "LogSoftmax": return [.flow(try softmax(node))]
    case "ArgMax": return [.decision(try decided(node))]
    case "Greater": return [try condition(node)]
    case "Where": return [.flow(try conditional(node))]
    case "Shape": return [.constant(try shape(node))]
    default: return [.flow(try elementwise(node))]
    }
  }

  /// Where all inputs are constants: what it makes of them.
  private mutating func folded(_ node: ONNXNode) throws(ImportError) -> [GraphValue]? {
    var inputs: [ConstantArray?] = []
    for place in node.inputs.indices {
      switch try value(node, place) {
      case .constant(let array): inputs.append(array)
      case .absent: inputs.append(nil)
      default: return nil
      }
    }
    guard let made = try folding.fold(node, inputs) else { return nil }
    ledger.use(ConstantFolding.settings(node, inputs), as: "shape arithmetic")
    return made.map { .constant($0) }
  }

  /// Constants of the inputs after the first, as axes and sizes; the account calls them shape arithmetic.
  mutating func settings(_ node: ONNXNode) throws(ImportError) -> [ConstantArray?] {
    var all: [ConstantArray?] = [nil]
    for place in node.inputs.indices.dropFirst() {
      let array = try constant(node, place)
      if let array { use(array, as: "shape arithmetic") }
      all.append(array)
    }
    return all
  }

  // MARK: what moves nothing

  /// The shape of what flows, as constants.
  private mutating func shape(_ node: ONNXNode) throws(ImportError) -> ConstantArray {
    var sizes: [Int]
    if case .state(let name) = try value(node, 0) {
      sizes = model.inputs.first { $0.name == name }?.shape?.map { $0 ?? 1 } ?? []
    } else {
      sizes = try flow(node, 0, padded: true).layout.shape
    }
    let list = ConstantArray(integers: sizes)
    var plain = node
    plain.attributes = [:]
    guard node.integer("start") != nil || node.integer("end") != nil else { return list }
    func bound(_ value: Int) -> Int { min(max(value < 0 ? value + sizes.count : value, 0), sizes.count) }
    let start = bound(node.integer("start") ?? 0)
    return ConstantArray(integers: Array(sizes[start..<max(start, bound(node.integer("end") ?? sizes.count))]))
  }

  /// Identity, Dropout as it is after training, Cast between kinds of floats.
  private mutating func same(_ node: ONNXNode) throws(ImportError) -> GraphValue {
    let value = try value(node, 0)
    if node.operation == "Dropout", let training = try constant(node, 2), training.integers?.first == 1 {
      throw node.error("drops values at random (training_mode 1); export the module after module.eval()")
    }
    if node.operation == "Dropout" { _ = try settings(node) }
    guard case .flow(let flow) = value, node.operation == "Cast" else { return value }
    guard let element = ONNXElement(rawValue: node.integer("to") ?? 1) else {
      throw node.error("casts to element type \(node.integer("to") ?? 0)")
    }
    let isOfFrame = flow.layer == LayerDescription.frame || draft[flow.layer]?.isPartOfFrame == true
    guard element.isFloat || isOfFrame else {
      throw node.error("rounds to integers in the middle of the network")
    }
    return value
  }

  private mutating func decided(_ node: ONNXNode) throws(ImportError) -> Flow {
    let flow = try flow(node)
    guard flow.isFeatures(try node.axis(node.integer("axis") ?? 0, rank: flow.layout.rank)) else {
      throw node.error("chooses along another axis than the features")
    }
    return flow
  }

  /// Squeeze, Unsqueeze, Reshape, Flatten and Transpose change where things lie, and nothing else.
  private mutating func moved(_ node: ONNXNode) throws(ImportError) -> GraphValue {
    switch try value(node, 0) {
    case .state(let name):
      _ = try settings(node)
      return .state(name)
    case .statistic(let statistic) where node.operation != "Expand" && node.operation != "Tile":
      return .statistic(statistic)
    default: break
    }
    var flow = try flow(node, 0, padded: true)
    let settings = try settings(node)
    let shape = flow.layout.shape
    if node.operation == "Transpose" {
      flow.layout = flow.layout.transposed(try node.order(rank: shape.count))
      return .flow(flow)
    }
    let given = settings.count > 1 ? settings[1]?.integers : nil
    if node.operation == "Expand" || node.operation == "Tile" {
      let isSame =
        try given.map { (list) throws(ImportError) in
          node.operation == "Tile"
            ? list.allSatisfy { $0 == 1 } : try ConstantArithmetic.shape(node, shape, list) == shape
        } ?? false
      guard isSame else {
        throw node.error(
          "repeats what flows, as for a decoder, which is not read from ONNX; save the module with runnel_export.save")
      }
      return .flow(flow)
    }
    let wanted = try node.newShape(shape, axes: given)
    guard let layout = flow.layout.reshaped(wanted) else {
      throw node.error("makes shape \(wanted) of \(shape): this mixes steps, and no layer does that")
    }
    flow.layout = layout
    return .flow(flow)
  }
}
