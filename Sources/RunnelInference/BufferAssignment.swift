/// Which buffer holds which output while somebody still reads it, so that a chain of layers needs two.
struct BufferAssignment {
  /// Floats that each buffer must have room for.
  private(set) var sizes: [Int] = []
  private var free: [Int] = []

  /// A buffer that nobody uses, with room for so many floats.
  mutating func take(_ size: Int) -> Int {
    let buffer = free.popLast() ?? sizes.count
    if buffer == sizes.count { sizes.append(0) }
    sizes[buffer] = max(sizes[buffer], size)
    return buffer
  }

  mutating func release(_ buffer: Int) { free.append(buffer) }
}

extension NetworkGraph {
  /// The node whose numbers a node shows, and from which feature on: itself, unless it is a view.
  func root(of place: Int, _ layers: [PackedLayer]) -> (node: Int, first: Int) {
    guard place != Self.frame, case .view(let first) = layers[place] else { return (place, 0) }
    let below = root(of: nodes[place].sources[0], layers)
    return (below.node, below.first + first)
  }

  /// Of each node, the last that reads its numbers; `Int.max` for those that must outlive the step.
  func lastReaders(_ layers: [PackedLayer], outliving: [Int]) -> [Int] {
    var last = [Int](repeating: -1, count: nodes.count)
    for (place, node) in nodes.enumerated() {
      if case .view = layers[place] { continue }
      for source in node.sources {
        let root = root(of: source, layers).node
        if root != Self.frame { last[root] = place }
      }
    }
    for place in outliving {
      let root = root(of: place, layers).node
      if root != Self.frame { last[root] = Int.max }
    }
    return last
  }
}
