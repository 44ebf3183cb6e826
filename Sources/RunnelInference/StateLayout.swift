import RunnelKernels

/// What a network carries from step to step, in the order of its layers: past frames of what looks back, h and c of
/// each recurrent level, and outputs that wait where branches meet. And which rows of a batch a layer steps: a row
/// whose layer has no output at this frame is not in the lists of the layers behind it.
///
///     frames 0 1 2 3 4 5 6 …   list 0: every row
///     pool (kernel 2)          1   3   5   list 1: rows whose frame is odd, and that have a frame before it
public struct StateLayout: Sendable, Equatable {
  /// Past frames of a convolution or a pool.
  struct Ring: Sendable, Equatable {
    var node: Int
    /// Frames behind the newest, (kernel − 1) · dilation.
    var past: Int
    /// Inputs without an output after a reset.
    var skip: Int
    var stride: Int
    /// Features of a frame.
    var width: Int
    /// What stands for frames before the first: zeros, or for a largest the smallest number there is.
    var filler: Float
    /// Rows that bring a frame, and rows that have an output.
    var list: Int
    var outputList: Int
    /// Where its frames begin in `NetworkState.values`, oldest first.
    var place: Int
    /// Where its count is in `NetworkState.counts`; nil where `skip` is 0.
    var countPlace: Int?
  }

  /// h and c of one level of a recurrent layer.
  struct Cell: Sendable, Equatable {
    var node: Int
    /// Its number in a stack.
    var depth: Int
    /// Features of h.
    var width: Int
    /// Units of c; 0 where there is none.
    var cells: Int
    var list: Int
    /// Where h begins in `NetworkState.values`; c follows it.
    var place: Int
    /// From row to row of h.
    var hStride: Int { KernelSet.padded(width) }
    var cStride: Int { KernelSet.padded(cells) }
  }

  /// Outputs of a branch that wait for those of a later one.
  struct Wait: Sendable, Equatable {
    /// The layer that joins them, and which of those that it reads.
    var node: Int
    var part: Int
    /// The layer that was earlier; `NetworkGraph.frame` the frame.
    var source: Int
    var width: Int
    /// Outputs that can be under way.
    var size: Int
    var list: Int
    /// Where they begin in `NetworkState.values`, oldest first, and their indexes in `counts`, −1 for none.
    var place: Int
    var countPlace: Int
  }

  /// A layer where branches of different rows meet.
  struct Join: Sendable, Equatable {
    var node: Int
    var parts: [Part]
    /// The list of a part that is the last to come.
    var latest: Int
  }

  enum Part: Sendable, Equatable {
    /// Read as it comes, from rows of this list.
    case now(list: Int)
    case waited(Int)
  }

  struct RowList: Sendable, Equatable {
    enum Rule: Sendable, Equatable {
      case every
      /// The rows of a ring's list where it is time for an output.
      case ring(Int)
      case join(Int)
    }

    var rule: Rule
    /// Whether a cell steps these rows.
    var hasCells = false
  }

  /// Of each node.
  let names: [String]
  private(set) var rings: [Ring] = []
  private(set) var cells: [Cell] = []
  private(set) var waits: [Wait] = []
  private(set) var joins: [Join] = []
  private(set) var lists = [RowList(rule: .every)]
  /// Of each node, the list of the rows that have an output of it.
  private(set) var listOfNode: [Int] = []
  /// Of each node, its ring, first cell or join.
  private(set) var entryOfNode: [Int] = []
  /// Floats and counts of a `NetworkState`.
  public private(set) var valueCount = 0
  public private(set) var countCount = 0

  /// Floats that a lane may carry: 64 MiB.
  public static let limit = 1 << 24

  init(_ graph: NetworkGraph) {
    names = graph.nodes.map(\.layer.name)
    for (place, node) in graph.nodes.enumerated() { add(node, at: place, in: graph) }
  }

  private mutating func add(_ node: NetworkGraph.Node, at place: Int, in graph: NetworkGraph) {
    let list = list(of: node.sources[0])
    var (output, entry) = (list, -1)
    switch node.layer.kind {
    case .recurrent(let recurrent):
      entry = cells.count
      add(recurrent, place, list)
    case .add, .multiply, .concat:
      if node.sources.contains(where: { self.list(of: $0) != list }) {
        (output, entry) = (lists.count, joins.count)
        add(joinOf: node, at: place, in: graph)
      }
    default:
      guard node.layer.needsRing, let span = node.layer.span else { break }
      if span.skip > 0 || span.stride > 1 {
        output = lists.count
        lists.append(RowList(rule: .ring(rings.count)))
      }
      entry = rings.count
      add(span, node.layer, place, list, output)
    }
    listOfNode.append(output)
    entryOfNode.append(entry)
  }

  private mutating func add(
    _ span: TimeSpan, _ layer: LayerDescription, _ node: Int, _ list: Int, _ output: Int
  ) {
    var filler: Float = 0
    if case .pool(_, .max) = layer.kind { filler = -.greatestFiniteMagnitude }
    rings.append(
      Ring(
        node: node, past: span.past, skip: span.skip, stride: span.stride, width: layer.input,
        filler: filler, list: list, outputList: output, place: valueCount,
        countPlace: span.skip > 0 ? countCount : nil))
    valueCount += span.past * layer.input
    countCount += span.skip > 0 ? 1 : 0
  }

  private mutating func add(_ recurrent: RecurrentDescription, _ node: Int, _ list: Int) {
    lists[list].hasCells = true
    let units = recurrent.hasCellState ? recurrent.hidden : 0
    for level in 0..<recurrent.depth {
      cells.append(
        Cell(
          node: node, depth: level, width: recurrent.width, cells: units, list: list, place: valueCount))
      valueCount += recurrent.width + units
    }
  }

  private mutating func add(joinOf node: NetworkGraph.Node, at place: Int, in graph: NetworkGraph) {
    var parts: [Part] = []
    var latest = 0
    for (part, source) in node.sources.enumerated() {
      let lead = node.time.first - graph.time(of: source).first
      guard lead > 0 else {
        latest = list(of: source)
        parts.append(.now(list: latest))
        continue
      }
      let wait = Wait(
        node: place, part: part, source: source, width: graph.width(of: source),
        size: Int(lead / node.time.stride) + 1, list: list(of: source), place: valueCount, countPlace: countCount)
      parts.append(.waited(waits.count))
      waits.append(wait)
      valueCount += wait.size * wait.width
      countCount += wait.size
    }
    lists.append(RowList(rule: .join(joins.count)))
    joins.append(Join(node: place, parts: parts, latest: latest))
  }

  /// The list of the rows that have an output of a node, or a frame.
  func list(of node: Int) -> Int { node == NetworkGraph.frame ? 0 : listOfNode[node] }
}

extension NetworkGraph {
  /// When a node has outputs, or the frame comes.
  func time(of place: Int) -> StepTime { place == Self.frame ? StepTime() : nodes[place].time }
}
