import RunnelCore
import RunnelWire

/// A lane as its subscribers know it: its topic, and what its conditioned samples are.
public final class TappedLane: Sendable {
  /// `c/<stream>/<pipeline>/<channel>/`
  public let topic: [UInt8]
  public let stream: String
  public let pipeline: String
  public let channel: String
  /// What the values of a frame are of: channels, or the model's inputs where two of them take one channel.
  public let columns: [String]
  /// Frames a second, and per input row.
  public let rate: Double
  public let ratio: Ratio
  /// That of the lane's labels.
  public let epoch: UInt64
  /// What a subscriber should know of them, and its topic.
  public let description: StreamDescription
  public let descriptionTopic: [UInt8]

  init(_ channel: String, of plan: PipelinePlan, on session: Session, ratio: Ratio, epoch: UInt64) {
    (stream, pipeline, self.channel) = (session.stream.stream, plan.name, channel)
    guard let name = try? Topic.conditioned(stream: stream, pipeline: pipeline, channel: channel) else {
      preconditionFailure("input, description and configuration give only names that a topic can carry")
    }
    topic = name.bytes
    let channels = plan.channels(ofLane: channel, on: session) ?? []
    let inputs = plan.model.description.inputs.map(\.name)
    columns = Set(channels).count == inputs.count ? channels : inputs
    rate = plan.model.description.rate
    (self.ratio, self.epoch) = (ratio, epoch)
    descriptionTopic = [Topic.Kind.description.rawValue] + topic.dropFirst()
    description = StreamDescription(
      stream: name.stream, epoch: epoch, rate: rate, element: .float32,
      channels: zip(columns, Self.units(plan, channels, session)).map { Channel(name: $0, unit: $1) },
      subject: session.subject, synthetic: session.synthetic ? true : nil)
  }

  /// The model's, else the sender's; none of what was normalised.
  private static func units(_ plan: PipelinePlan, _ channels: [String], _ session: Session) -> [String?] {
    let model = plan.model.description
    switch model.conditioning.normalisation {
    case .fixed, .running: return model.inputs.map { _ in nil }
    case .none, .window:
      return model.inputs.indices.map { place in
        model.inputs[place].unit
          ?? (place < channels.count ? session.channels.first { $0.name == channels[place] }?.unit : nil)
      }
    }
  }

  /// The newest input row that a frame used.
  public func index(ofStep step: Int64) -> Int64 { step / ratio.p * ratio.q + step % ratio.p * ratio.q / ratio.p }
}

/// Conditioned samples of a lane on their way to subscribers, as they came of one chunk; borrowed.
public struct ConditionedFrames {
  public var lane: TappedLane
  /// One more for each of these that the lane has made: whoever finds a hole has lost some.
  public var sequence: UInt64
  /// Grid indexes.
  public var steps: Range<Int64>
  /// (T, D)
  public var values: UnsafeBufferPointer<Float>
  /// Unix ns of the input row that the first frame came with.
  public var timestamp: Int64?
  /// They do not continue the ones before.
  public var isJump: Bool
  /// Monotonic ns when the message came that brought them.
  public var arrived: Int64
}

/// Where a lane's conditioned samples leave it while somebody wants them. Nothing is composed while nobody does.
final class LaneTap {
  let lane: TappedLane
  /// Whether somebody wants them.
  var isOpen = false
  private let publish: (ConditionedFrames) -> Void
  private var sequence: UInt64 = 0
  /// The frame that would continue those sent; nil before there are any.
  private var next: Int64?

  init(_ lane: TappedLane, to publish: @escaping (ConditionedFrames) -> Void) {
    (self.lane, self.publish) = (lane, publish)
  }

  func send(
    _ steps: Range<Int64>, _ values: UnsafeBufferPointer<Float>, _ arrived: Int64, _ composer: SharedComposer
  ) {
    guard isOpen, !steps.isEmpty else { return }
    publish(
      ConditionedFrames(
        lane: lane, sequence: sequence, steps: steps, values: values,
        timestamp: composer.composer.anchor?.time(of: lane.index(ofStep: steps.lowerBound)),
        isJump: next.map { $0 != steps.lowerBound } ?? false, arrived: arrived))
    sequence += 1
    next = steps.upperBound
  }

  /// What follows does not continue what was sent, though its indexes may.
  func breakOff() { if next != nil { next = .min } }
}
