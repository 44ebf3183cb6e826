import RunnelKernels

/// Floats of one window that a run layer by layer needs, known before anything is allocated.
struct LayerwiseSizes: Sendable {
  let length: Int
  /// Steps that each node may give.
  private(set) var steps: [Int] = []
  private(set) var bufferOfNode: [Int] = []
  private(set) var buffers: [Int] = []
  /// The input of a layer that looks along time, padding included.
  private(set) var around = 0
  private(set) var level = 0
  private(set) var half = 0
  private(set) var state = 0
  private(set) var scratch = 0
  /// The sums of `begun` steps of a cell: not of each window, but of the one that runs alone.
  private(set) var sums = 0

  /// Steps of a cell whose sums are begun together.
  static let begun = 48

  /// 512 MiB: what one window may need.
  static let limit = 1 << 27

  var total: Int { buffers.reduce(0, +) + around + 2 * level + half + 4 * state + scratch }

  init(_ graph: NetworkGraph, _ layers: [PackedLayer], length: Int, isWindowed: Bool) {
    self.length = length
    let last = graph.lastReaders(layers, outliving: [graph.nodes.count - 1])
    var assignment = BufferAssignment()
    for (place, node) in graph.nodes.enumerated() {
      let before = node.sources.map { $0 == NetworkGraph.frame ? length : steps[$0] }.min() ?? 0
      add(node.layer, layers[place], before: before, isWindowed: isWindowed)
      guard graph.root(of: place, layers).node == place else {
        bufferOfNode.append(-1)
        continue
      }
      bufferOfNode.append(assignment.take(steps[place] * KernelSet.padded(node.layer.output)))
      for root in Set(node.sources.map { graph.root(of: $0, layers).node }).sorted()
      where root != NetworkGraph.frame && last[root] == place {
        assignment.release(bufferOfNode[root])
      }
    }
    buffers = assignment.sizes
    // One output that waited comes from a state.
    for wait in StateLayout(graph).waits { around = max(around, wait.width) }
  }

  private mutating func add(_ layer: LayerDescription, _ packed: PackedLayer, before: Int, isWindowed: Bool) {
    switch packed {
    case .span:
      guard let span = layer.span else { preconditionFailure("what looks along time has a span") }
      let right = isWindowed ? span.right : 0
      // In a lane the steps before may have counted already; so any may bring an output.
      steps.append(isWindowed ? span.length(of: before) : before)
      around = max(around, span.roundedToRings(before + right) * layer.input)
    case .recurrent(let levels, _):
      guard case .recurrent(let recurrent) = layer.kind else { preconditionFailure("cells are of their layer") }
      steps.append(before)
      let width = KernelSet.padded(recurrent.width)
      if recurrent.depth > 1 { level = max(level, before * KernelSet.padded(layer.output)) }
      if recurrent.suffixes.count > 1 { half = max(half, before * width) }
      state = max(state, width, KernelSet.padded(recurrent.hidden))
      for cell in levels.joined() {
        scratch = max(scratch, cell.scratchPerRow)
        sums = max(sums, min(before, Self.begun) * cell.sumsPerRow)
      }
    case .globalPool, .final: steps.append(1)
    default: steps.append(before)
    }
  }
}

extension TimeSpan {
  /// Room for so many steps and the past before them, in whole rings of past + 1.
  func roundedToRings(_ steps: Int) -> Int { (past + steps + past) / (past + 1) * (past + 1) }
}
