import RunnelCore
import RunnelPipeline
import RunnelWire

extension Configuration {
  /// The pipelines, each with the input it reads; contradictions between a model and what is asked of it end here.
  func claims(models: [String: Model], epoch: UInt64) throws(ServiceError) -> [Shard<LabelPublisher>.Claim] {
    var claims: [Shard<LabelPublisher>.Claim] = []
    for plan in try plans(models: models) {
      claims.append(
        Shard<LabelPublisher>.Claim(input: plan.input, pipeline: Pipeline(plan: plan.plan, epoch: epoch)))
    }
    return claims
  }

  /// The plan of each pipeline and the name of the input it reads.
  public func plans(models: [String: Model]) throws(ServiceError) -> [(input: String, plan: PipelinePlan)] {
    var plans: [(String, PipelinePlan)] = []
    for pipeline in pipelines {
      guard let model = models[pipeline.model], let input = inputs.first(where: { $0.name == pipeline.input }) else {
        preconditionFailure("a checked configuration names its models and inputs")
      }
      do throws(Refusal) {
        plans.append((pipeline.input, try PipelinePlan(pipeline, input: input, model: model)))
      } catch { throw ServiceError(.configuration, error.sentence) }
    }
    return plans
  }
}

extension PipelinePlan {
  /// What the configuration says of one pipeline, of its input's samples, and of its model.
  init(_ pipeline: PipelineConfiguration, input: InputConfiguration, model: Model) throws(Refusal) {
    if let contradiction = pipeline.contradictions(of: model.description).first {
      throw Refusal(.malformed, contradiction.sentence)
    }
    let binding: Binding =
      switch pipeline.lanes {
      case .everyChannel: .each(nil)
      case .channels(let names): .each(names)
      case .group(let bindings):
        .group(name: "all", channels: Dictionary(bindings.map { ($0.input, $0.channel) }) { first, _ in first })
      }
    try self.init(
      name: pipeline.name, model: model, binding: binding, rule: pipeline.decide.applied(to: model.description.decide),
      gap: GapSettings(pipeline.gap), missing: input.missing, range: input.range, flat: input.flat, hop: pipeline.hop,
      maxStateAge: pipeline.maxStateAge)
  }
}

extension GapSettings {
  init(_ configuration: GapConfiguration) {
    let method: GapRule.Method =
      switch configuration.fill {
      case .none, .hold: .hold
      case .linear: .linear
      case .zero: .zero
      }
    self.init(method: method, fill: configuration.fill.seconds, carry: configuration.carry)
  }
}

extension InputConfiguration {
  /// How this input's streams are admitted.
  var policy: StreamPolicy {
    var policy = StreamPolicy(input: name, rate: rate, channels: channels)
    policy.maxStreams = maxStreams
    policy.takeover = Int64(takeover * 1e9)
    policy.reorder = reorder
    policy.staleAfter = staleAfter.map { Int64($0 * 1e9) }
    policy.holdBytes = socket.queueBytes
    return policy
  }
}

extension InputConfiguration.TimeSource {
  var wire: LabelMessage.TimeSource? {
    switch self {
    case .sender: .sender
    case .index: .index
    case .received: .received
    case .none: nil
    }
  }
}
