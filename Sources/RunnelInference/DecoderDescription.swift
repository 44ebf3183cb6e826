import RunnelCore

/// What makes a sequence of one vector: a second list of layers, run `steps` times (Sutskever et al. 2014; Cho et al.
/// 2014).
public struct DecoderDescription: Sendable, Hashable {
  /// What its first layer takes at each step.
  public enum Input: String, Sendable, CaseIterable {
    /// The encoder's last output, the same at every step.
    case context
    /// What the decoder itself gave at the step before.
    case feedback
    /// Both side by side, the context first.
    case both = "context+feedback"
  }

  /// What of its own output is fed back.
  public enum Feedback: String, Sendable, CaseIterable {
    case scores
    case logits
    /// 1 at the class with the largest score (the first of equals), 0 elsewhere.
    case onehot
    /// The number of that class: one feature, for an embedding.
    case `class`
  }

  public enum State: String, Sendable, CaseIterable {
    case zero
    /// The final h and c of the encoder's recurrent levels, in their order.
    case encoder
  }

  /// S.
  public var steps: Int
  /// The class before which a sequence ends; nil for sequences of `steps`.
  public var stop: Int?
  public var input: Input
  public var feedback: Feedback
  /// What is fed back at the first step.
  public var start: [Float]
  public var state: State
  public var layers: [LayerDescription]
  public var graph: NetworkGraph

  static let keys = ["steps", "stop", "input", "feedback", "start", "state", "layers"]

  /// - Parameters:
  ///   - context: features of the encoder's output.
  ///   - labels: of the head.
  init(
    _ value: JSONValue, path: String, context: Int, labels: [String], encoder: NetworkGraph
  ) throws(ModelDescriptionError) {
    let object = try StrictObject(value, path: path, keys: Self.keys)
    steps = try object.integer("steps", in: 1...4096)
    input = try object.choice("input", Input.self)
    feedback = object.has("feedback") ? try object.choice("feedback", Feedback.self) : .scores
    state = object.has("state") ? try object.choice("state", State.self) : .zero
    stop = nil
    if object.has("stop") {
      let label = try object.name("stop")
      guard let place = labels.firstIndex(of: label) else {
        throw ModelDescriptionError(
          object.at("stop"), "'\(label)' is no label of the head", suggestion: StrictObject.nearest(label, labels))
      }
      stop = place
    }
    let fed = input == .context ? 0 : feedback == .class ? 1 : labels.count
    start = [Float](repeating: 0, count: fed)
    if object.has("start") {
      let items = try object.items("start").map(\.value.number)
      guard items.count == fed, !items.contains(where: { $0 == nil }) else {
        throw ModelDescriptionError(object.at("start"), "expected \(fed) numbers, what is fed back")
      }
      start = items.map { Float($0 ?? 0) }
    }
    let inputs = (input == .feedback ? 0 : context) + fed
    layers = try LayerDescription.list(try object.items("layers"), path: object.at("layers"))
    graph = try NetworkGraph(layers, inputs: inputs, path: object.at("layers"))
    guard graph.isCausal, graph.time == NetworkGraph.StepTime() else {
      throw ModelDescriptionError(
        object.at("layers"),
        "a decoder gives a step for each step it takes: no stride, no padding on the right, nothing backwards")
    }
    guard graph.output.layer.output == labels.count else {
      throw ModelDescriptionError(
        object.at("layers"),
        "the last layer gives \(graph.output.layer.output) for the \(labels.count) labels of the head")
    }
    if state == .encoder { try Self.checkStates(encoder, graph, path: object.at("state")) }
  }

  private static func checkStates(
    _ encoder: NetworkGraph, _ decoder: NetworkGraph, path: String
  ) throws(ModelDescriptionError) {
    func levels(_ graph: NetworkGraph) -> [String] {
      graph.nodes.flatMap { node -> [String] in
        guard case .recurrent(let each) = node.layer.kind else { return [] }
        let state = each.hasCellState ? "h \(each.width) c \(each.hidden)" : "h \(each.width)"
        return Array(repeating: state, count: each.depth * each.suffixes.count)
      }
    }
    let (from, to) = (levels(encoder), levels(decoder))
    guard from == to else {
      throw ModelDescriptionError(
        path,
        "the encoder's recurrent levels (\(from.joined(separator: ", "))) are not those of the decoder (\(to.joined(separator: ", ")))"
      )
    }
  }
}

/// A second network, stepped once per event that the first one's decision emits: its label is the event's.
public struct EventStageDescription: Sendable, Hashable {
  /// What the stage is told of an event.
  public enum Measure: Sendable, Hashable {
    /// The decision's scores, one per label of the deciding head.
    case scores
    /// The output of layer `hiddenOf` at the step of the event.
    case hidden
    /// Seconds since the event before; 0 for the first after a reset.
    case interval
    /// The interval over the median of the last N intervals, itself included; 1 for the first.
    case ratio(Int)
    /// Standard deviation over mean of the last 8 intervals; 0 below two.
    case regularity
  }

  public struct Feature: Sendable, Hashable {
    public var measure: Measure
    /// Of the event that follows; needs `waits`.
    public var isNext: Bool
  }

  public var features: [Feature]
  public var hiddenOf: String?
  /// Whether an event is judged when the next has come.
  public var waits: Bool
  public var layers: [LayerDescription]
  public var graph: NetworkGraph
  public var head: ModelDescription.Head
  /// The label that drops its event.
  public var none: Int?

  /// Intervals a median may look back.
  public static let medianLimit = 1024

  init(
    _ value: JSONValue, path: String, network: NetworkGraph, scores: Int
  ) throws(ModelDescriptionError) {
    let object = try StrictObject(value, path: path, keys: ["features", "hidden", "wait", "layers", "head", "none"])
    waits = object.has("wait") ? try object.integer("wait", in: 0...1) == 1 : false
    hiddenOf = object.has("hidden") ? try object.name("hidden") : nil
    var features: [Feature] = []
    for (value, path) in try object.items("features") { features.append(try Feature(value, path: path, waits: waits)) }
    guard !features.isEmpty else { throw ModelDescriptionError(object.at("features"), "at least one feature") }
    guard Set(features).count == features.count else {
      throw ModelDescriptionError(object.at("features"), "names one twice")
    }
    self.features = features
    let hidden = try Self.hiddenWidth(hiddenOf, features, network, path: object.at("hidden"))
    let inputs = features.reduce(0) { $0 + $1.width(scores: scores, hidden: hidden) }
    layers = try LayerDescription.list(try object.items("layers"), path: object.at("layers"))
    graph = try NetworkGraph(layers, inputs: inputs, path: object.at("layers"))
    guard graph.isCausal, graph.time == NetworkGraph.StepTime() else {
      throw ModelDescriptionError(
        object.at("layers"),
        "the event stage gives a step for each event: no stride, no padding on the right, nothing backwards")
    }
    head = try ModelDescription.Head(try object.value("head"), path: object.at("head"))
    guard graph.output.layer.output == head.labels.count else {
      throw ModelDescriptionError(
        object.at("head"), "\(head.labels.count) labels for the \(graph.output.layer.output) outputs of the last layer")
    }
    none = nil
    if object.has("none") {
      let label = try object.name("none")
      guard let place = head.labels.firstIndex(of: label) else {
        throw ModelDescriptionError(
          object.at("none"), "'\(label)' is no label of the stage", suggestion: StrictObject.nearest(label, head.labels)
        )
      }
      none = place
    }
  }

  private static func hiddenWidth(
    _ name: String?, _ features: [Feature], _ network: NetworkGraph, path: String
  ) throws(ModelDescriptionError) -> Int {
    let isUsed = features.contains { $0.measure == .hidden }
    guard isUsed == (name != nil) else {
      throw ModelDescriptionError(
        path, isUsed ? "name the layer whose output is the feature 'hidden'" : "no feature 'hidden' is asked for")
    }
    guard let name else { return 0 }
    guard let node = network.nodes.first(where: { $0.layer.name == name }) else {
      throw ModelDescriptionError(
        path, "no layer is named '\(name)'", suggestion: StrictObject.nearest(name, network.nodes.map(\.layer.name)))
    }
    guard network.computes(name) else {
      throw ModelDescriptionError(path, "layer '\(name)' shows the frame as it is: name one that computes something")
    }
    guard node.time == network.time else {
      throw ModelDescriptionError(path, "layer '\(name)' does not have a step where the network has one")
    }
    return node.layer.output
  }
}

extension EventStageDescription.Feature {
  init(_ value: JSONValue, path: String, waits: Bool) throws(ModelDescriptionError) {
    guard var text = value.string.map({ Substring($0) }) else {
      throw ModelDescriptionError(path, "expected a feature's name, found \(value.kind)")
    }
    isNext = text.hasPrefix("next:")
    if isNext { text = text.dropFirst(5) }
    switch text {
    case "scores": measure = .scores
    case "hidden" where !isNext: measure = .hidden
    case "interval": measure = .interval
    case "regularity": measure = .regularity
    default:
      guard text.hasPrefix("ratio:"), let count = Int(text.dropFirst(6)),
        (1...EventStageDescription.medianLimit).contains(count)
      else {
        throw ModelDescriptionError(
          path,
          "'\(value.string ?? "")' is no feature; there are scores, hidden, interval, ratio:N (N to \(EventStageDescription.medianLimit)), regularity, and next: of all but hidden"
        )
      }
      measure = .ratio(count)
    }
    guard !isNext || waits else {
      throw ModelDescriptionError(
        path, "'\(value.string ?? "")' is known when the next event has come: it needs \"wait\": 1")
    }
  }

  /// Values that it takes.
  public func width(scores: Int, hidden: Int) -> Int {
    switch measure {
    case .scores: scores
    case .hidden: hidden
    case .interval, .ratio, .regularity: 1
    }
  }
}
