import RunnelCore
import RunnelInference

/// What an importer found in a file, before anybody says what the stream is like: the layers, their widths, and what
/// the graph betrays of regime and heads.
struct NetworkFinding {
  var layers: JSONValue
  var tensors: [String: ImportedModel.Tensor]
  /// Features of a frame.
  var inputs: Int
  var heads: [Head]
  /// Which steps the output holds.
  var steps = Flow.Steps.every
  /// Steps of which `steps` chose one.
  var length = 0
  var hasMemory: Bool
  /// It looks at the whole of a window, or runs backwards.
  var needsWindows: Bool
  /// Why it is carried where nobody says so, as a sentence.
  var carriedBecause: String?
  /// The file does not even show whether a window gives one label or one per step.
  var asksPattern = false
  /// Frames of a window, where the file fixes them.
  var fixedLength: Int?
  /// Frames by which padding on the right makes it late.
  var lateness = 0
  var notes: [String] = []
  var ledger = TensorLedger()
  /// Where it comes from.
  var provenance: [JSONValue.Member] = []

  struct Head: Equatable {
    var name: String
    var width: Int
    /// softmax or sigmoid where the file ends in one.
    var activation: String?
  }
}

extension NetworkFinding {
  /// The description, together with what the person says. Everything that is missing is asked for at once.
  ///
  /// - Parameter name: of the model, where the spec has none.
  func described(_ spec: ModelSpec, name: String) throws(ImportError) -> ImportedModel {
    var notes = notes
    var questions: [String] = []
    let regime = try regime(spec, &notes, &questions)
    let window = try window(spec, regime, &questions)
    if asksPattern, regime == "windowed", spec["pattern"] == nil, window?["target"] == nil {
      questions.append(
        "pattern: many-to-one where the label of a window is that of its last step, many-to-many where each step has one"
      )
    }
    let heads = try described(heads: spec, &notes, &questions)
    if spec["rate"] == nil { questions.append("rate: how many frames a second the network takes, in Hz (--rate 360)") }
    guard questions.isEmpty else {
      throw ImportError(
        nil, "the file does not say everything; add to the spec or the command: \(questions.joined(separator: "; "))")
    }
    var members: [JSONValue.Member] = [.init("format", .integer(1)), .init("name", spec["name"] ?? .string(name))]
    func take(_ key: String, otherwise: JSONValue? = nil) {
      if let value = spec[key] ?? otherwise { members.append(.init(key, value)) }
    }
    members.append(.init("regime", .string(regime)))
    members.append(.init("pattern", spec["pattern"] ?? .string(pattern(regime, window))))
    if let window { members.append(.init("window", window)) }
    for key in ["rate", "trained_rate", "hop"] { take(key) }
    if let delay = try delay(spec, regime, &notes) { members.append(.init("delay", delay)) }
    for key in ["warmup", "max_state_age"] { take(key) }
    members.append(.init("inputs", try described(inputs: spec)))
    take("conditioning")
    members.append(.init("layers", layers))
    for key in ["decoder", "event_stage"] { take(key) }
    members.append(.init("heads", heads))
    take("decide", otherwise: .object([.init("emit", .string("every"))]))
    take("provenance", otherwise: .object(provenance))
    return ImportedModel(description: .object(members), tensors: tensors, notes: notes, ledger: ledger)
  }

  // MARK: regime

  private func regime(
    _ spec: ModelSpec, _ notes: inout [String], _ questions: inout [String]
  ) throws(ImportError) -> String {
    if let word = try spec.text("regime") {
      if word == "carried", case .one(let step) = steps, step != length - 1 {
        throw .spec(
          "regime",
          "the network gives the label of step \(step) of \(length), which a carried stream has not: it is windowed")
      }
      return word
    }
    if steps != .every || spec["window"] != nil || spec["decoder"] != nil {
      if steps != .every {
        notes.append(
          "it gives one label for a window, so the regime is windowed (say regime carried where the state is to live on)"
        )
      }
      return "windowed"
    }
    if needsWindows {
      notes.append("it needs whole windows, so the regime is windowed")
      return "windowed"
    }
    if let carriedBecause {
      notes.append(carriedBecause)
      return "carried"
    }
    if !hasMemory { return "carried" }
    questions.append(
      "regime: carried where it was trained with its state living on, windowed (and window) where each window began anew (--regime carried, or --regime windowed --window 250)"
    )
    return "carried"
  }

  private func window(
    _ spec: ModelSpec, _ regime: String, _ questions: inout [String]
  ) throws(ImportError) -> JSONValue? {
    let (given, target) = (try spec.window("length"), try spec.window("target"))
    // The reader of descriptions says why a carried model has none.
    guard regime == "windowed" else { return spec["window"] }
    guard let length = given ?? fixedLength else {
      questions.append("window: how many frames a window has (--window 250)")
      return nil
    }
    var members: [JSONValue.Member] = [.init("length", .integer(Int64(length)))]
    if case .one(let step) = steps, step != self.length - 1 {
      guard target == nil || target == step else {
        throw .spec("window.target", "the graph itself takes step \(step)")
      }
      members.append(.init("target", .integer(Int64(step))))
    } else if let target {
      members.append(.init("target", .integer(Int64(target))))
    }
    return .object(members)
  }

  private func pattern(_ regime: String, _ window: JSONValue?) -> String {
    if regime == "carried" { return hasMemory ? "many-to-many" : "one-to-one" }
    return steps != .every || window?["target"] != nil ? "many-to-one" : "many-to-many"
  }

  /// The person's delay, and that of padding on the right.
  private func delay(
    _ spec: ModelSpec, _ regime: String, _ notes: inout [String]
  ) throws(ImportError) -> JSONValue? {
    guard regime == "carried", lateness > 0 else { return spec["delay"] }
    guard let rate = spec["rate"]?.number, rate > 0 else { return spec["delay"] }
    guard let given = (spec["delay"] ?? .integer(0)).number else { return spec["delay"] }
    notes.append(
      "padding on the right looks \(lateness) frames ahead, so a label comes that much later: added to the delay"
    )
    return .number(given + Double(lateness) / rate)
  }

  // MARK: inputs and heads

  private func described(inputs spec: ModelSpec) throws(ImportError) -> JSONValue {
    guard let given = spec["inputs"] else {
      return .array((0..<inputs).map { .object([.init("name", .string(inputs == 1 ? "input" : "input\($0)"))]) })
    }
    guard let items = given.array else { throw .spec("inputs", "expected a list, found \(given.kind)") }
    guard items.count == inputs else {
      throw .spec(
        "inputs",
        "\(items.count) \(items.count == 1 ? "input is" : "inputs are") named, the network takes \(inputs) features")
    }
    return .array(items.map { item in if case .string = item { .object([.init("name", item)]) } else { item } })
  }

  private func described(
    heads spec: ModelSpec, _ notes: inout [String], _ questions: inout [String]
  ) throws(ImportError) -> JSONValue {
    let activation = try spec.text("activation")
    if let given = spec["heads"] {
      guard let items = given.array else { throw .spec("heads", "expected a list, found \(given.kind)") }
      return .array(
        items.enumerated().map { place, item in
          guard let members = item.members, item["activation"] == nil else { return item }
          let found = heads.indices.contains(place) ? heads[place] : heads[0]
          return .object(members + [.init("activation", .string(activation ?? found.usualActivation))])
        })
    }
    guard let labels = spec["labels"] else {
      let widths = heads.map { heads.count == 1 ? "\($0.width) names" : "\($0.width) for \($0.name)" }.joined(
        separator: ", ")
      let example = (0..<min(heads[0].width, 3)).map { ["a", "b", "c"][$0] }.joined(separator: ",")
      questions.append(
        "labels: \(widths), in the order of the outputs (--labels \(example)\(heads[0].width > 3 ? ",…" : ""))")
      return .array([])
    }
    var named: [(name: String, labels: [String])] = []
    if let members = labels.members {
      for member in members { named.append((member.key, try spec.list("labels.\(member.key)", of: member.value))) }
    } else {
      named = [("label", try spec.list("labels", of: labels))]
    }
    let total = heads.reduce(0) { $0 + $1.width }
    let count = named.reduce(0) { $0 + $1.labels.count }
    guard count == total else { throw .spec("labels", "\(count) labels for the \(total) outputs of the network") }
    var result: [JSONValue] = []
    for (place, each) in named.enumerated() {
      let found =
        named.count == heads.count
        ? heads[place] : Head(name: each.name, width: each.labels.count, activation: heads[0].activation)
      guard found.width == each.labels.count else {
        throw .spec(
          "labels.\(each.name)", "\(each.labels.count) labels for the \(found.width) outputs of '\(found.name)'")
      }
      if activation == nil, found.activation == nil {
        notes.append(
          "the network ends in plain numbers; the head '\(each.name)' is taken as \(found.usualActivation) (say activation: softmax, sigmoid or linear)"
        )
      }
      result.append(
        .object([
          .init("name", .string(each.name)), .init("activation", .string(activation ?? found.usualActivation)),
          .init("labels", .array(each.labels.map { .string($0) })),
        ]))
    }
    return .array(result)
  }
}

extension NetworkFinding.Head {
  /// What the file ends in, else softmax over several classes and nothing for a single number.
  var usualActivation: String { activation ?? (width > 1 ? "softmax" : "linear") }
}
