import RunnelCore
import RunnelPipeline
import RunnelWire

extension Configuration {
  /// Where the lanes of these pipelines live.
  func host(
    _ plans: [(input: String, plan: PipelinePlan)], epoch: UInt64, publisher: LabelPublisher,
    onlookers: ConditionedPublisher?, clock: Clock, meter: (() -> any StepMeter)?
  ) throws(ServiceError) -> any LaneHost {
    let sources = Dictionary(inputs.map { ($0.name, $0.time.wire) }) { first, _ in first }
    guard shards > 1 else {
      let shard = Shard(claims: Self.claims(plans, epoch, meter?()), sink: publisher)
      shard.timeSources = sources
      if let onlookers { shard.frames = { onlookers.publish($0) } }
      return OwnShard(shard)
    }
    return try ShardGroup(
      shards, claims: { Self.claims(plans, epoch, meter?()) },
      plans: plans.map { .init(input: $0.input, plan: $0.plan) },
      timeSources: sources, publisher: publisher, onlookers: onlookers, clock: clock)
  }

  /// A pipeline of each plan, for one shard.
  private static func claims<Sink: LabelSink>(
    _ plans: [(input: String, plan: PipelinePlan)], _ epoch: UInt64, _ meter: (any StepMeter)?
  ) -> [Shard<Sink>.Claim] {
    plans.map { input, plan in
      let pipeline = Pipeline(plan: plan, epoch: epoch)
      pipeline.meter = meter
      return .init(input: input, pipeline: pipeline)
    }
  }

  /// The plan of each pipeline and the name of the input it reads; contradictions between a model and what is asked of it
  /// end here.
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

  /// What keeps these plans from having lanes is known before the first message where the configuration itself says rate
  /// and channels.
  func checkLanes(of plans: [(input: String, plan: PipelinePlan)]) throws(ServiceError) {
    do throws(Refusal) {
      for input in inputs {
        for (name, plan) in plans where name == input.name { try plan.checkLanes(on: input) }
      }
    } catch { throw ServiceError(.configuration, error.sentence) }
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
    for channel in input.channels ?? [] { units.named[channel.name] = channel.unit }
    attach = pipeline.attach
    try checkAttachment()
    linger = Int64((pipeline.linger * 1e9).rounded())
  }

  /// The lanes on a stream of this input, as far as its configuration says what that is.
  func checkLanes(on input: InputConfiguration) throws(Refusal) {
    guard let rate = input.rate, let channels = input.channels else { return }
    _ = try lanes(
      on: Session(
        stream: StreamIdentity(input: input.name, endpoint: "", stream: input.name), rate: rate, channels: channels,
        level: .sequenced))
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
