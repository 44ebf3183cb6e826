import RunnelCore
import RunnelPipeline
import RunnelWire
import RunnelZeroMQ

/// Puts labels on the wire: one socket per output, the last label of each topic again for whoever comes late, and a
/// heartbeat by which a subscriber learns what it lost at the tail.
///
/// A subscriber that stops reading fills its own queue and then loses messages, never delaying anyone: PUB and XPUB
/// drop for it alone, and the seq of labels and heartbeats tells it how many. PUSH gives each message to one reader, and
/// drops where none takes it.
final class LabelPublisher: LabelSink {
  private let clock: Clock
  private var outputs: [Output]
  private var topics: [TopicKey: Int] = [:]
  private var entries: [Entry] = []
  private(set) var latencies = LatencyHistogram()
  /// Labels and events; statuses are none.
  private(set) var labels: Int64 = 0
  private(set) var failures: Int64 = 0
  /// Subscriptions that have come, repeated ones too.
  private(set) var subscriptions = 0

  struct Output {
    let configuration: OutputConfiguration
    let socket: OutputSocket
    var writer: OutputWriter
    var nextHeartbeat: Int64
    /// Topics whose last label a new subscriber has not seen, and when each was last repeated.
    var owed: Set<Int> = []
    var repeatedAt: [Int: Int64] = [:]

    init(_ configuration: OutputConfiguration, socket: OutputSocket, nextHeartbeat: Int64) {
      self.configuration = configuration
      self.socket = socket
      self.nextHeartbeat = nextHeartbeat
      writer = OutputWriter(configuration)
    }

    /// - Parameter arrival: Unix ns when what the message speaks of arrived.
    /// - Returns: whether it went out, or this shape has no such message.
    @discardableResult
    mutating func send(_ message: LabelMessage, topic: [UInt8], arrival: Int64) -> Bool {
      let output = socket
      return writer.write(message, arrival: arrival) { body, third in
        topic.withUnsafeBytes { topic in
          let result =
            if let third { try? output.socket.send(topic, body, third) } else { try? output.socket.send(topic, body) }
          return result == .sent
        }
      } ?? true
    }
  }

  private struct TopicKey: Hashable {
    var stream: String
    var pipeline: String
    var channel: String
  }

  /// One label topic: whose it is, and its newest message.
  private struct Entry {
    var topic: [UInt8]
    var origin: Origin
    var body: [UInt8] = []
    var next: UInt64 = 0
  }

  /// Whose labels a topic has: what heartbeats repeat.
  private struct Origin {
    var input: String?
    var stream: String
    var channel: String
    var pipeline: String
    var model: String?
    var epoch: UInt64?

    init(_ label: LabelMessage) {
      (input, stream, channel) = (label.input, label.stream, label.channel)
      (pipeline, model, epoch) = (label.pipeline, label.model, label.epoch)
    }
  }

  private var encoder = LabelEncoder()
  private var receiver = MultipartReceiver()

  /// Where subscribers find the labels.
  var endpoints: [String] { outputs.map(\.socket.endpoint) }

  init(outputs: [Output], clock: Clock) {
    self.outputs = outputs
    self.clock = clock
  }

  // MARK: labels

  func publish(_ label: LabelMessage, arrived: Int64) {
    var label = label
    if arrived > 0, label.isDecision {
      let latency = max(clock.monotonic() - arrived, 0)
      label.latencyMicroseconds = latency / 1000
      latencies.record(nanoseconds: latency)
    }
    let place = place(of: label)
    entries[place].next = label.sequence + (label.consumesSequence ? 1 : 0)
    if label.isDecision { labels += 1 }
    if label.consumesSequence {
      encoder.encode(label) { entries[place].body.replaceSubrange(0..., with: $0) }
    }
    // When it came by the clock on the wall: as long ago as by the other.
    let arrival = clock.unix() - (arrived > 0 ? max(clock.monotonic() - arrived, 0) : 0)
    for index in outputs.indices where !outputs[index].send(label, topic: entries[place].topic, arrival: arrival) {
      failures += 1
    }
  }

  private func place(of label: LabelMessage) -> Int {
    let key = TopicKey(stream: label.stream, pipeline: label.pipeline, channel: label.channel)
    if let known = topics[key] {
      if entries[known].origin.epoch != label.epoch {
        entries[known].origin = Origin(label)
        entries[known].body.removeAll()
      }
      return known
    }
    let topic = try? Topic.labels(stream: key.stream, pipeline: key.pipeline, channel: key.channel)
    entries.append(Entry(topic: topic?.bytes ?? Array("l/".utf8), origin: Origin(label)))
    topics[key] = entries.count - 1
    return entries.count - 1
  }

  // MARK: subscribers

  /// Has the loop wake when a subscription comes.
  func watch(with poller: inout Poller) {
    for output in outputs where output.configuration.kind == .xpub { _ = poller.add(output.socket.socket) }
  }

  /// Answers new subscribers and sends the heartbeats that are due; returns when there is more to do.
  func serve(now: Int64) throws -> Int64 {
    var next = Int64.max
    for index in outputs.indices {
      if outputs[index].configuration.kind == .xpub { try hear(subscriptionsOf: &outputs[index]) }
      next = min(next, repeatOwed(by: &outputs[index], now: now))
      if now >= outputs[index].nextHeartbeat {
        heartbeat(&outputs[index])
        outputs[index].nextHeartbeat = now + Int64(outputs[index].configuration.heartbeat * 1e9)
      }
      next = min(next, outputs[index].nextHeartbeat)
    }
    return next
  }

  private func hear(subscriptionsOf output: inout Output) throws {
    while case .message(let parts) = try receiver.receive(from: output.socket.socket) {
      guard let subscription = Subscription(parts), subscription.begins else { continue }
      subscriptions += 1
      for (place, entry) in entries.enumerated() where subscription.covers(entry.topic) { output.owed.insert(place) }
    }
  }

  /// Sends the last label of each topic that a new subscriber has not seen, at most once a second each: everybody gets
  /// the repeat, so many who come at once are answered together.
  private func repeatOwed(by output: inout Output, now: Int64) -> Int64 {
    var next = Int64.max
    for place in output.owed {
      let due = (output.repeatedAt[place] ?? .min / 2) + Self.second
      if now >= due {
        output.repeatedAt[place] = now
        output.owed.remove(place)
        if !entries[place].body.isEmpty { repeatLast(entries[place], to: &output) }
      } else {
        next = min(next, due)
      }
    }
    return next
  }

  private static let second: Int64 = 1_000_000_000

  private func repeatLast(_ entry: Entry, to output: inout Output) {
    guard var label = entry.body.withUnsafeBytes({ try? LabelDecoder().decode(json: $0) }) else { return }
    label.isRepeat = true
    output.send(label, topic: entry.topic, arrival: clock.unix())
  }

  private func heartbeat(_ output: inout Output) {
    let now = clock.unix()
    for entry in entries {
      let beat = LabelMessage(
        kind: .heartbeat, input: entry.origin.input, stream: entry.origin.stream, channel: entry.origin.channel,
        pipeline: entry.origin.pipeline, model: entry.origin.model, epoch: entry.origin.epoch, sequence: entry.next)
      output.send(beat, topic: entry.topic, arrival: now)
    }
  }
}
