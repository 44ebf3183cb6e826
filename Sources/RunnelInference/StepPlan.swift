import RunnelKernels

/// How a network steps: its operations in order, from which buffer to which. Made of the graph alone, once.
final class StepPlan: Sendable {
  /// Where an output of a batch lies: (rows of `list`, width) from `offset` on, a row every `stride` floats.
  struct Place: Sendable {
    /// `frames` for the frames.
    var buffer: Int
    var offset = 0
    var stride: Int
    var list: Int

    static let frames = -1
  }

  struct Operation: Sendable {
    var node: Int
    var work = Work.pointwise
    /// Its ring, cell or join in the layout.
    var entry = 0
    var input: Place
    var output: Place
    /// Features in and out.
    var inputs: Int
    var outputs: Int
    /// Where in `parts` stands what a join reads.
    var firstPart = 0
    var partCount = 0
  }

  /// What is done. The layers of the network keep what it points at, so that a step takes no reference.
  enum Work: Sendable {
    case cell(PackedCell)
    case linear(Unmanaged<PackedLinear>)
    case conv(Unmanaged<PackedConv>)
    case pool(LayerDescription.PoolOperation, kernel: Int, dilation: Int)
    case join(Join)
    /// Any other; the node's packed layer is asked.
    case pointwise
  }

  enum Join: Sendable {
    case add
    case multiply
    case concat
  }

  let layout: StateLayout
  let operations: [Operation]
  /// What the joins read, one after the other: an operation owns no memory, so that to copy one costs nothing.
  let parts: [Place]
  /// Floats of a row of each buffer.
  let buffers: [Int]
  /// Of a row, of the cell that needs most.
  let scratch: Int
  let output: Place
  let tap: Place?
  /// Where each waiting output comes from.
  let waits: [Place]

  init(_ graph: NetworkGraph, _ layers: [PackedLayer], layout: StateLayout, tap: Int?) {
    self.layout = layout
    var builder = Builder(graph, layers, layout, outliving: [tap].compactMap { $0 })
    for place in graph.nodes.indices { builder.add(place) }
    operations = builder.operations
    parts = builder.parts
    buffers = builder.assignment.sizes
    scratch = builder.scratch
    output = builder.place(of: graph.nodes.count - 1)
    self.tap = tap.map { builder.place(of: $0) }
    waits = layout.waits.map { builder.place(of: $0.source) }
  }

  private struct Builder {
    let graph: NetworkGraph
    let layers: [PackedLayer]
    let layout: StateLayout
    let lastReaders: [Int]
    var assignment = BufferAssignment()
    var operations: [Operation] = []
    var parts: [Place] = []
    var scratch = 0
    private var bufferOfNode: [Int]

    init(_ graph: NetworkGraph, _ layers: [PackedLayer], _ layout: StateLayout, outliving: [Int]) {
      self.graph = graph
      self.layers = layers
      self.layout = layout
      let kept = outliving + [graph.nodes.count - 1] + layout.waits.map(\.source)
      lastReaders = graph.lastReaders(layers, outliving: kept)
      bufferOfNode = [Int](repeating: 0, count: graph.nodes.count)
    }

    func place(of node: Int) -> Place {
      let (root, first) = graph.root(of: node, layers)
      guard root != NetworkGraph.frame else {
        return Place(buffer: Place.frames, offset: first, stride: graph.inputs, list: 0)
      }
      return Place(
        buffer: bufferOfNode[root], offset: first, stride: KernelSet.padded(graph.width(of: root)),
        list: layout.list(of: node))
    }

    mutating func add(_ place: Int) {
      let node = graph.nodes[place]
      let input = self.place(of: node.sources[0])
      var operation = Operation(
        node: place, entry: layout.entryOfNode[place], input: input, output: input, inputs: node.layer.input,
        outputs: node.layer.output)
      switch layers[place] {
      case .view: return
      case .recurrent(let levels, _): return add(levels, operation)
      case .join:
        (operation.firstPart, operation.partCount) = (parts.count, node.sources.count)
        parts += node.sources.map { self.place(of: $0) }
        operation.work =
          switch node.layer.kind {
          case .add: .join(.add)
          case .multiply: .join(.multiply)
          default: .join(.concat)
          }
      case .pointwise(.linear(let linear)): operation.work = .linear(.passUnretained(linear))
      case .span(.conv(let conv)): operation.work = .conv(.passUnretained(conv))
      case .span(.pool(let pool, let kernel, let dilation)):
        operation.work = .pool(pool, kernel: kernel, dilation: dilation)
      default: break
      }
      operation.output = take(node.layer.output, list: layout.listOfNode[place])
      bufferOfNode[place] = operation.output.buffer
      operations.append(operation)
      releaseSources(of: place)
    }

    private mutating func add(_ levels: [[PackedCell]], _ first: Operation) {
      var operation = first
      for (level, directions) in levels.enumerated() {
        operation.work = .cell(directions[0])
        operation.entry = first.entry + level
        operation.output = take(first.outputs, list: first.input.list)
        scratch = max(scratch, directions[0].scratchPerRow)
        operations.append(operation)
        if level > 0 { assignment.release(operation.input.buffer) }
        operation.input = operation.output
        operation.inputs = first.outputs
      }
      bufferOfNode[first.node] = operation.output.buffer
      releaseSources(of: first.node)
    }

    private mutating func take(_ width: Int, list: Int) -> Place {
      let stride = KernelSet.padded(width)
      return Place(buffer: assignment.take(stride), stride: stride, list: list)
    }

    private mutating func releaseSources(of place: Int) {
      let roots = Set(graph.nodes[place].sources.map { graph.root(of: $0, layers).node })
      for root in roots.sorted() where root != NetworkGraph.frame && lastReaders[root] == place {
        assignment.release(bufferOfNode[root])
      }
    }
  }
}
