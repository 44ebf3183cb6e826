import RunnelCore
import RunnelInference
import RunnelPipeline

/// A configuration put to the proof without a socket: its text, the model files it names, and whether models, channels
/// and decisions fit each other. Every mistake is found at once, at its place in the file.
public struct ConfigurationProof: Sendable {
  /// Nil where the text itself is wrong; then nothing else was looked at.
  public let read: ReadConfiguration?
  /// In the order of the file.
  public private(set) var diagnostics: [Diagnostic]

  /// - Throws: `ServiceError` where there is no file to read.
  public init(_ path: String) throws(ServiceError) {
    switch try ConfigurationFile.diagnose(path) {
    case .failure(let errors):
      read = nil
      diagnostics = errors.diagnostics
    case .success(let read):
      self.read = read
      diagnostics = read.warnings
      prove(read)
      diagnostics = diagnostics.enumerated().sorted { ($0.element.place, $0.offset) < ($1.element.place, $1.offset) }
        .map(\.element)
    }
  }

  public var errors: [Diagnostic] { diagnostics.filter { $0.severity == .error } }

  /// What ends the command, or nil.
  public var failure: ServiceError? { errors.isEmpty ? nil : ServiceError(ConfigurationErrors(diagnostics)) }

  /// `1 input, 1 model, 1 pipeline, 1 output`
  public var summary: String {
    guard let configuration = read?.configuration else { return "" }
    let counts = [
      (configuration.inputs.count, "input"), (configuration.models.count, "model"),
      (configuration.pipelines.count, "pipeline"), (configuration.outputs.count, "output"),
    ]
    return counts.map { Phrase.count($0, $1) }.joined(separator: ", ")
  }

  /// `{"ok": true, "inputs": 1, "models": 1, "pipelines": 1, "outputs": 1, "diagnostics": […]}`
  public func json(into json: inout JSONWriter) {
    json.beginObject()
    json.pair("ok", errors.isEmpty)
    if let configuration = read?.configuration {
      json.pair("inputs", configuration.inputs.count)
      json.pair("models", configuration.models.count)
      json.pair("pipelines", configuration.pipelines.count)
      json.pair("outputs", configuration.outputs.count)
    }
    json.list("diagnostics", diagnostics) { $0.write(to: &$1) }
    json.endObject()
  }

  /// The same mistake at its place in the file, where this proof finds it too: what ends a command that was given the
  /// file.
  public static func placed(_ error: ServiceError, in path: String) -> ServiceError {
    guard error.kind == .configuration, !error.isPlaced else { return error }
    return (try? ConfigurationProof(path))?.failure ?? error
  }

  // MARK: what only who opens things can find

  private mutating func prove(_ read: ReadConfiguration) {
    var models: [String: Model] = [:]
    for reference in read.configuration.models {
      do throws(ServiceError) {
        models[reference.name] = try ModelLoader.load(
          reference.path, sha256: reference.sha256, precision: reference.precision)
      } catch {
        // 78 is what the loader says of another file than the one that is pinned.
        let isOther = error.kind == .configuration
        diagnostics.append(
          read.diagnostic(
            isOther ? .contradiction : .value, at: ["models", reference.name, isOther ? "sha256" : "file"],
            message: error.description))
      }
    }
    for pipeline in read.configuration.pipelines {
      guard let model = models[pipeline.model],
        let input = read.configuration.inputs.first(where: { $0.name == pipeline.input })
      else { continue }
      prove(pipeline, input: input, model: model, read)
    }
  }

  private mutating func prove(
    _ pipeline: PipelineConfiguration, input: InputConfiguration, model: Model, _ read: ReadConfiguration
  ) {
    for (key, sentence) in pipeline.contradictions(of: model.description) {
      diagnostics.append(
        read.diagnostic(.contradiction, at: ["pipelines", pipeline.name, key], message: sentence))
    }
    var pipeline = pipeline
    (pipeline.regime, pipeline.window) = (nil, nil)
    do throws(Refusal) {
      try PipelinePlan(pipeline, input: input, model: model).checkLanes(on: input)
    } catch {
      diagnostics.append(
        read.diagnostic(
          .contradiction, at: place(of: error, pipeline, input, model), message: error.sentence))
    }
  }

  /// The key about states and windows without which the plan could be made.
  private func cure(_ pipeline: PipelineConfiguration, _ input: InputConfiguration, _ model: Model) -> String? {
    var without = pipeline
    without.maxStateAge = nil
    if pipeline.maxStateAge != nil, (try? PipelinePlan(without, input: input, model: model)) != nil {
      return "max_state_age"
    }
    without = pipeline
    without.hop = nil
    return pipeline.hop != nil && (try? PipelinePlan(without, input: input, model: model)) != nil ? "hop" : nil
  }

  /// Which value is to blame.
  private func place(
    of refusal: Refusal, _ pipeline: PipelineConfiguration, _ input: InputConfiguration, _ model: Model
  ) -> [String] {
    let own = ["pipelines", pipeline.name]
    if let key = cure(pipeline, input, model) { return own + [key] }
    switch refusal.reason {
    case .rate: return ["streams", input.name, "rate"]
    case .unit: return ["streams", input.name, "channels"]
    case .channelMissing:
      switch pipeline.lanes {
      case .everyChannel: return own + ["model"]
      case .channels: return own + ["channels"]
      case .group: return own + ["group"]
      }
    default: break
    }
    let heads = model.description.heads
    if let head = pipeline.decide.head, !heads.contains(where: { $0.name == head }) { return own + ["decide", "head"] }
    let head = heads.first { $0.name == pipeline.decide.head } ?? heads.first
    if let none = pipeline.decide.none, head?.labels.contains(none) == false { return own + ["decide", "none"] }
    return own + (pipeline.decide == DecisionOverride() ? ["model"] : ["decide"])
  }
}
