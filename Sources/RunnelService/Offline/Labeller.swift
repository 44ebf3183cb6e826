import RunnelCore
import RunnelPipeline
import RunnelWire

/// The daemon's pipelines, reading from a file: the same lanes, decisions and messages, without sockets or clocks.
///
///     let labeller = try Labeller(model: model, channels: ["MLII"])
///     try labeller.label(try RecordingSource("119.hea"), into: &sink)
///
/// The source is the one that `runnel replay` publishes from. In canonical form the messages are those of the daemon
/// fed by a replay of the same rows, byte for byte (law 4). What the canonical form leaves out is made so that two runs
/// give the same bytes: the epoch is 1, the time is the recording's, and there is no latency.
public struct Labeller: Sendable {
  public internal(set) var plans: [PipelinePlan]
  private let input: String
  /// Hz that the configuration asks for.
  private let rate: Double?
  private let timeSource: LabelMessage.TimeSource?
  /// The input that the pipelines read; nil where there is no configuration.
  let configured: InputConfiguration?
  /// What the input of a recording is called where nothing names it.
  static let anyInput = "file"
  /// What to do where there is no configuration to say it in.
  private let remedies: [RejectReason: String]

  /// One pipeline by the model's own rules.
  ///
  /// - Parameters:
  ///   - channels: names, each a lane; for a model of several inputs `INPUT=CHANNEL` of each. Empty takes every channel,
  ///     or the channels named like the inputs.
  ///   - pipeline: its name in labels; the model's where nil.
  ///   - unit: of channels that declare none.
  public init(
    model: Model, channels: [String] = [], pipeline: String? = nil, unit: String? = nil
  ) throws(ServiceError) {
    do throws(Refusal) {
      plans = [
        try PipelinePlan(
          name: pipeline ?? model.description.name, model: model, binding: try Self.binding(model, channels))
      ]
    } catch { throw ServiceError(.usage, error.sentence) }
    plans[0].units.others = unit
    input = Self.anyInput
    rate = nil
    configured = nil
    timeSource = .sender
    let inputs = model.description.inputs
    let channel = inputs.count > 1 ? inputs.map { "\($0.name)=CHANNEL" }.joined(separator: ",") : "CHANNEL"
    remedies = [
      .channelMissing: "name one of those with --channels \(channel)",
      .unit: "say in which it is, for example --unit \(inputs.lazy.compactMap(\.unit).first ?? "mV")",
    ]
  }

  /// The pipelines of a configuration that read one input; their gap rules, decisions and missing values with them.
  ///
  /// - Parameter pipeline: the only one wanted; nil takes all where they read the same input.
  public init(
    _ configuration: Configuration, models: [String: Model], pipeline name: String? = nil
  ) throws(ServiceError) {
    let names = configuration.pipelines.map(\.name)
    if let name, !names.contains(name) {
      let near = Suggestion.nearest(to: name, among: names).map { "did you mean '\($0)'?" }
      throw ServiceError(
        .usage, "no pipeline is named \(Printable.quoted(name)); \(near ?? "there is \(Phrase.list(names, "and"))")")
    }
    let wanted = try configuration.plans(models: models).filter { name == nil || $0.plan.name == name }
    let inputs = Set(wanted.map(\.input))
    guard inputs.count == 1, let chosen = configuration.inputs.first(where: { inputs.contains($0.name) }) else {
      throw ServiceError(
        .usage,
        "the pipelines read different inputs (\(Phrase.list(inputs.sorted(), "and"))), and a file is one: "
          + "choose with --pipeline \(names.joined(separator: " or "))")
    }
    plans = wanted.map(\.plan)
    input = chosen.name
    configured = chosen
    rate = chosen.rate
    timeSource = chosen.time.wire
    remedies = [:]
  }

  /// A lane that a record would have.
  public struct Lane: Sendable, Hashable {
    public var pipeline: String
    public var channel: String
  }

  /// The same on one channel only: the lead that the model's provenance says it was trained on, where no channels were
  /// asked for and the recording has it. Whoever scores wants one lane, and this is the one that was meant.
  func onTrainedLead(of source: some SampleSource) throws(ServiceError) -> Labeller {
    guard plans.count == 1, plans[0].binding == .each(nil),
      let lead = plans[0].model.description.provenance["lead"]?.string,
      source.description.channels.contains(where: { $0.name == lead })
    else { return self }
    var narrowed = self
    narrowed.plans[0].binding = .each([lead])
    return narrowed
  }

  /// Channels that the lanes need by name, so that a recording of several tracks is read where they are; of lanes on
  /// every channel the lead that the model was trained on.
  public var channelNames: [String] {
    plans.flatMap { plan -> [String] in
      switch plan.binding {
      case .each(let names): names ?? plan.model.description.provenance["lead"]?.string.map { [$0] } ?? []
      case .group(_, let channels): Array(channels.values)
      }
    }
  }

  /// The lanes of a recording.
  ///
  /// - Throws: `ServiceError` (65) with the channels that it has, where one is missing.
  public func lanes(on source: some SampleSource) throws(ServiceError) -> [Lane] {
    let session = try source.session(input: input, rate: rate)
    var lanes: [Lane] = []
    for plan in plans {
      do throws(Refusal) {
        for channel in try plan.lanes(on: session) { lanes.append(Lane(pipeline: plan.name, channel: channel)) }
      } catch { throw refused(error) }
    }
    return lanes
  }

  /// The session that a recording would be.
  func session(_ source: some SampleSource) throws(ServiceError) -> Session {
    try source.session(input: input, rate: rate)
  }

  private func refused(_ refusal: Refusal) -> ServiceError { ServiceError(.data, sentence(refusal)) }

  /// With the remedy that there is here.
  func sentence(_ refusal: Refusal) -> String {
    var refusal = refusal
    if refusal.remedy != nil, let remedy = remedies[refusal.reason] { refusal.remedy = remedy }
    return refusal.sentence
  }

  /// Rows that are read at a time.
  private static let chunkRows = 4096

  /// Labels what the source gives, to its end.
  ///
  /// - Parameters:
  ///   - events: hears what event stages are told.
  ///   - frames: hears what the networks see.
  ///   - progress: hears how many rows are done, after each chunk.
  /// - Returns: what the lanes counted.
  @discardableResult
  public func label<Sink: LabelSink>(
    _ source: some SampleSource, into sink: inout Sink, events: EventObserver? = nil, frames: FrameObserver? = nil,
    progress: (Int64) -> Void = { _ in }
  ) throws(ServiceError) -> LaneCounts {
    // All pipelines or none: the daemon would go on with those that fit.
    _ = try lanes(on: source)
    let shard = Shard(
      claims: plans.map { plan in
        let pipeline = Pipeline(plan: plan, epoch: 1)
        pipeline.frameObserver = frames
        pipeline.eventObserver = events
        return Shard<Sink>.Claim(input: input, pipeline: pipeline)
      }, sink: sink)
    shard.timeSources[input] = timeSource
    let stream = shard.addStream()
    let session = try source.session(input: input, rate: rate)
    if let refusal = shard.start(session, stream: stream) { throw refused(refusal) }
    var counts = LaneCounts()
    var next = source.first
    var done: Int64 = 0
    while true {
      let index = source.nextIndex
      let payload = try source.next(rows: Self.chunkRows)
      if payload.isEmpty { break }
      if index > next { shard.gap(next..<index, stream: stream) }
      next = index
      let chunk = Chunk(
        payload: payload, element: source.element, rows: payload.count / source.bytesPerRow,
        channels: session.channels.count)
      shard.chunk(
        chunk, rows: 0..<chunk.rows, first: next, timestamp: source.time(of: next), stream: stream)
      shard.step()
      counts += shard.takeCounts()
      next += Int64(chunk.rows)
      done += Int64(chunk.rows)
      progress(done)
    }
    shard.end(at: next, stream: stream)
    shard.step()
    sink = shard.sink
    counts += shard.takeCounts()
    return counts
  }

  private static func binding(_ model: Model, _ channels: [String]) throws(Refusal) -> PipelinePlan.Binding {
    let inputs = model.description.inputs.map(\.name)
    let isNamed = channels.contains { $0.contains("=") }
    guard inputs.count > 1 || isNamed else { return .each(channels.isEmpty ? nil : channels) }
    var bound: [String: String] = [:]
    for entry in channels {
      guard let equals = entry.firstIndex(of: "=") else {
        throw Refusal(
          .channelMissing,
          "the model has the inputs \(Phrase.list(inputs, "and")): bind each by name, --channels "
            + inputs.map { "\($0)=CHANNEL" }.joined(separator: ","))
      }
      bound[String(entry[..<equals])] = String(entry[entry.index(after: equals)...])
    }
    if channels.isEmpty { for name in inputs { bound[name] = name } }
    return .group(name: "all", channels: bound)
  }
}
