import RunnelCore
import RunnelWire

/// Writes down what a running daemon admits, with its verdicts, in the order in which its lanes hear it: a recording whose
/// labels are those that the daemon gave (law 4).
///
///     let recorder = try DaemonRecorder(caller, settings)
///     let report = try recorder.run(stop: signal.fileDescriptor)
///
/// The samples are messages of runnel's format, whatever they came as. A daemon that is not read from fast enough leaves
/// events out, which the recording says; it never waits.
public final class DaemonRecorder {
  private let caller: ControlCaller
  private let settings: Recorder.Settings
  private let clock: Clock
  private let messages: MessageLog
  private let source: MessageLog.Source
  private let start: Int64
  private var nextTick: Int64
  private var ending: RecorderReport.Ending?

  private static let tick: Int64 = 1_000_000_000
  /// The daemon gives a sign of life every second.
  private static let drainLimit: Int64 = 1_500_000_000

  /// Asks the daemon, and makes the file.
  ///
  /// - Throws: `ServiceError`: 64, 69 from the daemon; 66, 73, 74, 77 where the file cannot be written.
  public init(
    _ caller: ControlCaller, _ settings: Recorder.Settings, clock: Clock = .system
  ) throws(ServiceError) {
    self.caller = caller
    self.settings = settings
    self.clock = clock
    source = MessageLog.Source(
      input: "", endpoint: caller.path, decoder: InputConfiguration.Format.runnel.rawValue)
    start = clock.monotonic()
    nextTick = start + Self.tick
    // First, for a daemon that refuses leaves no file.
    _ = try caller.ask(.object([.init("do", .string("record"))]))
    messages = try MessageLog(
      settings.series(["kind": RecordedMessages.admitted, "endpoints": caller.path]), endpoints: 1, now: clock.unix())
  }

  /// Works until `stop` becomes readable, what was asked for has come, or the daemon ends.
  ///
  /// - Parameter progress: hears a line of words, once a second.
  public func run(stop: Int32? = nil, progress: (String) -> Void = { _ in }) throws(ServiceError) -> RecorderReport {
    let end = settings.seconds.map { start + Int64($0 * 1e9) } ?? .max
    var pace = RecorderPace()
    while ending == nil {
      let now = clock.monotonic()
      switch caller.wait(orFor: stop, milliseconds: Int(max(0, min(end, nextTick) - now) / 1_000_000) + 1) {
      case .answer: _ = try take()
      case .other: ending = .stopped
      case .nothing: break
      }
      if now >= nextTick {
        nextTick = now + Self.tick
        try messages.series.tick(now: UInt64(clamping: clock.unix()))
        let report = report()
        pace.look(at: report, now: now)
        progress(pace.line(report))
      }
      if isComplete { ending = .messages }
      if ending == nil, clock.monotonic() >= end { ending = .seconds }
    }
    if ending != .daemon { try drain() }
    return try messages.finish(ending, seconds: seconds)
  }

  /// What was admitted by now belongs to the recording: it stands before the daemon's next sign of life.
  private func drain() throws(ServiceError) {
    let deadline = clock.monotonic() + Self.drainLimit
    while case let rest = deadline - clock.monotonic(), rest > 0, ending != .daemon, !isComplete {
      guard caller.wait(orFor: nil, milliseconds: Int(rest / 1_000_000) + 1) == .answer else { return }
      if try take() { return }
    }
  }

  private var isComplete: Bool { settings.messages.map { messages.series.messageCount >= $0 } ?? false }

  /// What the daemon says next: `{"topic":…,"time":…,"bytes":…}` and the message's other parts, that it lives, or that it
  /// ends.
  ///
  /// - Returns: whether it said that it lives.
  private func take() throws(ServiceError) -> Bool {
    let answer: ControlCaller.Answer
    do throws(ServiceError) { answer = try caller.next() } catch {
      // What came until then is kept.
      try messages.series.finish()
      throw error
    }
    if answer.value["ended"] != nil { ending = .daemon }
    guard let topic = answer.value["topic"]?.string else { return answer.value["alive"] != nil }
    guard let time = answer.value["time"]?.string.flatMap({ UInt64($0) }) else {
      throw ServiceError(.data, "\(caller.path) is no control socket of runnel: a message without a time")
    }
    try Self.with(topic, answer.bytes) { (parts) throws(ServiceError) in
      try messages.take(parts, endpoint: 0, from: source, at: time)
    }
    return false
  }

  /// Samples have a header of 64 bytes, everything else one part behind the topic.
  private static func with(
    _ topic: String, _ bytes: [UInt8], _ body: (MessageParts) throws(ServiceError) -> Void
  ) throws(ServiceError) {
    let topicBytes = Array(topic.utf8)
    let outcome: Result<Void, ServiceError> = topicBytes.withUnsafeBytes { topic in
      bytes.withUnsafeBytes { bytes in
        do throws(ServiceError) {
          guard topic.first == Topic.Kind.samples.rawValue, bytes.count >= 64 else {
            return .success(try MessageParts.with(topic, bytes, body))
          }
          return .success(
            try MessageParts.with(
              topic, UnsafeRawBufferPointer(rebasing: bytes[..<64]), UnsafeRawBufferPointer(rebasing: bytes[64...]),
              body))
        } catch { return .failure(error) }
      }
    }
    try outcome.get()
  }

  /// Where everything went until now.
  public func report() -> RecorderReport { messages.report(seconds: seconds) }

  private var seconds: Double { Double(clock.monotonic() - start) / 1e9 }
}
