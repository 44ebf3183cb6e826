import RunnelCore
import RunnelPipeline
import RunnelWire

/// What streams a bench makes up, so that a configuration's first input and its pipelines get the lanes that were asked for.
struct LoadShape {
  let streams: Int
  let channels: [Channel]
  let rate: Double
  let lanes: Int
  /// Bytes of state, window and filters of a lane, the mean over the pipelines.
  let carriedBytes: Int
  private let input: InputConfiguration

  /// - Throws: `ServiceError` 64 where the numbers do not fit each other.
  init(
    _ configuration: Configuration, models: [String: Model], settings: LoadSettings
  ) throws(ServiceError) {
    let input = configuration.inputs[0]
    let pipelines = configuration.pipelines.filter { $0.input == input.name }
    guard let first = pipelines.first, let model = models[first.model] else {
      throw ServiceError(
        .configuration, "no pipeline reads input '\(input.name)', the first: name it in a pipeline's from")
    }
    let description = model.description
    let chosen =
      settings.rate ?? input.rate ?? (description.trainedRate > 0 ? description.trainedRate : description.rate)
    rate = chosen > 0 ? chosen : 100
    var names: [(name: String, unit: String?)]
    switch first.lanes {
    case .group(let bindings):
      names = bindings.map { binding in
        (binding.channel, description.inputs.first { $0.name == binding.input }?.unit)
      }
      streams = max(1, settings.channels / max(1, names.count))
    case .everyChannel, .channels:
      streams = max(1, min(settings.streams, settings.channels))
      guard settings.channels % streams == 0 else {
        throw ServiceError(
          .usage, "\(settings.channels) channels cannot be shared evenly by \(streams) streams: give a multiple")
      }
      guard settings.channels / streams <= 4096 else {
        throw ServiceError(
          .usage, "a message has at most 4096 channels: give --streams \((settings.channels + 4095) / 4096) or more")
      }
      names = (0..<settings.channels / streams).map { ("c\($0)", description.inputs[0].unit) }
    }
    channels = names.map { Channel(name: $0.name, unit: $0.unit, scaling: .linear(scale: 0.005, offset: 0)) }
    self.input = input
    let session = Session(
      stream: StreamIdentity(input: input.name, endpoint: "bench", stream: "bench0"), rate: rate, channels: channels,
      level: .sequenced)
    var (lanes, bytes) = (0, 0)
    do throws(Refusal) {
      for pipeline in pipelines {
        guard let model = models[pipeline.model] else { continue }
        let plan = try PipelinePlan(Self.everyChannel(pipeline), input: input, model: model)
        let count = try plan.lanes(on: session).count
        lanes += count
        bytes += count * (try plan.carriedBytes(on: session))
      }
    } catch { throw ServiceError(.configuration, error.sentence) }
    self.lanes = lanes * streams
    carriedBytes = bytes / max(lanes, 1)
  }

  private static func everyChannel(_ pipeline: PipelineConfiguration) -> PipelineConfiguration {
    var pipeline = pipeline
    if case .channels = pipeline.lanes { pipeline.lanes = .everyChannel }
    return pipeline
  }

  /// The configuration with loopback endpoints in place of its own, and the made-up streams as its first input.
  func redirect(_ configuration: inout Configuration) throws(ServiceError) {
    let loopback: EndpointAddress
    do throws(EndpointAddress.Mistake) { loopback = try EndpointAddress("tcp://127.0.0.1:*", for: .bind) } catch {
      preconditionFailure("a good endpoint")
    }
    var input = input
    input.socket.attachment = .bind
    input.socket.endpoints = [loopback]
    input.format = .runnel
    do throws(TopicError) { input.topic = try TopicPattern("s/*/") } catch { preconditionFailure("a good topic") }
    (input.rate, input.channels) = (nil, nil)
    input.maxStreams = max(input.maxStreams, streams)
    configuration.inputs = [input]
    configuration.pipelines = configuration.pipelines.filter { $0.input == input.name }.map(Self.everyChannel)
    configuration.outputs = Array(configuration.outputs.prefix(1))
    configuration.outputs[0].socket.attachment = .bind
    configuration.outputs[0].socket.endpoints = [loopback]
  }
}
