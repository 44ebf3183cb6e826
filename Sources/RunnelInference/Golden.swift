import RunnelCore
import RunnelKernels

/// A run of the network by the framework that trained it: frames, the scores that came, and what was carried at the end.
/// Every machine repeats it before it runs the model.
///
/// Carried: frames (T, D), outputs (T', K), final h and c. Windowed: windows (W, T, D), outputs (W, K) or (W, S, K).
/// With an event stage also events (E, De) and its outputs (E, Ke).
public struct Golden: Sendable {
  public internal(set) var frames: [Float]
  let scores: [Float]
  let states: [State]
  /// Of max(1e-3, largest |golden|).
  public internal(set) var tolerance: Double
  /// T frames of a carried model, W windows of a windowed one.
  public let steps: Int
  /// Scores in all: T', or W · S.
  let outputSteps: Int
  /// E; 0 where there is no event stage.
  public let events: Int
  let eventFrames: [Float]
  let eventScores: [Float]

  /// A final h or c.
  struct State: Sendable {
    var name: String
    var isCell: Bool
    /// Where it begins in `NetworkState.values`.
    var place: Int
    var values: [Float]
  }

  init(_ description: ModelDescription, _ tensors: inout TensorReader) throws(ModelFileError) {
    let shape = try tensors.shape("golden.input")
    // At least one, so that an empty tensor is of another shape.
    steps = max(1, shape.first ?? 0)
    let inputs = description.inputs.count
    if let window = description.window {
      frames = try tensors.take("golden.input", shape: [steps, window.length, inputs])
      let each = description.scoredSteps
      outputSteps = steps * each
      let isOne = description.pattern == .manyToOne
      scores = try tensors.take(
        "golden.output", shape: isOne ? [steps, description.outputs] : [steps, each, description.outputs])
      states = []
    } else {
      frames = try tensors.take("golden.input", shape: [steps, inputs])
      let time = description.graph.time
      let since = Int64(steps) - 1 - time.first
      guard since >= 0 else {
        throw .value(
          tensor: "golden.input", index: 0,
          problem: "\(steps) frames bring no output; the first comes with frame \(time.first)")
      }
      outputSteps = Int(since / time.stride) + 1
      scores = try tensors.take("golden.output", shape: [outputSteps, description.outputs])
      states = try Self.states(description, &tensors)
    }
    tolerance = description.tolerance
    guard let stage = description.eventStage else {
      (events, eventFrames, eventScores) = (0, [], [])
      return
    }
    events = max(1, try tensors.shape("golden.event.input").first ?? 0)
    eventFrames = try tensors.take("golden.event.input", shape: [events, stage.graph.inputs])
    eventScores = try tensors.take("golden.event.output", shape: [events, stage.head.labels.count])
  }

  /// The same, judged by another tolerance; nil is any.
  func allowing(_ tolerance: Double?) -> Golden {
    var golden = self
    golden.tolerance = tolerance ?? .infinity
    return golden
  }

  private static func states(
    _ description: ModelDescription, _ tensors: inout TensorReader
  ) throws(ModelFileError) -> [State] {
    let layout = StateLayout(description.graph)
    var states: [State] = []
    for cell in layout.cells {
      let name = "golden.\(layout.names[cell.node])"
      let h = "\(name).h_l\(cell.depth)"
      let values = try tensors.take(h, shape: [cell.width])
      states.append(State(name: h, isCell: false, place: cell.place, values: values))
      guard cell.cells > 0 else { continue }
      let c = "\(name).c_l\(cell.depth)"
      let units = try tensors.take(c, shape: [cell.cells])
      states.append(State(name: c, isCell: true, place: cell.place + cell.width, values: units))
    }
    return states
  }
}

extension ModelDescription {
  /// Steps of a window that have scores.
  public var scoredSteps: Int {
    guard let window else { return 1 }
    return decoder?.steps ?? (pattern == .manyToMany ? graph.length(of: window.length) : 1)
  }
}
