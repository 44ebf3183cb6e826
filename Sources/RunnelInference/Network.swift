import RunnelKernels

/// A network ready to run: layers packed for one kernel set, immutable, shared by every lane and thread.
///
///     frames (B, D) → the layers of the graph in their order → logits → heads → scores (B, K)
///
/// What a lane carries lives in a `StateBank`. A row's scores and its new state have the same bits whatever other rows
/// are in its batch, whichever slot it has and whichever kernel set computes them (laws 2 and 7); so have those of a
/// run layer by layer (`whole`, `WindowEvaluator`).
public final class Network: Sendable {
  public let graph: NetworkGraph
  public let kernels: KernelSet
  /// Of the weights of linear and recurrent layers; everything else is f32.
  public let precision: WeightPrecision
  public let layout: StateLayout
  /// What a slot holds when it is opened.
  public let initialState: NetworkState
  let layers: [PackedLayer]
  /// Of each recurrent node, level and direction, h and c before the first step.
  let initialCells: [[[(h: [Float], c: [Float])]]]
  /// How it steps; nil where it needs whole windows.
  let plan: StepPlan?
  /// The same for each step, which would count a reference to it.
  let lentPlan: Unmanaged<StepPlan>?
  /// K, scores of a step.
  public let outputs: Int
  /// The layer that stays readable after a step, for the event stage.
  public let tap: Tap?
  let heads: Heads

  /// A layer whose output stays readable after a step.
  public struct Tap: Sendable, Equatable {
    let node: Int
    public let width: Int
  }

  /// - Parameters:
  ///   - heads: none for the output of the last layer as it is.
  ///   - tap: the name of the layer that stays readable.
  init(
    _ graph: NetworkGraph, weights: [LayerWeights], heads: [ModelDescription.Head], tap: String? = nil,
    precision: WeightPrecision = .float32, kernels: KernelSet
  ) {
    self.graph = graph
    self.kernels = kernels
    self.precision = precision
    let kept = tap.flatMap { name in graph.nodes.firstIndex { $0.layer.name == name } }
    self.tap = kept.map { Tap(node: $0, width: graph.width(of: $0)) }
    layers = PackedLayer.all(graph, weights: weights, kept: kept, precision: precision, kernels: kernels)
    layout = StateLayout(graph)
    initialCells = weights.map { weights in
      guard case .recurrent(let levels) = weights else { return [] }
      return levels.map { $0.map { (h: $0.initialH, c: $0.initialC) } }
    }
    initialState = layout.initialState(initialCells)
    plan = graph.isCausal ? StepPlan(graph, layers, layout: layout, tap: kept) : nil
    lentPlan = plan.map { .passUnretained($0) }
    outputs = graph.output.layer.output
    self.heads = Heads(heads, outputs: outputs, kernels: kernels)
  }

  /// D, features of a frame.
  public var inputs: Int { graph.inputs }
  /// Which frames bring an output, when nothing is lost.
  public var time: NetworkGraph.StepTime { graph.time }
  /// Whether it can run frame by frame.
  public var isSteppable: Bool { plan != nil }
}

extension StateLayout {
  /// Padding before the first frame, nothing that waits, h and c as given (by node, level, direction).
  fileprivate func initialState(_ initial: [[[(h: [Float], c: [Float])]]]) -> NetworkState {
    var state = NetworkState(
      values: [Float](repeating: 0, count: valueCount), counts: [Int64](repeating: -1, count: countCount))
    for ring in rings {
      for k in 0..<ring.past * ring.width { state.values[ring.place + k] = ring.filler }
      if let place = ring.countPlace { state.counts[place] = 0 }
    }
    for cell in cells {
      let (h, c) = initial[cell.node][cell.depth][0]
      state.values.replaceSubrange(cell.place..<cell.place + cell.width, with: h)
      state.values.replaceSubrange(cell.place + cell.width..<cell.place + cell.width + cell.cells, with: c)
    }
    return state
  }
}
