import RunnelCore
import RunnelRecordings
import RunnelWire

/// What is written down of each message: which topic it belongs to, in which form it goes into the file, and what its
/// numbers tell of losses.
///
///     let log = try MessageLog(settings, endpoints: 1, now: now)
///     try log.take(parts, endpoint: 0, from: source, at: now)
final class MessageLog {
  /// Where messages come from.
  struct Source {
    /// The input's name in the configuration; empty where there is none.
    var input: String
    var endpoint: String
    /// What they are; nil: what the first of a topic seems to be.
    var decoder: String?
  }

  let series: RecordingSeries
  private var topics: RecordedTopics
  private var descriptions: [String: StreamDescription] = [:]
  private var labels = LabelLedger()
  private var bytes: UInt64 = 0
  var tooManyParts: UInt64 = 0
  private let runnel: RunnelDecoder
  private let label = LabelDecoder()
  private var packed: [UInt8] = []

  /// - Parameter endpoints: from how many messages come.
  init(_ settings: RecordingSeries.Settings, endpoints: Int, now: Int64) throws(ServiceError) {
    topics = RecordedTopics(endpoints: endpoints)
    runnel = RunnelDecoder(limits: settings.metadata["kind"] == RecordedMessages.admitted ? .admitted : WireLimits())
    series = try RecordingSeries(settings, now: UInt64(clamping: now))
  }

  /// - Parameters:
  ///   - endpoint: its number.
  ///   - time: when it came, in Unix nanoseconds.
  func take(_ parts: MessageParts, endpoint: Int, from source: Source, at time: UInt64) throws(ServiceError) {
    let place = topics.place(of: parts, endpoint: endpoint) { text in
      RecordedTopic(
        topic: text, input: source.input, endpoint: source.endpoint,
        decoder: source.decoder ?? Self.decoder(of: parts))
    }
    topics[place].count(parts.byteCount)
    bytes += UInt64(parts.byteCount)
    let isNamed = topics[place].isNamed
    if isNamed, RecordedEncoding.holdsSamples(parts), let decoded = try? runnel.decode(parts) {
      topics[place].note(decoded)
      return try append(decoded, parts, to: place, at: time)
    }
    if isNamed, let rejected = runnel.rejected(parts) { topics[place].note(rejected) }
    if isNamed, parts.count == 2 {
      switch parts[0].first.flatMap(Topic.Kind.init) {
      case .labels:
        if let message = try? label.decode(parts) {
          _ = labels.enter(message)
          return try append(json: parts, to: place, sequence: message.sequence, at: time)
        }
      case .verdicts:
        if (try? Topic.check(parts[0])) == .verdicts, (try? Verdict(parts[1])) != nil {
          return try append(json: parts, to: place, sequence: topics[place].messages - 1, at: time)
        }
      case .description:
        if case .description(let description)? = try? runnel.decode(parts) {
          descriptions[description.stream] = description
          topics[place].isAside = true
        }
      default: break
      }
    }
    let channel = topics[place].channel(.multipart) ?? topics[place].add(.multipart, to: series)
    RecordedEncoding.pack(parts, into: &packed)
    let outcome: Result<Void, ServiceError> = packed.withUnsafeBytes { packed in
      do throws(ServiceError) {
        let sequence = UInt32(truncatingIfNeeded: topics[place].messages - 1)
        return .success(try series.append(channel, sequence: sequence, logTime: time, publishTime: time, packed))
      } catch { return .failure(error) }
    }
    try outcome.get()
  }

  private func append(
    _ decoded: DecodedMessage, _ parts: MessageParts, to place: Int, at time: UInt64
  ) throws(ServiceError) {
    let channel =
      topics[place].channel(.samples)
      ?? topics[place].add(
        .samples, to: series, first: decoded,
        description: (try? Topic(parts[0])).flatMap { descriptions[$0.stream] })
    var (sequence, sent): (UInt64, UInt64) = (0, time)
    switch decoded {
    case .samples(let samples):
      sequence = samples.sequence ?? 0
      sent = samples.timestamp.map { UInt64(clamping: $0) } ?? time
    case .heartbeat(let beat): sequence = beat.nextSequence
    case .end(let end): sequence = end.nextSequence
    case .description, .kept, .ignored: break
    }
    try series.append(
      channel, sequence: UInt32(truncatingIfNeeded: sequence), logTime: time, publishTime: sent, parts[1], parts[2])
  }

  private func append(
    json parts: MessageParts, to place: Int, sequence: UInt64, at time: UInt64
  ) throws(ServiceError) {
    topics[place].isAside = true
    let channel = topics[place].channel(.json) ?? topics[place].add(.json, to: series)
    try series.append(
      channel, sequence: UInt32(truncatingIfNeeded: sequence), logTime: time, publishTime: time, parts[1])
  }

  /// What the first message of a topic seems to be.
  private static func decoder(of parts: MessageParts) -> String {
    let guess = WireFormat.guess(parts).format
    switch guess {
    case .samples, .description: return InputConfiguration.Format.runnel.rawValue
    case .array1: return InputConfiguration.Format.array.rawValue
    default: return guess.rawValue
    }
  }

  /// Ends the recording.
  func finish(_ ending: RecorderReport.Ending?, seconds: Double) throws(ServiceError) -> RecorderReport {
    var report = report(seconds: seconds)
    try series.finish()
    (report.files, report.size, report.ending) = (series.files, series.size, ending)
    return report
  }

  /// Where everything went until now.
  func report(seconds: Double) -> RecorderReport {
    RecorderReport(
      files: series.files,
      topics: topics.all.map { topic in
        RecorderReport.Topic(
          topic: topic.name, endpoint: topic.endpoint, decoder: topic.decoder, messages: topic.messages,
          bytes: topic.bytes, lostMessages: topic.ledger?.lostMessages, lostRows: topic.ledger?.lostRows,
          repeats: topic.ledger?.repeats, sessions: topic.ledger?.sessions, isAside: topic.isAside)
      }, messages: series.messageCount, bytes: bytes, size: series.size, seconds: seconds, tooManyParts: tooManyParts,
      lostLabels: labels.lost)
  }
}
