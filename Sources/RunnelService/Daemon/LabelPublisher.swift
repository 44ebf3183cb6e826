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
  private let needsArrival: Bool
  private var origins: [Origin] = []
  private var originNumbers: [OriginKey: Int] = [:]
  private var newestOrigin = 0
  private var entries: [Entry] = []
  private(set) var latencies = LatencyHistogram()
  /// Labels and events; statuses are none.
  private(set) var labels: Int64 = 0
  /// Subscriptions that have come, repeated ones too.
  private(set) var subscriptions = 0

  struct Output {
    let configuration: OutputConfiguration
    let socket: OutputSocket
    var writer: OutputWriter
    var heartbeats: HeartbeatRound
    /// Topics whose last label a new subscriber has not seen, and when each was last repeated.
    var owed: Set<Int> = []
    var repeatedAt: [Int: Int64] = [:]
    /// Messages that nobody took.
    var dropped: Int64 = 0

    init(_ configuration: OutputConfiguration, socket: OutputSocket, nextHeartbeat: Int64) {
      self.configuration = configuration
      self.socket = socket
      heartbeats = HeartbeatRound(every: configuration.heartbeat, from: nextHeartbeat)
      writer = OutputWriter(configuration)
    }

    /// - Parameters:
    ///   - json: the message as `LabelEncoder` writes it.
    ///   - latency: in it, in µs.
    ///   - arrival: Unix ns when what the message speaks of arrived.
    /// - Returns: whether it went out, or this shape has no such message.
    @discardableResult
    mutating func send(
      _ message: LabelMessage, _ json: UnsafeRawBufferPointer, latency: Int64? = nil, topic: [UInt8], arrival: Int64
    ) -> Bool {
      let output = socket
      return writer.write(message, json: json, latency: latency, arrival: arrival) { body, third in
        topic.withUnsafeBytes { topic in
          (try? output.socket.send(topic, body, third)) == .sent
        }
      } ?? true
    }
  }

  private struct OriginKey: Hashable {
    var stream: String
    var pipeline: String

    static func == (a: OriginKey, b: OriginKey) -> Bool {
      a.stream.hasBytes(of: b.stream) && a.pipeline.hasBytes(of: b.pipeline)
    }
  }

  /// Whose labels some topics have, one for each of its lanes: what their heartbeats repeat.
  private struct Origin {
    var input: String?
    var stream: String
    var pipeline: String
    var model: String?
    /// The topic of each channel.
    var places: [String: Int] = [:]

    init(_ label: LabelMessage) {
      (input, stream, pipeline, model) = (label.input, label.stream, label.pipeline, label.model)
    }

    func isOrigin(of label: LabelMessage) -> Bool {
      stream.hasBytes(of: label.stream) && pipeline.hasBytes(of: label.pipeline)
    }
  }

  /// One label topic, and its newest message.
  private struct Entry {
    var topic: [UInt8]
    var origin: Int
    var channel: String
    var epoch: UInt64?
    /// What every label of this epoch says of where it comes from, as JSON.
    var members: [UInt8]
    var body: [UInt8] = []
    var attachment: LabelAttachment?
    var next: UInt64 = 0
    /// What the newest decision said, and where.
    var label: String?
    var at: Int64?
  }

  private var encoder = LabelEncoder()
  private var receiver = MultipartReceiver()

  init(outputs: [Output], clock: Clock) {
    self.outputs = outputs
    self.clock = clock
    needsArrival = outputs.contains { $0.writer.needsArrival }
  }

  // MARK: labels

  func publish(_ label: LabelMessage, arrived: Int64) {
    let latency = arrived > 0 ? max(clock.monotonic() - arrived, 0) : 0
    let isTimed = arrived > 0 && label.isDecision
    if isTimed { latencies.record(nanoseconds: latency) }
    let place = place(of: label)
    entries[place].next = label.sequence + (label.consumesSequence ? 1 : 0)
    if label.isDecision {
      labels += 1
      (entries[place].label, entries[place].at) = (label.label, label.at)
    }
    // When it came by the clock on the wall: as long ago as by the other. Mostly nobody asks.
    let arrival = needsArrival && label.timestamp == nil ? clock.unix() - latency : 0
    let microseconds = isTimed ? latency / 1000 : nil
    encoder.encode(label, origin: entries[place].members, latency: microseconds) { json in
      if label.consumesSequence {
        entries[place].body.replaceSubrange(0..., with: json)
        entries[place].attachment = label.attachment
      }
      let topic = entries[place].topic
      for index in outputs.indices {
        let isOut = outputs[index].send(label, json, latency: microseconds, topic: topic, arrival: arrival)
        if !isOut { outputs[index].dropped += 1 }
      }
    }
  }

  private func place(of label: LabelMessage) -> Int {
    let origin = originNumber(of: label)
    if let known = origins[origin].places[label.channel] {
      if entries[known].epoch != label.epoch {
        (origins[origin].input, origins[origin].model) = (label.input, label.model)
        entries[known].epoch = label.epoch
        entries[known].members = encoder.origin(of: label)
        entries[known].body.removeAll()
      }
      return known
    }
    guard let topic = try? Topic.labels(stream: label.stream, pipeline: label.pipeline, channel: label.channel) else {
      preconditionFailure("input, description and configuration give only names that a topic can carry")
    }
    entries.append(
      Entry(
        topic: topic.bytes, origin: origin, channel: label.channel, epoch: label.epoch,
        members: encoder.origin(of: label)))
    origins[origin].places[label.channel] = entries.count - 1
    return entries.count - 1
  }

  /// Labels of one stream mostly come one after the other.
  private func originNumber(of label: LabelMessage) -> Int {
    if newestOrigin < origins.count, origins[newestOrigin].isOrigin(of: label) { return newestOrigin }
    let key = OriginKey(stream: label.stream, pipeline: label.pipeline)
    newestOrigin = originNumbers[key] ?? origins.count
    if newestOrigin == origins.count {
      origins.append(Origin(label))
      originNumbers[key] = newestOrigin
    }
    return newestOrigin
  }

  /// Every lane that has spoken: its name, as in its topic, the seq that comes next and the newest label.
  var lanes: some Sequence<(name: String, next: UInt64, label: String?, at: Int64?)> {
    entries.lazy.map { entry in
      (String(decoding: entry.topic.dropFirst(2).dropLast(), as: UTF8.self), entry.next, entry.label, entry.at)
    }
  }
  var laneCount: Int { entries.count }
  /// Messages that nobody took, by the output's name.
  var dropped: [String: Int64] {
    Dictionary(outputs.map { ($0.configuration.name, $0.dropped) }, uniquingKeysWith: +)
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
      next = min(next, heartbeat(&outputs[index], now: now))
    }
    return next
  }

  private func hear(subscriptionsOf output: inout Output) throws {
    let limit = min(OutputSocket.mostSubscriptions, max(1, Self.comparisons / max(1, entries.count)))
    try output.socket.hear(atMost: limit, with: &receiver) { subscription in
      guard subscription.begins else { return }
      subscriptions += 1
      for (place, entry) in entries.enumerated() where subscription.covers(entry.topic) { output.owed.insert(place) }
    }
  }

  /// Topics compared with subscriptions at once: half a millisecond's work, a few where all topics begin alike. With fewer a
  /// flood would pile up inside libzmq.
  private static let comparisons = 1 << 17
  /// Labels repeated at once.
  private static let mostRepeats = 64

  /// Sends the last label of each topic that a new subscriber has not seen, at most once a second each: everybody gets
  /// the repeat, so many who come at once are answered together.
  private func repeatOwed(by output: inout Output, now: Int64) -> Int64 {
    var next = Int64.max
    var repeats = 0
    for place in output.owed {
      let due = (output.repeatedAt[place] ?? .min / 2) + Self.second
      guard now >= due else {
        next = min(next, due)
        continue
      }
      guard repeats < Self.mostRepeats else { return now }
      repeats += 1
      output.repeatedAt[place] = now
      output.owed.remove(place)
      if !entries[place].body.isEmpty { repeatLast(entries[place], to: &output) }
    }
    return next
  }

  private static let second: Int64 = 1_000_000_000

  private func repeatLast(_ entry: Entry, to output: inout Output) {
    guard var label = entry.body.withUnsafeBytes({ try? LabelDecoder().decode(json: $0) }) else { return }
    label.isRepeat = true
    label.attachment = entry.attachment
    _ = encoder.encode(label) { output.send(label, $0, topic: entry.topic, arrival: clock.unix()) }
  }

  private func heartbeat(_ output: inout Output, now: Int64) -> Int64 {
    guard output.writer.hasHeartbeats else { return .max }
    let arrival = clock.unix()
    for place in output.heartbeats.take(now: now, topics: entries.count) {
      let (entry, origin) = (entries[place], origins[entries[place].origin])
      let beat = LabelMessage(
        kind: .heartbeat, input: origin.input, stream: origin.stream, channel: entry.channel,
        pipeline: origin.pipeline, model: origin.model, epoch: entry.epoch, sequence: entry.next)
      _ = encoder.encode(beat) { output.send(beat, $0, topic: entry.topic, arrival: arrival) }
    }
    return output.heartbeats.next
  }
}

extension String {
  /// Names are their bytes: Swift takes two spellings of one letter for the same, and topics do not.
  fileprivate func hasBytes(of other: String) -> Bool {
    utf8.withContiguousStorageIfAvailable { own in
      other.utf8.withContiguousStorageIfAvailable {
        UnsafeRawBufferPointer(own).elementsEqual(UnsafeRawBufferPointer($0))
      }
    }.flatMap(\.self) ?? utf8.elementsEqual(other.utf8)
  }
}
