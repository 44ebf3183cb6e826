import RunnelKernels

/// A network run layer by layer: each over all steps of all windows before the next begins. Another order than stepping,
/// with the same bits; the only one for layers that look at the whole of a window or run backwards.
///
///     frames (B, T, D) → conv (B, T', C) → lstm (B, T', H) → final (B, 1, H) → …
///
/// Windows start from the initial state and end with the padding on the right that their layers ask for. One lane
/// (`carried`) starts from a state, goes on where that stood, and ends with one. Buffers are made once.
final class LayerwiseRun {
  /// What a node gave: (B, steps, width), a step every `stride` floats, windows one after the other.
  struct Track {
    var base: UnsafeMutablePointer<Float>
    var stride: Int
    /// Of each step, the index of this output.
    var indexes: [Int64] = []

    var count: Int { indexes.count }
  }

  struct Facts {
    /// What it reads, of several the first.
    var source: Int
    /// Features that it gives.
    var width: Int
    /// These are nil where it is no such layer.
    var recurrent: RecurrentDescription?
    var span: TimeSpan?
  }

  let network: Network
  /// Windows that may run at once.
  let windows: Int
  /// Whether layers get the padding on the right that they ask for.
  let isWindowed: Bool
  let sizes: LayerwiseSizes
  /// Of each node, what a run asks of it: to ask the graph would count references to names and lists.
  let facts: [Facts]
  /// Of each node; a view has the base of what it shows.
  var tracks: [Track] = []
  /// The state that a lane starts from, and the one it comes to.
  var before: NetworkState
  var after: NetworkState
  /// Whether everything that a window computed is finite.
  let isSound: FixedBuffer<Bool>
  /// Final h and c of each node, level and direction: (B, stride).
  var finals: [[[(h: FixedBuffer<Float>, c: FixedBuffer<Float>)]]] = []

  private let buffers: [FixedBuffer<Float>]
  private(set) var frames: Track
  /// The input of a layer that looks along time, with padding around it.
  let around: FixedBuffer<Float>
  /// Between levels of a stack, and one direction of a level.
  let levels: [FixedBuffer<Float>]
  let half: FixedBuffer<Float>
  /// (2 B, stride): a cell reads one half of the rows and writes the other.
  let h: FixedBuffer<Float>
  let c: FixedBuffer<Float>
  let scratch: FixedBuffer<Float>
  let sums: FixedBuffer<Float>
  /// 0 ..< B and B ..< 2 B; where windows lie; where the newest frame is.
  let firstRows: FixedBuffer<Int32>
  let secondRows: FixedBuffer<Int32>
  let slots: FixedBuffer<Int32>
  let at: FixedBuffer<Int32>
  /// Zeros: each step is of the window that is looked at.
  private let sameWindow: FixedBuffer<Int32>
  /// Of each node with a span, where it has an output: the newest frame of each, counted in steps of its input.
  var newest: [[Int]] = []
  /// Of each join and each of its parts, which of the part's steps meets; −1 − k for waiting output k.
  var meetings: [[[Int]]] = []
  /// Windows are all alike: which steps have outputs is found out once.
  private(set) var isLaidOut = false

  /// - Parameter length: frames of a window, or the most of a lane that are run at once.
  init(_ network: Network, windows: Int, length: Int, isWindowed: Bool) {
    self.network = network
    self.windows = windows
    self.isWindowed = isWindowed
    let sizes = LayerwiseSizes(network.graph, network.layers, length: length, isWindowed: isWindowed)
    self.sizes = sizes
    before = network.initialState
    after = before
    func floats(_ perWindow: Int) -> FixedBuffer<Float> { FixedBuffer(count: perWindow * windows, zero: 0) }
    buffers = sizes.buffers.map(floats)
    around = floats(sizes.around)
    levels = [floats(sizes.level), floats(sizes.level)]
    half = floats(sizes.half)
    (h, c, scratch) = (floats(2 * sizes.state), floats(2 * sizes.state), floats(sizes.scratch))
    sums = FixedBuffer(count: sizes.sums, zero: 0)
    isSound = FixedBuffer(count: windows, zero: true)
    firstRows = FixedBuffer((0..<Int32(windows)).map { $0 })
    secondRows = FixedBuffer((0..<Int32(windows)).map { Int32(windows) + $0 })
    slots = FixedBuffer(count: windows, zero: 0)
    at = FixedBuffer(count: windows, zero: 0)
    sameWindow = FixedBuffer(count: max(length, sizes.steps.max() ?? 0), zero: 0)
    frames = Track(base: around.base, stride: network.inputs)
    facts = network.graph.nodes.map {
      var facts = Facts(source: $0.sources[0], width: $0.layer.output, span: $0.layer.span)
      if case .recurrent(let recurrent) = $0.layer.kind { facts.recurrent = recurrent }
      return facts
    }
    newest = network.layers.map { _ in [] }
    meetings = network.graph.nodes.map { $0.sources.map { _ in [] } }
    for place in network.graph.nodes.indices {
      let (root, first) = network.graph.root(of: place, network.layers)
      tracks.append(
        root == NetworkGraph.frame
          ? frames
          : Track(
            base: buffers[sizes.bufferOfNode[root]].base + first,
            stride: KernelSet.padded(network.graph.width(of: root))))
      guard let recurrent = facts[place].recurrent else {
        finals.append([])
        continue
      }
      let cells = recurrent.hasCellState ? KernelSet.padded(recurrent.hidden) : 0
      finals.append(
        (0..<recurrent.depth).map { _ in
          recurrent.suffixes.map { _ in (h: floats(KernelSet.padded(recurrent.width)), c: floats(cells)) }
        })
    }
  }

  /// What reads of node `place` see.
  func track(_ place: Int) -> Track { place == NetworkGraph.frame ? frames : tracks[place] }
  var output: Track { tracks[tracks.count - 1] }

  /// Runs all layers over frames (B, T, D), the first with index `first`.
  func run(windows count: Int, frames x: UnsafePointer<Float>, steps: Int, first: Int64 = 0) {
    precondition(count <= windows && steps <= sizes.length, "no more than there is room for")
    precondition(!isWindowed || steps == sizes.length, "windows have one length")
    // Nothing is written through it.
    frames.base = UnsafeMutablePointer(mutating: x)
    if !isLaidOut { fill(&frames.indexes, steps, from: first) }
    for window in 0..<count {
      isSound.base[window] = allFinite(x + window * steps * network.inputs, steps * network.inputs)
    }
    if !isWindowed { after.take(before) }
    for place in network.graph.nodes.indices { run(place, count) }
    isLaidOut = isWindowed
  }

  private func run(_ place: Int, _ count: Int) {
    let x = track(facts[place].source)
    switch network.layers[place] {
    case .view(let first):
      if !isLaidOut { take(x.indexes, at: place) }
      let (root, _) = network.graph.root(of: place, network.layers)
      if root == NetworkGraph.frame { tracks[place].base = x.base + first }
    case .pointwise(let layer):
      if !isLaidOut { take(x.indexes, at: place) }
      layer.run(
        rows: count * x.count, width: facts[place].width, x.base, xStride: x.stride, tracks[place].base,
        yStride: tracks[place].stride, kernels: network.kernels)
    case .span(let layer): look(layer, place, x, count)
    case .recurrent(let cells, _): step(cells, place, x, count)
    case .join: join(place, count)
    case .globalPool(let operation): pool(operation, place, x, count)
    case .final: pick(place, x, count)
    }
  }

  /// Marks the windows that gave something that is not finite. x (B, steps, width)
  func check(_ count: Int, _ x: Track, width: Int) {
    for window in 0..<count {
      network.kernels.check(
        rows: x.count, width: width, x.base + window * x.count * x.stride, xStride: x.stride, row: sameWindow.base,
        sound: isSound.base + window)
    }
  }

  /// `count` ascending numbers. Memory stays, as it does below.
  func fill(_ indexes: inout [Int64], _ count: Int, from first: Int64) {
    indexes.removeAll(keepingCapacity: true)
    indexes.append(contentsOf: first..<first + Int64(count))
  }

  /// A node gives an output for each of its source.
  func take(_ indexes: [Int64], at place: Int) {
    tracks[place].indexes.removeAll(keepingCapacity: true)
    tracks[place].indexes.append(contentsOf: indexes)
  }
}
