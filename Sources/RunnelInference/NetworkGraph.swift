/// The layers of a network with what each reads and when each has an output: a directed graph without cycles, in the
/// order in which it runs.
///
///     input ─▶ conv (stride 2) ─▶ lstm ─▶ add ─▶ head
///                     └───────────────────▲
///
/// A layer with a stride or a pool gives fewer steps than it takes. Output m of a layer comes with frame
/// `time.first + m · time.stride`, counted on the grid of the session, so that its place never depends on where a lane
/// joined.
public struct NetworkGraph: Sendable, Hashable {
  public struct Node: Sendable, Hashable {
    public var layer: LayerDescription
    /// Places in `nodes` of what it reads; `NetworkGraph.frame` is the frame itself.
    public var sources: [Int]
    public var time: StepTime
    /// Frames of padding on the right behind which an output comes: in a window output m speaks of the frame so many
    /// before `time.frame(ofOutput: m)`, as PyTorch aligns it. A carried model has them in its delay.
    public var ahead: Int64
    /// One step per window, from here on.
    public var isCollapsed: Bool
  }

  /// Which frames bring an output: output m comes with frame first + m · stride.
  public struct StepTime: Sendable, Hashable {
    public var first: Int64 = 0
    public var stride: Int64 = 1

    public init(first: Int64 = 0, stride: Int64 = 1) {
      self.first = first
      self.stride = stride
    }

    /// The output that comes with this frame of the session's grid; nil where none does.
    @inlinable
    public func output(atFrame frame: Int64) -> Int64? {
      let since = frame - first
      guard since >= 0 else { return nil }
      if stride == 1 { return since }  // divisions cost more than the rest
      return since % stride == 0 ? since / stride : nil
    }

    public func frame(ofOutput output: Int64) -> Int64 { first + output * stride }
  }

  public static let frame = -1

  /// D, features of a frame.
  public let inputs: Int
  /// In the order in which they run; the last is the output.
  public let nodes: [Node]

  public var output: Node { nodes[nodes.count - 1] }
  /// When the network has an output.
  public var time: StepTime { output.time }

  /// Whether it runs frame by frame: nothing looks at the whole of a window or runs backwards.
  public var isCausal: Bool { nodes.allSatisfy { !$0.isCollapsed && !$0.layer.runsBackwards } }
  /// Whether anything is carried from step to step.
  public var hasMemory: Bool { nodes.contains { $0.layer.hasMemory } }

  /// - Parameter path: where the layers stand in the description, for errors.
  public init(
    _ layers: [LayerDescription], inputs: Int, path: String = "layers"
  ) throws(ModelDescriptionError) {
    self.inputs = inputs
    var nodes: [Node] = []
    for (place, layer) in layers.enumerated() {
      nodes.append(try Node(layer, after: nodes, inputs: inputs, path: "\(path)[\(place)]"))
    }
    self.nodes = nodes
    try checkAllUsed(path)
  }

  /// Features that node `place` gives.
  public func width(of place: Int) -> Int { place == Self.frame ? inputs : nodes[place].layer.output }

  /// Whether what a layer gives is more than features of the frame.
  func computes(_ name: String) -> Bool {
    var place = nodes.firstIndex { $0.layer.name == name } ?? Self.frame
    while place != Self.frame {
      switch nodes[place].layer.kind {
      case .select: place = nodes[place].sources[0]
      case .pool where !nodes[place].layer.needsRing: place = nodes[place].sources[0]
      default: return true
      }
    }
    return false
  }

  private func checkAllUsed(_ path: String) throws(ModelDescriptionError) {
    var used = Set([nodes.count - 1])
    for node in nodes { used.formUnion(node.sources) }
    guard let idle = nodes.indices.first(where: { !used.contains($0) }) else { return }
    throw ModelDescriptionError(
      "\(path)[\(idle)]", "nothing reads layer '\(nodes[idle].layer.name)': take it out, or name it in a 'from'")
  }
}

extension NetworkGraph.Node {
  init(
    _ layer: LayerDescription, after nodes: [NetworkGraph.Node], inputs: Int, path: String
  ) throws(ModelDescriptionError) {
    guard layer.name != LayerDescription.frame, layer.name != "golden", !layer.name.hasPrefix("golden.") else {
      throw ModelDescriptionError(
        "\(path).name",
        "'\(layer.name)' is kept for \(layer.name == LayerDescription.frame ? "the frame" : "the golden tensors")")
    }
    guard !nodes.contains(where: { $0.layer.name == layer.name }) else {
      throw ModelDescriptionError("\(path).name", "'\(layer.name)' names two layers")
    }
    var sources: [Int] = []
    for name in layer.from {
      if name == LayerDescription.frame {
        sources.append(NetworkGraph.frame)
      } else if let place = nodes.firstIndex(where: { $0.layer.name == name }) {
        sources.append(place)
      } else {
        throw ModelDescriptionError(
          "\(path).from", "no layer before this one is named '\(name)'",
          suggestion: StrictObject.nearest(name, nodes.map(\.layer.name)))
      }
    }
    self.layer = layer
    self.sources = sources
    let times = sources.map { $0 == NetworkGraph.frame ? NetworkGraph.StepTime() : nodes[$0].time }
    let ahead = sources.map { $0 == NetworkGraph.frame ? 0 : nodes[$0].ahead }.max() ?? 0
    self.ahead = layer.collapses ? 0 : ahead + Int64(layer.span?.right ?? 0) * times[0].stride
    let collapsed = sources.map { $0 == NetworkGraph.frame ? false : nodes[$0].isCollapsed }
    // One step of a whole window has no time in it, so branches of any stride may meet behind it.
    time = layer.collapses ? NetworkGraph.StepTime() : try Self.time(layer, times, path)
    guard Set(collapsed).count == 1 else {
      throw ModelDescriptionError("\(path).from", "one of these has a step for the whole window, another many")
    }
    isCollapsed = collapsed[0] || layer.collapses
    guard !collapsed[0] || !layer.looksAlongTime else {
      throw ModelDescriptionError(
        "\(path).kind", "layer '\(layer.name)' comes after the steps of the window became one")
    }
    try Self.checkWidths(layer, sources.map { $0 == NetworkGraph.frame ? inputs : nodes[$0].layer.output }, path)
    if case .final = layer.kind {
      guard sources[0] != NetworkGraph.frame, case .recurrent = nodes[sources[0]].layer.kind else {
        throw ModelDescriptionError("\(path).from", "'final' reads a recurrent layer")
      }
    }
  }

  private static func time(
    _ layer: LayerDescription, _ sources: [NetworkGraph.StepTime], _ path: String
  ) throws(ModelDescriptionError) -> NetworkGraph.StepTime {
    guard sources.count == 1 || layer.joins else {
      throw ModelDescriptionError("\(path).from", "layer '\(layer.name)' reads one layer, found \(sources.count)")
    }
    guard !layer.joins || sources.count > 1 else {
      throw ModelDescriptionError("\(path).from", "layer '\(layer.name)' joins two layers or more")
    }
    var time = sources[0]
    for other in sources.dropFirst() {
      guard other.stride == time.stride else {
        throw ModelDescriptionError(
          "\(path).from", "one of these has a step every \(time.stride) frames, another every \(other.stride)")
      }
      time.first = max(time.first, other.first)
    }
    guard let span = layer.span else { return time }
    time.first += time.stride * Int64(span.skip)
    time.stride *= Int64(span.stride)
    guard time.stride <= LayerDescription.pastLimit, time.first <= 1 << 30 else {
      throw ModelDescriptionError(
        "\(path).stride", "a step every \(time.stride) frames is too rare; at most \(LayerDescription.pastLimit)")
    }
    return time
  }

  private static func checkWidths(
    _ layer: LayerDescription, _ widths: [Int], _ path: String
  ) throws(ModelDescriptionError) {
    switch layer.kind {
    case .concat:
      guard widths.reduce(0, +) == layer.output else {
        throw ModelDescriptionError(
          "\(path).output", "is \(layer.output), but what it joins has \(widths.reduce(0, +)) features")
      }
    case .select(let first):
      try checkInput(layer, widths, path)
      guard first + layer.output <= layer.input else {
        throw ModelDescriptionError("\(path).output", "features \(first) ..< \(first + layer.output) of \(layer.input)")
      }
    default: try checkInput(layer, widths, path)
    }
  }

  private static func checkInput(
    _ layer: LayerDescription, _ widths: [Int], _ path: String
  ) throws(ModelDescriptionError) {
    for (name, width) in zip(layer.from, widths) where width != layer.input {
      let source = name == LayerDescription.frame ? "the inputs are" : "layer '\(name)' before it gives"
      throw ModelDescriptionError("\(path).input", "is \(layer.input), but \(source) \(width)")
    }
  }
}

extension LayerDescription {
  /// How it looks along time, where it does.
  public var span: TimeSpan? {
    switch kind {
    case .conv1d(let span, _, _, _), .pool(let span, _): span
    default: nil
    }
  }

  /// Whether it reads several layers.
  public var joins: Bool {
    switch kind {
    case .add, .multiply, .concat: true
    default: false
    }
  }

  public var runsBackwards: Bool {
    if case .recurrent(let recurrent) = kind { recurrent.direction != .forward } else { false }
  }

  public var hasMemory: Bool {
    switch kind {
    case .recurrent: true
    default: (span?.past ?? 0) > 0
    }
  }

  /// Whether it needs steps in time: not after a collapse.
  var looksAlongTime: Bool {
    switch kind {
    case .recurrent, .conv1d, .pool, .globalPool, .final: true
    default: false
    }
  }
}
