import RunnelCore
import RunnelRecordings
import RunnelWire
import RunnelZeroMQ

/// Writes down what arrives, byte for byte, every topic, whatever its format (docs/foreign-formats.md §11).
///
///     wait ─▶ receive ─▶ name the topic ─▶ append ─▶ every second: hand the chunk to the kernel
///
/// Runnel's own samples and labels are written so that other programs can read them; everything else, and what of theirs is
/// malformed, with all its parts. Nothing is decoded that is not needed for that: a mistake of a decoder can be put right
/// and the recording replayed. One thread; only the disk is waited for on another.
///
///     let recorder = try Recorder(Recorder.inputs(["tcp://127.0.0.1:5556"]), settings)
///     let report = try recorder.run(stop: signal.fileDescriptor)
public final class Recorder {
  public struct Settings: Sendable {
    public var path: String
    /// Files that are there already are replaced.
    public var isForced = false
    /// Bytes, and seconds, of each file.
    public var splitSize: Int?
    public var splitSpan: Double?
    /// When to end.
    public var seconds: Double?
    public var messages: UInt64?
    public var library = "runnel"
    /// The file that the inputs were read from; it goes with the recording.
    public var configuration: (path: String, bytes: [UInt8])?

    public init(path: String) { self.path = path }
  }

  /// What an operator wants to hear while it works.
  public enum Event {
    case connection(endpoint: String, PeerStatus)
    /// Nothing has come for a while.
    case silence(String)
  }

  /// Hears of it.
  public var tell: (Event) -> Void = { _ in }

  private let settings: Settings
  private let clock: Clock
  private let context = ZeroMQContext()
  private var inputs: [InputSocket] = []
  private var peers: [PeerStatus]
  private let messages: MessageLog
  private var receiver = MultipartReceiver()
  private var poller = Poller()
  private var entries: [(messages: Poller.Entry, connections: Poller.Entry)] = []
  private let start: Int64
  private var nextTick: Int64
  private var lastMessage: Int64
  private var silenceTold = false

  /// How much a recorder that is killed can lose.
  private static let tick: Int64 = 1_000_000_000
  /// Messages taken from one socket before the others have their turn.
  private static let batch = 256
  private static let silence: Int64 = 3_000_000_000
  /// How long what has arrived is still taken at the end, when publishers do not stop.
  private static let drainLimit: Int64 = 1_000_000_000

  /// Binds, connects, and makes the file.
  ///
  /// - Throws: `ServiceError`: 64, 69 for endpoints; 66, 73, 74, 77 where the file cannot be written.
  public init(_ inputs: [InputConfiguration], _ settings: Settings, clock: Clock = .system) throws(ServiceError) {
    self.settings = settings
    self.clock = clock
    start = clock.monotonic()
    nextTick = start + Self.tick
    lastMessage = start
    do {
      for (index, input) in inputs.enumerated() {
        for (number, endpoint) in input.socket.endpoints.enumerated() {
          self.inputs.append(
            try InputSocket(input, endpoint: endpoint, number: number, intake: index, context: context))
        }
      }
    } catch let error as ZeroMQError { throw ServiceError(error) } catch {
      preconditionFailure("only sockets fail here: \(error)")
    }
    peers = Array(repeating: PeerStatus(), count: self.inputs.count)
    let about = ["kind": "arrived", "endpoints": self.inputs.map(\.endpoint).joined(separator: " ")]
    messages = try MessageLog(settings.series(about), endpoints: self.inputs.count, now: clock.unix())
    for input in self.inputs { entries.append((poller.add(input.socket), poller.add(input.monitor))) }
  }

  /// The endpoints as peers reach them.
  public var endpoints: [String] { inputs.map(\.endpoint) }
  /// Whether any publisher was there at any time.
  public var wasConnected: Bool { peers.contains(where: \.wasConnected) }

  // MARK: the loop

  /// Works until `stop` becomes readable, or what was asked for has come; then takes what has arrived, and ends the file.
  ///
  /// - Parameter progress: hears a line of words, once a second.
  public func run(stop: Int32? = nil, progress: (String) -> Void = { _ in }) throws(ServiceError) -> RecorderReport {
    let stopping = stop.map { poller.add(fileDescriptor: $0) }
    defer { if let stopping { poller.remove(stopping) } }
    let end = settings.seconds.map { start + Int64($0 * 1e9) } ?? .max
    var pace = RecorderPace()
    var ending: RecorderReport.Ending?
    while ending == nil {
      let now = clock.monotonic()
      try turn(until: min(end, nextTick))
      if now >= nextTick {
        try tick(now)
        let report = report()
        pace.look(at: report, now: now)
        progress(pace.line(report))
      }
      if isComplete { ending = .messages } else if clock.monotonic() >= end { ending = .seconds }
      if ending == nil, let stopping, poller.ready(stopping).contains(.readable) { ending = .stopped }
    }
    try drain()
    return try messages.finish(ending, seconds: seconds)
  }

  private var isComplete: Bool { settings.messages.map { messages.series.messageCount >= $0 } ?? false }

  /// Waits for messages, until a monotonic time at most, and takes them.
  private func turn(until wake: Int64) throws(ServiceError) {
    let pause = max(0, wake - clock.monotonic())
    try sockets { () throws(ZeroMQError) in
      try poller.wait(milliseconds: Int(min((pause + 999_999) / 1_000_000, 1000)))
      for (index, entry) in entries.enumerated() where poller.ready(entry.connections).contains(.readable) {
        try hear(index)
      }
    }
    for (index, entry) in entries.enumerated() where poller.ready(entry.messages).contains(.readable) {
      try receive(from: index)
    }
  }

  private func tick(_ now: Int64) throws(ServiceError) {
    nextTick = now + Self.tick
    try messages.series.tick(now: UInt64(clamping: clock.unix()))
    try sockets { () throws(ZeroMQError) in for input in inputs { try input.tick(now: now) } }
    guard !silenceTold, now - lastMessage >= Self.silence else { return }
    silenceTold = true
    for (input, peer) in zip(inputs, peers) {
      let sentence = peer.sentence(
        of: input.endpoint, kind: input.socket.kind, bound: input.input.socket.attachment == .bind)
      tell(.silence(peer.state == .connected ? "\(sentence), but nothing comes" : sentence))
    }
  }

  private func hear(_ index: Int) throws(ZeroMQError) {
    while let report = try inputs[index].monitor.next() {
      let before = peers[index].state
      peers[index].note(report.event)
      if peers[index].state != before { tell(.connection(endpoint: inputs[index].endpoint, peers[index])) }
    }
  }

  /// Takes what waits in a socket, a batch of it at most; false where there was more.
  @discardableResult
  private func receive(from index: Int) throws(ServiceError) -> Bool {
    // The clock on the wall is read once for all of them, the other for each.
    let toUnix = clock.unix() - clock.monotonic()
    for _ in 0..<Self.batch where !isComplete {
      let received = try sockets { () throws(ZeroMQError) in try receiver.receive(from: inputs[index].socket) }
      switch received {
      case .nothing: return true
      case .message(let parts):
        lastMessage = clock.monotonic()
        silenceTold = false
        let input = inputs[index]
        let source = MessageLog.Source(
          input: input.input.name, endpoint: input.endpoint,
          decoder: input.input.format == .auto ? nil : input.input.format.rawValue)
        try messages.take(parts, endpoint: index, from: source, at: UInt64(clamping: lastMessage + toUnix))
      case .tooManyParts: messages.tooManyParts += 1
      }
    }
    return isComplete
  }

  /// What has arrived by the end belongs to the recording.
  private func drain() throws(ServiceError) {
    let deadline = clock.monotonic() + Self.drainLimit
    for index in inputs.indices {
      while clock.monotonic() < deadline, try !receive(from: index) {}
    }
  }

  /// Where everything went until now.
  public func report() -> RecorderReport { messages.report(seconds: seconds) }

  private var seconds: Double { Double(clock.monotonic() - start) / 1e9 }

  private func sockets<R>(_ body: () throws(ZeroMQError) -> R) throws(ServiceError) -> R {
    do throws(ZeroMQError) { return try body() } catch { throw ServiceError(error) }
  }
}

extension Recorder.Settings {
  /// - Parameter about: what the files say of themselves.
  func series(_ about: [String: String]) -> RecordingSeries.Settings {
    var series = RecordingSeries.Settings(path: path)
    series.isForced = isForced
    series.splitSize = splitSize
    series.splitSpan = splitSpan.map { Int64($0 * 1e9) }
    series.library = library
    series.metadata = about
    if let configuration {
      series.metadata["configuration"] = configuration.path
      series.attachments = [
        RecordingSeries.Attachment(
          name: RecordingSeries.configurationName, mediaType: "application/yaml", data: configuration.bytes)
      ]
    }
    return series
  }
}
