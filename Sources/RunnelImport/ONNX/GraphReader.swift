import RunnelCore
import RunnelInference
import RunnelKernels

/// Finds the layers in an ONNX graph (docs/cells.md §6): not by running it, but by following one stream of frames
/// through its nodes. Constants and shape arithmetic are folded, layouts are tracked axis by axis, and each operator
/// that means a layer becomes one. What fits no layer is refused by node, operator and reason.
///
///     Transpose → LSTM → Squeeze → Transpose → Gather → Gemm → Softmax
///                 lstm                 the last step   linear   the head
///
/// A reading supposes how the graph's input lies (`Supposition`) and how many steps there are; `ONNXImport` tries the
/// suppositions that the file allows.
struct GraphReader {
  let model: ONNXModel
  let supposition: Supposition
  var folding: ConstantFolding
  var values: [String: GraphValue] = [:]
  var draft = NetworkDraft()
  var ledger = TensorLedger()
  var notes: [String] = []
  /// Layers that take the logarithm of a softmax: only at the end.
  var logarithms: Set<String> = []
  /// Graph inputs and layers through which a state comes in from outside.
  var statesFromOutside: Set<String> = []
  /// Nodes read so far: a supposition that got further explains better what is wrong.
  private(set) var progress = 0
  private let file: [UInt8]
  private let external: any ExternalData
  /// How often each value is read.
  private var readers: [String: Int] = [:]
  private let initializers: [String: Int]
  let stateInputs: Set<String>

  /// Many of them become one layer with their neighbours; a model file has at most 64.
  private static let layerLimit = 1024

  /// How the graph's input is taken.
  struct Supposition: Equatable {
    var layout: Layout
    var features: Int
    var steps: Int
    var batch: Int
  }

  init(
    _ model: ONNXModel, _ supposition: Supposition, file: [UInt8], external: any ExternalData
  ) throws(ImportError) {
    self.model = model
    self.supposition = supposition
    self.file = file
    self.external = external
    folding = ConstantFolding(file, external)
    var places: [String: Int] = [:]
    for tensor in model.initializers {
      let place = ledger.add(tensor.name, tensor.shape)
      guard places.updateValue(place, forKey: tensor.name) == nil else {
        throw ImportError(tensor.place, "two tensors have this name")
      }
    }
    initializers = places
    stateInputs = model.stateInputs
  }

  /// Follows the graph from its input to its outputs.
  mutating func read() throws(ImportError) -> [(name: String, flow: Flow)] {
    let live = try model.liveNodes()
    for node in live { for name in node.inputs { readers[name, default: 0] += 1 } }
    for output in model.outputs { readers[output.name, default: 0] += 1 }
    for port in model.inputs where initializers[port.name] == nil {
      let isState = stateInputs.contains(port.name)
      values[port.name] = isState ? .state(port.name) : .flow(frame)
    }
    for node in live {
      let made = try read(node)
      for (name, value) in zip(node.outputs, made) where !name.isEmpty {
        guard values.updateValue(value, forKey: name) == nil else {
          throw node.error("makes \(Quoted.name(name)) a second time")
        }
      }
      progress += 1
      guard draft.layers.count <= Self.layerLimit else {
        throw node.error("is one of more than \(Self.layerLimit) layers; no network for streams has so many")
      }
    }
    var flows: [(name: String, flow: Flow)] = []
    for output in model.outputs {
      switch values[output.name] {
      case .flow(let flow): flows.append((output.name, flow))
      case .decision(let flow):
        flows.append((output.name, flow))
        notes.append("the graph's ArgMax is left out: runnel decides from the scores")
      case .state, nil, .absent:
        notes.append("output \(Quoted.name(output.name)) is state, which runnel carries itself")
      case .constant: throw ImportError("output \(Quoted.name(output.name))", "is a constant: it depends on no frame")
      case .condition: throw ImportError("output \(Quoted.name(output.name))", "is a condition")
      case .statistic: throw ImportError("output \(Quoted.name(output.name))", "is a mean or variance of the features")
      case .magnitude: throw ImportError("output \(Quoted.name(output.name))", "is a magnitude")
      }
    }
    return flows
  }

  private var frame: Flow {
    Flow(
      layer: LayerDescription.frame, layout: supposition.layout, features: supposition.features,
      length: supposition.steps)
  }

  // MARK: values

  /// What input `place` of the node is.
  mutating func value(_ node: ONNXNode, _ place: Int) throws(ImportError) -> GraphValue {
    guard let name = node.input(place) else { return .absent }
    if let value = values[name] {
      guard case .flow(var flow) = value, readers[name, default: 0] > 1 else { return value }
      flow.isShared = true
      return .flow(flow)
    }
    guard let initializer = initializers[name] else {
      throw node.unmade(name)
    }
    var array = try ConstantArray(model.initializers[initializer], file, external)
    array.origins = [initializer]
    folding.credit(array.count)
    values[name] = .constant(array)
    return .constant(array)
  }

  /// Input `place` as what flows through the graph.
  mutating func flow(_ node: ONNXNode, _ place: Int = 0, padded: Bool = false) throws(ImportError) -> Flow {
    switch try value(node, place) {
    case .flow(let flow):
      guard padded || flow.padding == nil else {
        throw node.error("comes after a Pad; padding is supported before Conv and pools only")
      }
      return flow
    case .constant: throw node.error("input \(place) is a constant where the frames are expected")
    case .state(let name): throw node.error("works on the state \(Quoted.name(name)), which runnel carries itself")
    case .condition: throw node.error("chooses values by a condition in a way that is no activation known here")
    case .decision: throw node.error("works on the class that ArgMax chose; end the graph before")
    case .statistic: throw node.error("works on a mean or variance in a form that is no LayerNorm")
    case .magnitude: throw node.error("works on a magnitude in a form that is no softsign, x / (1 + |x|)")
    case .absent: throw node.error("input \(place) is missing")
    }
  }

  /// Input `place` as a constant, nil where it is absent.
  mutating func constant(_ node: ONNXNode, _ place: Int) throws(ImportError) -> ConstantArray? {
    switch try value(node, place) {
    case .constant(let array): return array
    case .absent: return nil
    default:
      throw node.error("input \(place) is not constant: weights that are computed from the frames are not supported")
    }
  }

  func isUsed(_ node: ONNXNode, output place: Int) -> Bool {
    node.outputs.indices.contains(place) && readers[node.outputs[place], default: 0] > 0
  }

  // MARK: layers

  /// Adds a layer; what flows from it is nobody else's yet.
  mutating func add(_ layer: LayerDraft) -> String { draft.add(layer) }

  /// Notes what a tensor of the file became.
  mutating func use(_ array: ConstantArray, as purpose: String) { ledger.use(array.origins, as: purpose) }

  /// A name for the node's layer: that of its weight in PyTorch's way, else its place in the module, else its kind.
  func layerName(_ node: ONNXNode, weight: Int? = nil, kind: String) -> String {
    if let weight, let name = node.input(weight), name.hasSuffix(".weight"), name.count > 7 {
      return String(name.dropLast(7))
    }
    let path = node.name.split(separator: "/").dropLast()
    guard let last = path.last else { return kind }
    return node.name.hasPrefix("/") ? path.joined(separator: ".") : String(last)
  }
}

/// What a name of the graph stands for.
enum GraphValue {
  case constant(ConstantArray)
  case flow(Flow)
  /// A mean or variance over the features of a step, on its way to a layer norm.
  case statistic(Statistic)
  /// |x| + plus, on its way to a softsign.
  case magnitude(Flow, plus: Float)
  /// A state of a recurrent layer that comes from outside, or goes there.
  case state(String)
  /// The class with the largest score.
  case decision(Flow)
  /// Whether each value is above a bound.
  case condition(Flow, above: Float)
  case absent
}

extension ONNXModel {
  /// The nodes that the outputs need, in the file's order.
  func liveNodes() throws(ImportError) -> [ONNXNode] {
    var needed = Set(outputs.map(\.name))
    var live: [ONNXNode] = []
    var made: Set<String> = []
    for node in nodes.reversed() where node.outputs.contains(where: { !$0.isEmpty && needed.contains($0) }) {
      live.append(node)
      needed.formUnion(node.inputs)
      made.formUnion(node.outputs)
    }
    let given = Set(inputs.map(\.name)).union(initializers.map(\.name))
    for output in outputs where !made.contains(output.name) && !given.contains(output.name) {
      throw ImportError("output \(Quoted.name(output.name))", "is made by no node")
    }
    return live.reversed()
  }

  /// Whether what these nodes read stands before them in the file.
  func checkOrder() throws(ImportError) {
    var made = Set(inputs.map(\.name)).union(initializers.map(\.name)).union([""])
    for node in try liveNodes() {
      if let name = node.inputs.first(where: { !made.contains($0) }) { throw node.unmade(name) }
      made.formUnion(node.outputs)
    }
  }

  /// Graph inputs that only become the initial state of a recurrent layer.
  var stateInputs: Set<String> {
    var makers: [String: ONNXNode] = [:]
    for node in nodes { for name in node.outputs { makers[name] = node } }
    let moving: Set<String> = [
      "Slice", "Squeeze", "Unsqueeze", "Transpose", "Reshape", "Identity", "Gather", "Split", "Cast", "Expand",
    ]
    let ports = Set(inputs.map(\.name)).subtracting(initializers.map(\.name))
    var states: Set<String> = []
    for node in nodes where ["LSTM", "GRU", "RNN"].contains(node.operation) {
      for place in 5...6 {
        guard var name = node.input(place) else { continue }
        var steps = 0
        while let maker = makers[name], moving.contains(maker.operation), let first = maker.input(0), steps < 64 {
          name = first
          steps += 1
        }
        if ports.contains(name), name != node.input(0) { states.insert(name) }
      }
    }
    return states
  }
}

extension ONNXNode {
  fileprivate func unmade(_ name: String) -> ImportError {
    error("reads \(Quoted.name(name)), which nothing before it makes: a tensor is missing, or the graph has a cycle")
  }
}
