import RunnelCore
import RunnelInference

/// ONNX files (docs/cells.md §5 to §7) as models of ours.
public enum ONNXImport {
  /// Larger files are no recurrent networks for streams; weights may lie outside.
  public static let sizeLimit = 1 << 29

  /// Whether the bytes begin as an ONNX file does: field 1, the IR version, or field 8, an operator set.
  public static func recognises(_ bytes: [UInt8]) -> Bool {
    guard bytes.count > 4, bytes[0] == 0x08 || bytes[0] == 0x42 || bytes[0] == 0x12 || bytes[0] == 0x3A else {
      return false
    }
    var scanner = ProtobufScanner(bytes, bytes.indices)
    do throws(ImportError) {
      var hasGraph = false
      while let field = try scanner.next() {
        if field.number == 7 { hasGraph = field.type == .length }
        guard field.number <= 26 else { return false }
        try scanner.skip(field)
      }
      return hasGraph
    } catch { return bytes[0] == 0x08 && bytes[1] < 32 && (bytes[2] == 0x12 || bytes[2] == 0x3A) }
  }

  /// - Parameter name: of the model, where the spec has none.
  /// - Throws: `ImportError` with node, operator and reason.
  public static func model(
    _ bytes: [UInt8], spec: ModelSpec, external: any ExternalData, name: String
  ) throws(ImportError) -> ImportedModel {
    guard spec["layers"] == nil else { throw .spec("layers", "an ONNX file says its layers itself; leave them out") }
    var finding = try find(bytes, spec, external)
    try finding.ledger.close(ignoring: try spec.ignored)
    return try finding.described(spec, name: name)
  }

  /// The layers of the graph over windows of any length, or else of that which the person says.
  private static func find(
    _ bytes: [UInt8], _ spec: ModelSpec, _ external: any ExternalData
  ) throws(ImportError) -> NetworkFinding {
    let length = try spec.window("length").flatMap { $0 > 0 ? $0 : nil }
    do throws(ImportError) {
      let finding = try find(bytes, steps: nil, external)
      // Which step was chosen shows only in a window of the right length.
      guard case .one = finding.steps, finding.fixedLength == nil, let length else { return finding }
      return try find(bytes, steps: length, external)
    } catch {
      // Exporters write the length of the example into graphs whose axes they call dynamic.
      guard let length else { throw error }
      var finding = try find(bytes, steps: length, external)
      finding.notes.append("the graph fits windows of \(length) frames only")
      return finding
    }
  }

  /// The layers, by the first supposition about the input that fits the graph.
  static func find(_ bytes: [UInt8], steps: Int?, _ external: any ExternalData) throws(ImportError) -> NetworkFinding {
    guard bytes.count <= sizeLimit else { throw ImportError(nil, "the file has more than \(sizeLimit) bytes") }
    let model = try ONNXModel(bytes)
    try check(model)
    let input = try model.frameInput()
    var best: (error: ImportError, progress: Int)?
    func explains(_ error: ImportError, _ progress: Int) -> Bool {
      guard let best else { return true }
      return error.doubtsAxes == best.error.doubtsAxes ? progress > best.progress : best.error.doubtsAxes
    }
    for supposition in input.suppositions(steps: steps) {
      var reader = try GraphReader(model, supposition, file: bytes, external: external)
      do throws(ImportError) {
        let flows = try reader.read()
        var finding = try reader.finding(flows)
        finding.fixedLength = input.fixesLength(supposition) ? supposition.steps : nil
        if finding.fixedLength == nil, steps == nil, supposition.layout.has(.time) {
          try prove(model, supposition, bytes, external, finding)
        }
        return finding
      } catch {
        if explains(error, reader.progress) { best = (error, reader.progress) }
      }
    }
    guard let best else {
      throw ImportError(
        "input \(Quoted.name(input.name))",
        "has shape \(input.words): expected [batch, steps, features], [steps, batch, features] or [batch, features, steps] with a fixed number of features"
      )
    }
    throw best.error
  }

  /// Reads the graph again with another number of steps: layers that depend on it would fit one length only.
  private static func prove(
    _ model: ONNXModel, _ supposition: GraphReader.Supposition, _ bytes: [UInt8], _ external: any ExternalData,
    _ finding: NetworkFinding
  ) throws(ImportError) {
    var other = supposition
    other.steps = GraphReader.Supposition.secondGuess
    other.layout = Layout(
      supposition.layout.axes.map { axis in
        axis.map { $0.role == .time ? Layout.Factor(role: .time, stride: 1, size: other.steps) : $0 }
      })
    var reader = try GraphReader(model, other, file: bytes, external: external)
    let again = try reader.finding(try reader.read())
    guard again.layers == finding.layers else {
      throw ImportError(nil, "its layers depend on the length of the window; export it with a fixed number of steps")
    }
  }

  private static func check(_ model: ONNXModel) throws(ImportError) {
    guard model.opset > 0 else { throw ImportError(nil, "the ONNX file names no operator set of ai.onnx") }
    guard ONNXModel.opsets.contains(model.opset) else {
      throw ImportError(
        nil,
        "the ONNX file uses operator set \(model.opset); \(ONNXModel.opsets.lowerBound) to \(ONNXModel.opsets.upperBound) are read: export it with opset_version=20"
      )
    }
    guard !model.hasSparse else { throw ImportError(nil, "the ONNX file has sparse tensors; export dense ones") }
    guard !model.outputs.isEmpty else { throw ImportError(nil, "the ONNX graph has no outputs") }
    let given = Set(model.inputs.map(\.name)).union(model.initializers.map(\.name)).subtracting([""])
    for node in model.nodes {
      if let twice = node.outputs.first(where: given.contains) {
        throw node.error("makes \(Quoted.name(twice)), which is an input or a tensor of the graph already")
      }
      try node.checkAttributes()
      if let refusal = ONNXTraps.refusal(of: node) { throw node.error(refusal) }
      if let function = model.function, node.operation == function {
        throw node.error("is a function of the model itself; export it with the functions inlined")
      }
    }
    try ONNXTraps.checkUnrolled(model)
    try model.checkOrder()
  }
}

/// The input of the graph through which frames come.
struct FrameInput {
  var name: String
  var shape: [Int?]

  var words: String { "[" + shape.map { $0.map { String($0) } ?? "?" }.joined(separator: ", ") + "]" }

  /// Whether a supposition's number of steps is the file's own.
  func fixesLength(_ supposition: GraphReader.Supposition) -> Bool {
    supposition.layout.has(.time) && shape.contains(supposition.steps)
  }

  /// Ways in which the axes can be batch, steps and features, the usual first. A dimension without a size is never the
  /// features: weights have sizes.
  func suppositions(steps: Int?) -> [GraphReader.Supposition] {
    let orders: [[Layout.Factor.Role?]]
    switch shape.count {
    case 1: orders = [[.feature], [.time]]
    case 2: orders = [[.time, .feature], [.batch, .feature], [.batch, .time], [.time, .batch]]
    case 3: orders = [[.batch, .time, .feature], [.time, .batch, .feature], [.batch, .feature, .time]]
    case 4:
      orders = [
        [.batch, nil, .time, .feature], [.batch, nil, .feature, .time], [.batch, .time, nil, .feature],
        [.batch, .feature, nil, .time], [.batch, .time, .feature, nil], [.batch, .feature, .time, nil],
      ]
    default: orders = []
    }
    return orders.filter { fits($0) }.map { supposition($0, steps: steps) }
  }

  private func fits(_ order: [Layout.Factor.Role?]) -> Bool {
    for (role, size) in zip(order, shape) {
      switch role {
      case .feature: if size.map({ $0 > LayerDescription.sizeLimit }) ?? true { return false }
      case .time: if let size, size > ModelDescription.windowLimit { return false }
      case .batch: break
      case nil: if size != 1 { return false }
      }
    }
    return true
  }

  private func supposition(_ order: [Layout.Factor.Role?], steps: Int?) -> GraphReader.Supposition {
    func size(_ role: Layout.Factor.Role, otherwise: Int) -> Int {
      order.firstIndex(of: role).map { shape[$0] ?? otherwise } ?? 1
    }
    let steps = size(.time, otherwise: steps ?? GraphReader.Supposition.firstGuess)
    let (features, batch) = (size(.feature, otherwise: 1), size(.batch, otherwise: 1))
    let axes: [Layout.Axis] = order.map { role in
      switch role {
      case .time: Layout.axis(.time, steps)
      case .feature: Layout.axis(.feature, features)
      case .batch: Layout.axis(.batch, batch)
      case nil: []
      }
    }
    return GraphReader.Supposition(layout: Layout(axes), features: features, steps: steps, batch: batch)
  }
}

extension ONNXModel {
  /// The one input that is neither a weight nor a state.
  func frameInput() throws(ImportError) -> FrameInput {
    let weights = Set(initializers.map(\.name))
    let states = stateInputs
    let read = Set(try liveNodes().flatMap(\.inputs))
    let ports = inputs.filter { !weights.contains($0.name) && !states.contains($0.name) && read.contains($0.name) }
    guard let port = ports.first else { throw ImportError(nil, "no input of the ONNX graph reaches its outputs") }
    guard ports.count == 1 else {
      throw ImportError(
        "inputs \(ports.map { Quoted.name($0.name) }.joined(separator: ", "))",
        "are several; a network here takes one frame: join them in the module's forward")
    }
    guard let shape = port.shape else {
      throw ImportError("input \(Quoted.name(port.name))", "has no shape; export it with an example of the right shape")
    }
    return FrameInput(name: port.name, shape: shape)
  }
}
