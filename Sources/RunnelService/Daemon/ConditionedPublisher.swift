import RunnelCore
import RunnelPipeline
import RunnelWire
import RunnelZeroMQ

/// Puts conditioned samples on the wire for those who look on: what the networks see, of the lanes that somebody
/// subscribes to and of no others.
///
/// A subscriber that stops reading loses messages, never delaying anyone: the seq and the indexes of what follows tell it
/// what, and at the tail the heartbeats do.
final class ConditionedPublisher {
  private var outputs: [Output]
  private let clock: Clock
  private var encoder = FrameEncoder()
  private var json = FrameLineEncoder()
  private var receiver = MultipartReceiver()
  private var hasNews = false
  /// Runs of frames that were written for somebody.
  private(set) var composed: Int64 = 0

  private struct Output {
    let configuration: OutputConfiguration
    let socket: OutputSocket
    var interest = TopicInterest()
    var heartbeats: HeartbeatRound
    var descriptions: HeartbeatRound
    /// What was sent of each lane last.
    var lanes: [[UInt8]: (lane: TappedLane, fields: FrameEncoder.Fields)] = [:]
    var topics: [[UInt8]] = []
  }

  /// Nil where there are no outputs.
  init?(_ outputs: [(OutputConfiguration, OutputSocket)], clock: Clock) {
    guard !outputs.isEmpty else { return nil }
    let now = clock.monotonic()
    self.clock = clock
    self.outputs = outputs.map { configuration, socket in
      Output(
        configuration: configuration, socket: socket,
        heartbeats: HeartbeatRound(every: configuration.heartbeat, from: now),
        descriptions: HeartbeatRound(every: Self.describeEvery, from: now))
    }
  }

  /// Seconds between two descriptions of a lane (docs/wire-format.md §6).
  private static let describeEvery: Double = 2

  /// Has the loop wake when a subscription comes.
  func watch(with poller: inout Poller) { for output in outputs { _ = poller.add(output.socket.socket) } }

  /// In what somebody is interested, where that has changed since the last call.
  func takeInterest() -> TopicInterest? {
    guard hasNews else { return nil }
    hasNews = false
    return interest
  }

  var interest: TopicInterest { outputs.reduce(into: TopicInterest()) { $0.formUnion($1.interest) } }

  /// Hears who subscribes and sends the heartbeats that are due; returns when there is more to do.
  func serve(now: Int64) throws -> Int64 {
    var next = Int64.max
    for index in outputs.indices {
      try outputs[index].socket.hear(with: &receiver) { subscription in
        if subscription.begins {
          outputs[index].interest.begin(subscription.prefix)
          outputs[index].descriptions = HeartbeatRound(every: Self.describeEvery, from: now)
        } else {
          outputs[index].interest.end(subscription.prefix)
        }
        hasNews = true
      }
      if outputs[index].configuration.format == .runnel, !outputs[index].topics.isEmpty {
        next = min(next, heartbeat(&outputs[index], now: now), describe(&outputs[index], now: now))
      }
    }
    return next
  }

  func publish(_ frames: ConditionedFrames) {
    for index in outputs.indices where outputs[index].interest.covers(frames.lane.topic) {
      composed += 1
      switch outputs[index].configuration.format {
      case .runnel: send(frames, to: &outputs[index])
      case .plotjuggler: sendLines(frames, to: outputs[index])
      case .binary: preconditionFailure("a checked configuration has no such output")
      }
    }
  }

  private func send(_ frames: ConditionedFrames, to output: inout Output) {
    let lane = frames.lane
    var fields = FrameEncoder.Fields(
      epoch: lane.epoch, sequence: frames.sequence, first: frames.steps.lowerBound, timestamp: frames.timestamp,
      discontinuity: frames.isJump, rate: lane.rate, columns: lane.columns.count, rows: frames.steps.count)
    let socket = output.socket
    if output.lanes[lane.topic]?.lane !== lane { describe(lane, to: socket) }
    encoder.encode(fields) { header in
      lane.topic.withUnsafeBytes { topic in
        _ = try? socket.socket.send(topic, header, UnsafeRawBufferPointer(frames.values))
      }
    }
    (fields.sequence, fields.first, fields.rows) = (frames.sequence + 1, frames.steps.upperBound, 0)
    (fields.timestamp, fields.discontinuity) = (nil, false)
    if output.lanes.updateValue((lane, fields), forKey: lane.topic) == nil { output.topics.append(lane.topic) }
  }

  private func sendLines(_ frames: ConditionedFrames, to output: Output) {
    // When they came by the clock on the wall: the newest with the message, those before it so much earlier.
    let arrival = frames.timestamp == nil ? clock.unix() - max(clock.monotonic() - frames.arrived, 0) : 0
    for place in frames.steps.indices {
      json.encode(frames, frame: Int(place - frames.steps.lowerBound), arrival: arrival) { line, time in
        frames.lane.topic.withUnsafeBytes { _ = try? output.socket.socket.send($0, line, time) }
      }
    }
  }

  private func heartbeat(_ output: inout Output, now: Int64) -> Int64 {
    for place in output.heartbeats.take(now: now, topics: output.topics.count) {
      let topic = output.topics[place]
      guard output.interest.covers(topic), let fields = output.lanes[topic]?.fields else { continue }
      let socket = output.socket
      encoder.encodeHeartbeat(fields) { header, payload in
        topic.withUnsafeBytes { _ = try? socket.socket.send($0, header, payload) }
      }
    }
    return output.heartbeats.next
  }

  private func describe(_ output: inout Output, now: Int64) -> Int64 {
    for place in output.descriptions.take(now: now, topics: output.topics.count) {
      let topic = output.topics[place]
      guard output.interest.covers(topic), let lane = output.lanes[topic]?.lane else { continue }
      describe(lane, to: output.socket)
    }
    return output.descriptions.next
  }

  private func describe(_ lane: TappedLane, to socket: OutputSocket) {
    var json = JSONWriter()
    lane.description.write(to: &json)
    lane.descriptionTopic.withUnsafeBytes { topic in
      json.withBytes { _ = try? socket.socket.send(topic, $0) }
    }
  }
}
