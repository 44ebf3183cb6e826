import RunnelCore
import RunnelKernels

/// A model in the making: description and weights, still without the golden run that a file needs.
///
///     let draft = ModelDraft(description: json, tensors: tensors)
///     let bytes = try draft.finished(frames: draft.noise(), scores: nil, by: "runnel")
///
/// Where the program that trained the network gave outputs they become the golden ones, after this machine has shown
/// that it computes them; where nobody did, this machine's own are written, which prove only that other machines agree
/// with it. Final h and c, which frameworks seldom give, are always this machine's.
public struct ModelDraft: Sendable {
  private let members: [JSONValue.Member]
  private let tensors: [ModelWriter.Tensor]
  public let description: ModelDescription

  /// Frames of a golden run that nobody gave, and windows.
  private static let steps = 256
  private static let windows = 4
  private static let events = 16
  /// Values of it: a window may be long, and the first output of a carried network late.
  private static let noiseLimit = 1 << 22
  static let tolerance = 1e-5

  /// - Parameter description: the JSON of `runnel.model`, with or without golden and digest.
  public init(description: JSONValue, tensors: [ModelWriter.Tensor]) throws(ModelDraftError) {
    members = (description.members ?? []).filter { $0.key != "golden" && $0.key != "digest" }
    self.tensors = tensors
    let golden = Self.golden(by: nil)
    let digest = JSONValue.Member("digest", .string("sha256:" + String(repeating: "0", count: 64)))
    do throws(ModelDescriptionError) {
      self.description = try ModelDescription(.object(members + [golden, digest]))
    } catch { throw .description(error) }
  }

  private static func golden(by: String?) -> JSONValue.Member {
    var golden: [JSONValue.Member] = [.init("tolerance", .object([.init("float32", .number(tolerance))]))]
    if let by { golden.append(.init("by", .string(by))) }
    return .init("golden", .object(golden))
  }

  // MARK: frames

  /// Values of one frame or, windowed, of one window.
  public var valuesPerPiece: Int { (description.window?.length ?? 1) * description.inputs.count }

  /// Seeded input that no framework has seen: (T, D) about ±1, or (W, T, D); class numbers where the network takes
  /// those.
  public func noise() -> [Float] {
    var random = SeededGenerator(seed: 1)
    let late = Int(description.graph.time.first) + 4 * Int(description.graph.time.stride)
    let room = max(1, Self.noiseLimit / valuesPerPiece)
    let pieces = description.window == nil ? max(Self.steps, min(late, room)) : min(Self.windows, room)
    let count = pieces * valuesPerPiece
    let classes = classes
    return (0..<count).map { index in
      if let classes = classes[index % description.inputs.count] { return Float(random.below(classes)) }
      return Float((0..<4).reduce(0.0) { sum, _ in sum + random.uniform() } - 2)
    }
  }

  /// Of each input the smallest table that it indexes, nil where it is a number like others.
  private var classes: [Int?] {
    var classes = [Int?](repeating: nil, count: description.inputs.count)
    for node in description.graph.nodes {
      guard case .embedding(let size) = node.layer.kind else { continue }
      var (source, feature) = (node.sources[0], 0)
      while source != NetworkGraph.frame, case .select(let first) = description.graph.nodes[source].layer.kind {
        feature += first
        source = description.graph.nodes[source].sources[0]
      }
      guard source == NetworkGraph.frame, feature < classes.count else { continue }
      classes[feature] = min(size, classes[feature] ?? size)
    }
    return classes
  }

  // MARK: the golden run

  /// The bytes of the model file.
  ///
  /// - Parameters:
  ///   - frames: whole frames, or whole windows.
  ///   - scores: what another program made of them, before or after the heads' activation, or the logarithm of their
  ///     softmax; nil for this machine's.
  ///   - by: which program.
  public func finished(frames: [Float], scores: [Float]?, by: String) throws(ModelDraftError) -> [UInt8] {
    guard !frames.isEmpty, frames.count % valuesPerPiece == 0 else {
      throw .frames(
        "\(frames.count) values are no whole \(description.window == nil ? "frames" : "windows") of \(valuesPerPiece)")
    }
    let pieces = frames.count / valuesPerPiece
    let shapes = try shapes(pieces)
    let draft = try file(self.bytes(by: by, [("golden.input", frames), ("golden.output", nil)], shapes))
    let (computed, state) = run(draft, frames, logits: false)
    guard computed.allSatisfy(\.isFinite) else {
      throw .frames("the network's outputs are not finite on this input")
    }
    let golden = try scores.map { (given) throws(ModelDraftError) in
      let logits = run(draft, frames, logits: true).scores
      do throws(ModelDraftError) {
        return try agreed(given, scores: computed, logits: logits, shapes["golden.output"] ?? [])
      } catch {
        guard case .differs(let difference, _) = error else { throw error }
        let values: [(String, [Float]?)] = [
          ("golden.input", frames), ("golden.output", scored(Array(given[..<computed.count]))),
        ]
        throw .differs(difference, diagnosis: try diagnosis(self.bytes(by: by, values, shapes)))
      }
    }
    var values: [(String, [Float]?)] = [("golden.input", frames), ("golden.output", golden ?? computed)]
    let states = states(state)
    for (name, part) in states { values.append((name, part)) }
    if let stage = draft.makeEventStage() { values += eventRun(stage) }
    // The other program said nothing of what was carried at the end.
    return bytes(by: golden == nil || states.isEmpty ? by : "\(by); final h and c by runnel", values, shapes)
  }

  private func file(_ bytes: [UInt8]) throws(ModelDraftError) -> ModelFile {
    do throws(ModelFileError) { return try ModelFile(bytes: bytes) } catch { throw .file(error) }
  }

  /// Which known mistake would explain the other program's outputs. Final states are this machine's and prove nothing.
  private func diagnosis(_ bytes: [UInt8]) throws(ModelDraftError) -> String {
    let file = try file(bytes)
    return GoldenDiagnosis(ModelFile(file, golden: Golden(withoutStates: file.golden)), bytes: bytes).sentence
  }

  /// Shapes of the golden tensors.
  private func shapes(_ pieces: Int) throws(ModelDraftError) -> [String: [Int]] {
    var shapes: [String: [Int]] = [:]
    let outputs = description.outputs
    if let window = description.window {
      let isOne = description.pattern == .manyToOne
      shapes["golden.input"] = [pieces, window.length, description.inputs.count]
      shapes["golden.output"] = isOne ? [pieces, outputs] : [pieces, description.scoredSteps, outputs]
    } else {
      let time = description.graph.time
      let since = Int64(pieces) - 1 - time.first
      guard since >= 0 else {
        throw .frames("\(pieces) frames bring no output; the first comes with frame \(time.first)")
      }
      shapes["golden.input"] = [pieces, description.inputs.count]
      shapes["golden.output"] = [Int(since / time.stride) + 1, outputs]
      let layout = StateLayout(description.graph)
      for cell in layout.cells {
        shapes["golden.\(layout.names[cell.node]).h_l\(cell.depth)"] = [cell.width]
        if cell.cells > 0 { shapes["golden.\(layout.names[cell.node]).c_l\(cell.depth)"] = [cell.cells] }
      }
    }
    if let stage = description.eventStage {
      shapes["golden.event.input"] = [Self.events, stage.graph.inputs]
      shapes["golden.event.output"] = [Self.events, stage.head.labels.count]
    }
    return shapes
  }

  /// A file whose golden tensors are zeros but for those given.
  private func bytes(by: String, _ values: [(String, [Float]?)], _ shapes: [String: [Int]]) -> [UInt8] {
    var golden: [ModelWriter.Tensor] = []
    for (name, shape) in shapes {
      let zeros = [Float](repeating: 0, count: shape.reduce(1, *))
      golden.append(.init(name, shape, values.first { $0.0 == name }?.1 ?? zeros))
    }
    return ModelWriter.bytes(description: .object(members + [Self.golden(by: by)]), tensors: tensors + golden)
  }

  private func run(_ file: ModelFile, _ frames: [Float], logits: Bool) -> (scores: [Float], state: NetworkState?) {
    guard description.window == nil else {
      let windows = frames.count / valuesPerPiece
      return (file.makeEvaluator(windows: windows, logits: logits).evaluate(frames), nil)
    }
    let network = file.makeNetwork(logits: logits)
    var bank = StateBank(for: network, capacity: 1)
    let slot = bank.open()
    return (network.run(frames, slot: slot, bank: &bank), bank.snapshot(slot))
  }

  private func states(_ state: NetworkState?) -> [(String, [Float])] {
    guard let state else { return [] }
    let layout = StateLayout(description.graph)
    var parts: [(String, [Float])] = []
    for cell in layout.cells {
      let name = "golden.\(layout.names[cell.node])"
      let middle = cell.place + cell.width
      parts.append(("\(name).h_l\(cell.depth)", Array(state.values[cell.place..<middle])))
      if cell.cells > 0 {
        parts.append(("\(name).c_l\(cell.depth)", Array(state.values[middle..<middle + cell.cells])))
      }
    }
    return parts
  }

  private func eventRun(_ stage: Network) -> [(String, [Float]?)] {
    var random = SeededGenerator(seed: 2)
    let frames = (0..<Self.events * stage.inputs).map { _ in Float(random.uniform()) }
    var bank = StateBank(for: stage, capacity: 1)
    let slot = bank.open()
    return [("golden.event.input", frames), ("golden.event.output", stage.run(frames, slot: slot, bank: &bank))]
  }
}

/// Why no file can be made of a draft.
public enum ModelDraftError: Error, Sendable, Equatable, CustomStringConvertible {
  case description(ModelDescriptionError)
  /// Tensors and description do not fit.
  case file(ModelFileError)
  case frames(String)
  case count(expected: [Int], found: Int)
  /// The other program computes something else.
  case differs(Difference, diagnosis: String = "")

  /// The value that is farthest off.
  public struct Difference: Sendable, Equatable {
    public var row: Int
    public var output: Int
    public var expected: Float
    public var found: Float
  }

  public var description: String {
    switch self {
    case .description(let error): "\(error)"
    case .file(let error): "\(error)"
    case .frames(let problem): "golden input: \(problem)"
    case .count(let expected, let found):
      "golden output: \(found) values, expected shape \(expected)"
    case .differs(let place, let diagnosis):
      "golden output: row \(place.row), output \(place.output) is \(place.expected), this network gives \(place.found): it is not the same network, or the input lies otherwise; \(diagnosis)"
    }
  }
}

extension Golden {
  /// The same run, of which only the scores count.
  fileprivate init(withoutStates golden: Golden) {
    frames = golden.frames
    scores = golden.scores
    states = []
    tolerance = golden.tolerance
    steps = golden.steps
    outputSteps = golden.outputSteps
    events = golden.events
    eventFrames = golden.eventFrames
    eventScores = golden.eventScores
  }
}

extension ModelFile {
  fileprivate init(_ file: ModelFile, golden: Golden) {
    description = file.description
    self.golden = golden
    size = file.size
    parameters = file.parameters
    weights = file.weights
    decoderWeights = file.decoderWeights
    eventWeights = file.eventWeights
  }
}
