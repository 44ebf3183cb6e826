import RunnelCore
import RunnelPipeline
import RunnelWire

/// A recording of what a daemon admitted, told to lanes once more: every session, row, gap and verdict in its order, and
/// nothing that a clock of now would decide (law 4).
final class AdmittedReplay: MessageReplay {
  /// What an operator should know of it.
  private(set) var remarks: [String] = []
  private(set) var sessions = 0

  /// Whose streams are labelled; where `isAny`, what all of them are taken for.
  private let input: String
  private let isAny: Bool
  private let lanes: any LaneOwner
  private var streams: [Int: Stream] = [:]
  /// By the name in their topics, the newest stream and what describes it.
  private var numbers: [String: Int] = [:]
  private var descriptions: [String: StreamDescription] = [:]
  private var refusal: Refusal?
  private let decoder = RunnelDecoder(limits: .admitted)

  private struct Stream {
    /// The lanes' number for it.
    let number: Int
    var next: Int64
    var isOpen: Bool
    var channels: Int
  }

  init(_ lanes: any LaneOwner, input: String, isAny: Bool = false) {
    self.lanes = lanes
    self.input = input
    self.isAny = isAny
  }

  func take(_ parts: MessageParts, _ message: RecordedMessages.Message) throws(DecodeError) {
    switch parts[0].first.flatMap(Topic.Kind.init) {
    case .verdicts where parts.count == 2: try obey(try Verdict(parts[1]), name: Self.name(parts[0]))
    case .description, .samples:
      switch try decoder.decode(parts) {
      case .description(let description): descriptions[description.stream] = description
      case .samples(let samples): try apply(samples, name: Self.name(parts[0]), at: message.time)
      case .heartbeat, .end, .kept, .ignored: break
      }
    default: break
    }
  }

  func finish() -> Refusal? { sessions == 0 ? refusal : nil }

  private static func name(_ topic: UnsafeRawBufferPointer) throws(DecodeError) -> String {
    do throws(TopicError) { return try Topic(topic).stream } catch {
      throw DecodeError(.topic, part: 0, byteOffset: error.byteOffset, expected: error.expected, found: "another")
    }
  }

  private func apply(_ samples: SampleMessage, name: String, at time: Int64) throws(DecodeError) {
    guard let number = numbers[name], var stream = streams[number], stream.isOpen, let first = samples.first else {
      return
    }
    guard samples.chunk.channels == stream.channels else {
      throw DecodeError(
        .malformed, part: 1, byteOffset: 56, expected: "\(stream.channels) channels, as described",
        found: "\(samples.chunk.channels)")
    }
    try Self.check(first + Int64(samples.chunk.rows))
    // What was not recorded is missing here.
    if first > stream.next { lanes.gap(stream.next..<first, stream: stream.number) }
    let skipped = Int(min(max(0, stream.next - first), Int64(samples.chunk.rows)))
    guard skipped < samples.chunk.rows else { return }
    lanes.arrive(monotonic: time, unix: time)
    lanes.chunk(
      samples.chunk, rows: skipped..<samples.chunk.rows, first: first + Int64(skipped),
      timestamp: skipped == 0 ? samples.timestamp : nil, stream: stream.number)
    stream.next = first + Int64(samples.chunk.rows)
    streams[number] = stream
  }

  private func obey(_ verdict: Verdict, name: String) throws(DecodeError) {
    guard isAny || verdict.input == input else { return }
    switch verdict.kind {
    case .session(let start): return try begin(start, verdict, name)
    case .drain: return lanes.drain()
    case .overflow(let events):
      remarks.append(
        "\(events) events before row \(streams[verdict.number]?.next ?? 0) of '\(name)' were not recorded, for the recorder "
          + "was too slow: labels from there on may be others than the daemon's")
      return
    case .gap, .unknownGap, .end, .stale: break
    }
    guard var stream = streams[verdict.number], stream.isOpen else { return }
    switch verdict.kind {
    case .session, .drain, .overflow: break
    case .gap(let range): try advance(&stream, to: range.upperBound)
    case .unknownGap(let at):
      try advance(&stream, to: at)
      lanes.unknownGap(at: stream.next, stream: stream.number)
    case .end(let at):
      try advance(&stream, to: at)
      lanes.end(at: stream.next, stream: stream.number)
      stream.isOpen = false
    case .stale(let at):
      try advance(&stream, to: at)
      lanes.stale(at: stream.next, stream: stream.number)
    }
    streams[verdict.number] = stream
  }

  /// A file may say of any place that a daemon admitted it; lanes count no further than daemons do.
  private static func check(_ index: Int64) throws(DecodeError) {
    guard index <= StreamAdmission.lastIndex else {
      throw DecodeError(
        .limit, part: 1, byteOffset: 0, expected: "indexes up to 2^53, as daemons admit", found: "\(index)")
    }
  }

  private func advance(_ stream: inout Stream, to index: Int64) throws(DecodeError) {
    try Self.check(index)
    guard index > stream.next else { return }
    lanes.gap(stream.next..<index, stream: stream.number)
    stream.next = index
  }

  private func begin(_ start: Verdict.Start, _ verdict: Verdict, _ name: String) throws(DecodeError) {
    try Self.check(start.start)
    guard let description = descriptions[name] else {
      remarks.append("a session of '\(name)' is not described, and is passed over")
      return
    }
    let session = Session(
      stream: StreamIdentity(input: input, endpoint: start.endpoint, stream: start.stream), epoch: start.epoch,
      cause: Session.Cause(rawValue: start.cause) ?? .first, start: start.start, rate: description.rate ?? 0,
      channels: description.channels, level: start.level, subject: description.subject,
      synthetic: description.synthetic ?? false)
    let number = streams[verdict.number]?.number ?? lanes.addStream()
    numbers[name] = verdict.number
    var stream = Stream(number: number, next: start.start, isOpen: true, channels: description.channels.count)
    if let refused = lanes.start(session, stream: number) {
      stream.isOpen = false
      refusal = refusal ?? refused
      remarks.append(refused.sentence)
    } else if start.isRefused {
      stream.isOpen = false
      remarks.append(
        "the daemon could not read a session of '\(start.stream)' that began at row \(start.start), so its rows are not in the "
          + "recording")
    } else {
      sessions += 1
      if start.isJoined {
        remarks.append(
          "'\(start.stream)' was under way when the recording began, at row \(start.start): its labels are those of a lane "
            + "that began there")
      }
    }
    streams[verdict.number] = stream
  }
}
