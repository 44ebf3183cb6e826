import RunnelCore

/// What regime, pattern, window, decoder and event stage have to do with each other.
extension ModelDescription {
  /// Frames that a window may have.
  public static let windowLimit = 1 << 20

  static func window(
    _ object: StrictObject, _ regime: Regime, _ pattern: Pattern, _ graph: NetworkGraph
  ) throws(ModelDescriptionError) -> Window? {
    guard regime == .windowed else {
      guard !object.has("window") else {
        throw ModelDescriptionError("window", "belongs to the regime windowed; this model is carried")
      }
      return nil
    }
    let each = try StrictObject(try object.value("window"), path: "window", keys: ["length", "target"])
    let length = try each.integer("length", in: 1...windowLimit)
    let steps = graph.length(of: length)
    try graph.checkMeetings(of: length)
    guard steps > 0 else {
      throw ModelDescriptionError("window.length", "\(length) frames are too few for the layers: no step comes out")
    }
    var target = steps - 1
    if each.has("target") {
      guard pattern == .manyToOne else {
        throw ModelDescriptionError("window.target", "belongs to the pattern many-to-one")
      }
      target = try each.integer("target", in: 0...steps - 1)
    }
    return Window(length: length, target: target)
  }

  func checkHeads() throws(ModelDescriptionError) {
    let outputs = decoder.map { $0.graph.output.layer.output } ?? graph.output.layer.output
    let count = heads.reduce(0) { $0 + $1.labels.count }
    guard count == outputs else {
      throw ModelDescriptionError("heads", "\(count) labels for the \(outputs) outputs of the last layer")
    }
    guard decoder == nil || heads.count == 1 else {
      throw ModelDescriptionError("heads", "a decoder has one head, found \(heads.count)")
    }
  }

  func checkRegime() throws(ModelDescriptionError) {
    let patterns: [Pattern] =
      regime == .carried ? [.oneToOne, .manyToMany] : [.manyToOne, .manyToMany, .oneToMany, .encoderDecoder]
    guard patterns.contains(pattern) else {
      let words = patterns.map(\.rawValue).joined(separator: ", ")
      throw ModelDescriptionError("pattern", "a \(regime.rawValue) model is \(words), not \(pattern.rawValue)")
    }
    if regime == .carried { try checkCarried() } else { try checkWindowed() }
    let decodes = pattern == .oneToMany || pattern == .encoderDecoder
    guard decodes == (decoder != nil) else {
      throw ModelDescriptionError(
        "decoder", decodes ? "\(pattern.rawValue) needs one" : "belongs to one-to-many and encoder-decoder")
    }
  }

  private func checkCarried() throws(ModelDescriptionError) {
    if let place = graph.nodes.firstIndex(where: { $0.layer.runsBackwards }) {
      throw ModelDescriptionError(
        "layers[\(place)].direction",
        "layer '\(layers[place].name)' needs the future and cannot run sample by sample: export it with regime windowed, or train it with direction forward"
      )
    }
    if let place = graph.nodes.firstIndex(where: { $0.layer.collapses }) {
      throw ModelDescriptionError(
        "layers[\(place)].kind",
        "layer '\(layers[place].name)' makes one step of a whole window, and a carried stream has none: use regime windowed"
      )
    }
    if case .window = conditioning.normalisation {
      throw ModelDescriptionError(
        "conditioning.normalisation.kind", "'window' needs whole windows; a carried model takes none, fixed or running")
    }
    guard pattern != .oneToOne || !graph.hasMemory else {
      throw ModelDescriptionError("pattern", "one-to-one carries nothing, but a layer has memory: it is many-to-many")
    }
    guard maxStateAge == 0 || (maxStateAge > warmUp && warmUp > 0) else {
      throw ModelDescriptionError(
        "max_state_age", "needs a warm-up above 0, in which the next state gets ready, and shorter than the age")
    }
    if eventStage != nil, decide.emit != .peaks {
      throw ModelDescriptionError(
        "event_stage", "judges the events of decide.emit peaks, found \(decide.emit.rawValue)")
    }
  }

  private func checkWindowed() throws(ModelDescriptionError) {
    guard maxStateAge == 0 else {
      throw ModelDescriptionError(
        "max_state_age", "belongs to the regime carried: a window's state is never older than it")
    }
    guard eventStage == nil else { throw ModelDescriptionError("event_stage", "belongs to the regime carried") }
    guard pattern != .oneToMany || window?.length == 1 else {
      throw ModelDescriptionError("window.length", "one-to-many takes one frame, so 1")
    }
    guard pattern == .manyToOne || decide.emit == .every else {
      throw ModelDescriptionError("decide.emit", "a sequence of labels is published with every window: emit every")
    }
  }
}

extension NetworkGraph {
  /// Steps that come out of a window of so many frames; 1 where they become one.
  public func length(of frames: Int) -> Int {
    let lengths = lengths(of: frames)
    return lengths[lengths.count - 1]
  }

  /// In a window, branches that meet have as many steps, as in PyTorch: to cut one of them could mean either end.
  func checkMeetings(of frames: Int) throws(ModelDescriptionError) {
    let lengths = lengths(of: frames)
    for (place, node) in nodes.enumerated() where node.layer.joins {
      let steps = node.sources.map { $0 == Self.frame ? frames : lengths[$0] }
      guard let other = steps.first(where: { $0 != steps[0] }) else { continue }
      throw ModelDescriptionError(
        "layers[\(place)].from",
        "one of these has \(steps[0]) steps of a window of \(frames) frames, another \(other): pad them alike")
    }
  }

  /// The same of every node.
  func lengths(of frames: Int) -> [Int] {
    var lengths: [Int] = []
    for node in nodes {
      let before = node.sources.map { $0 == Self.frame ? frames : lengths[$0] }.min() ?? 0
      if before == 0 {
        lengths.append(0)
      } else if node.layer.collapses {
        lengths.append(1)
      } else {
        lengths.append(node.layer.span?.length(of: before) ?? before)
      }
    }
    return lengths
  }
}
