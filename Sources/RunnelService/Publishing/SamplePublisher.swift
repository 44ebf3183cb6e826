import RunnelCore
import RunnelWire
import RunnelZeroMQ

/// Publishes the rows of a source in the `runnel` format (docs/wire-format.md §3 to §6), with their timing, to whoever
/// subscribes.
///
///     waiting ─▶ sending ─▶ ending ─▶ delivering ─▶ done
///        ▲──────────┘ ▲────────┘ another round
///
///     let publisher = try SamplePublisher(source, settings)
///     publisher.tell = { log($0.sentence) }
///     let report = try publisher.run(stop: signals)
///
/// It begins when somebody subscribes to its samples, and as many are connected as are wanted. A subscriber that takes nothing makes it wait, at any speed, and
/// it says which one; nothing is thrown away. One thread: each `turn` looks at subscriptions, sends what is due and
/// waits a little.
public final class SamplePublisher {
  public struct Settings: Sendable, Hashable {
    public var endpoint: String
    public var attachment: SocketConfiguration.Attachment
    public var speed: PublishSpeed
    /// Peers that must be connected and subscribed before it begins; one must be in any case.
    public var subscribers: Int
    /// Round after round, each a session of its own.
    public var loops: Bool
    /// Rows of a message; nil: about 50 ms of signal, at `max` 4096 rows, within 64 KiB.
    public var chunk: Int?
    /// Rows of a source that knows no time are given the time of their sending, as a live device would.
    public var isLive: Bool
    /// Bytes queued towards one subscriber before it makes everything wait.
    public var queueBytes: Int

    public init(
      endpoint: String, attachment: SocketConfiguration.Attachment = .bind, speed: PublishSpeed = .times(1),
      subscribers: Int = 0, loops: Bool = false, chunk: Int? = nil, isLive: Bool = false, queueBytes: Int = 16 << 20
    ) {
      self.endpoint = endpoint
      self.attachment = attachment
      self.speed = speed
      self.subscribers = subscribers
      self.loops = loops
      self.chunk = chunk
      self.isLive = isLive
      self.queueBytes = queueBytes
    }
  }

  public enum Phase: Sendable, Hashable {
    /// Nobody is subscribed to the samples: before the first session, or at speed `max` in its middle.
    case waiting
    case sending
    /// The end message is to be sent.
    case ending
    /// Everything is sent; what the kernel holds is being read.
    case delivering
    case done
  }

  public let settings: Settings
  /// The endpoint as peers reach it, with the port that `*` became.
  public let endpoint: String
  public private(set) var phase = Phase.waiting
  /// Hears of what an operator wants to know.
  public var tell: (PublishEvent) -> Void = { _ in }

  let source: any SampleSource
  let clock: Clock
  let socket: Socket
  var monitor: SocketMonitor
  var poller = Poller()
  var receiver = MultipartReceiver()
  var encoder: RunnelEncoder
  let descriptionTopic: [UInt8]
  let pace: Pace
  let chunk: Int

  /// Without the seconds.
  var counts = PublishReport()
  /// Rows taken from the source and not yet sent; valid until the source is asked again.
  var pending = UnsafeRawBufferPointer(start: nil, count: 0)
  var isStopping = false
  /// The times below are monotonic nanoseconds.
  var firstStart: Int64?
  var sessionStart: Int64 = 0
  var lastRowAt: Int64 = 0
  /// Unix nanoseconds of index 0 of this session; nil where the rows have no time.
  var timeOrigin: Int64?
  var phaseSince: Int64
  /// When the next description and the next heartbeat are due.
  var descriptionAt = Int64.max
  var heartbeatAt = Int64.max
  /// When the next turn has something to do.
  var wakeAt: Int64 = 0

  var subscribers = SubscriberTable()
  var hasToldWaiting = false
  /// Since when somebody is subscribed to the samples.
  var coveredSince: Int64?
  var stall: Stall?
  var queues = KernelQueues()

  /// A subscriber's queue is full.
  struct Stall {
    var since: Int64
    var nextComplaint = SamplePublisher.second
    var isTold = false
  }

  static let second: Int64 = 1_000_000_000
  static let millisecond: Int64 = 1_000_000

  /// Binds or connects.
  ///
  /// - Throws: `usage` for a stream name that no topic can carry or an endpoint that is none, `unavailable` for one in use,
  ///   `data` for more channels than can be described.
  public init(
    _ source: any SampleSource, _ settings: Settings, clock: Clock = .system,
    context: ZeroMQContext = ZeroMQContext()
  ) throws(ServiceError) {
    precondition(settings.chunk ?? 1 > 0, "a chunk has rows")
    self.source = source
    self.settings = settings
    self.clock = clock
    pace = Pace(rate: source.rate, speed: settings.speed)
    chunk = settings.chunk ?? pace.chunk(bytesPerRow: source.bytesPerRow)
    do throws(TopicError) {
      encoder = try RunnelEncoder(source.description, epoch: 1, element: source.element)
      descriptionTopic = try Topic.description(source.description.stream).bytes
    } catch {
      throw ServiceError(.usage, "the stream cannot be named '\(source.description.stream)': \(error)")
    }
    try Self.checkSize(of: source.description)
    // Beside the payload a message costs its topic, 64 bytes of header and three parts.
    let messageBytes = chunk * source.bytesPerRow + 256
    let queue = min(max(settings.queueBytes / messageBytes, 4), 1 << 16)
    do throws(ZeroMQError) {
      socket = try Socket(.xpub, in: context, options: .publisher(queue: queue))
      monitor = try SocketMonitor(of: socket, in: context)
      endpoint = try socket.attach(settings.attachment, settings.endpoint)
    } catch { throw ServiceError(error) }
    phaseSince = clock.monotonic()
    counts.rowsOfSession = source.rowCount
    _ = poller.add(socket)
    _ = poller.add(monitor)
  }

  /// A description that every subscriber refuses makes samples that nobody reads.
  private static func checkSize(of description: StreamDescription) throws(ServiceError) {
    var (json, described) = (JSONWriter(), description)
    described.epoch = .max
    described.element = .float32
    described.write(to: &json)
    let (size, limit) = (json.bytes.count, WireLimits().jsonBytes)
    guard size <= limit else {
      throw ServiceError(
        .data,
        """
        the \(Phrase.count(description.channels.count, "channel")) of stream '\(description.stream)' take \(size) bytes to \
        describe, and a subscriber takes \(limit) at most: send a file with fewer of them, or give this one to runnel label
        """)
    }
  }

  // MARK: the loop

  /// Works until everything is sent and read, or a signal comes; a second signal ends the delivery too.
  ///
  /// - Parameter progress: hears of the counts five times a second.
  public func run(
    stop signals: StopSignal? = nil, progress: (PublishReport) -> Void = { _ in }
  ) throws(ServiceError) -> PublishReport {
    let stopping = signals.map { poller.add(fileDescriptor: $0.fileDescriptor) }
    defer { if let stopping { poller.remove(stopping) } }
    var nextProgress: Int64 = 0
    while phase != .done {
      try turn(within: 200)
      while signals?.next() != nil { stop() }
      let now = clock.monotonic()
      if now >= nextProgress, counts.sessions > 0 {
        progress(report)
        nextProgress = now + Self.second / 5
      }
    }
    return report
  }

  /// Once around: deals with what has come and what is due, then waits for more, at most so many milliseconds.
  public func turn(within limit: Int) throws(ServiceError) {
    let now = clock.monotonic()
    wakeAt = .max
    try listen(now)
    switch phase {
    case .waiting: awaitSubscriber(now)
    case .sending: try send(now)
    case .ending: try end(now)
    case .delivering: deliver(now)
    case .done: return
    }
    let pause = max(0, wakeAt - clock.monotonic())
    let milliseconds = Int(min((pause + Self.millisecond - 1) / Self.millisecond, Int64(limit)))
    _ = try sockets { () throws(ZeroMQError) in try poller.wait(milliseconds: milliseconds) }
  }

  /// Ends the session after the message that was sent last; a second time, ends at once.
  public func stop() {
    counts.isStopped = counts.isStopped || phase != .delivering
    switch phase {
    case .waiting, .sending:
      isStopping = true
      enter(counts.sessions > 0 ? .ending : .done)
    case .ending, .delivering, .done: enter(.done)
    }
  }

  /// Where it stands.
  public var report: PublishReport {
    var report = counts
    let until = phase == .waiting || phase == .sending ? clock.monotonic() : lastRowAt
    if let firstStart { report.seconds = Double(max(0, until - firstStart)) / 1e9 }
    return report
  }

  /// What is published where, and who can reach it.
  public var banner: String {
    let channels = source.description.channels.map(\.name).joined(separator: ", ")
    let rows = source.rowCount.map { "\($0) rows" } ?? "without end"
    let place = settings.attachment == .bind ? "at" : "to"
    return "stream '\(source.description.stream)' (\(channels); \(rows), \(Phrase.number(source.rate)) Hz) "
      + "\(place) \(endpoint)\(reach)"
  }

  private var reach: String {
    guard settings.attachment == .bind, let parsed = try? Endpoint(endpoint, for: .connect) else { return "" }
    return parsed.isLocal ? " (only this machine can subscribe)" : " (any machine that reaches this one can subscribe)"
  }

  func enter(_ next: Phase) {
    phase = next
    phaseSince = clock.monotonic()
    hasToldWaiting = false
    stall = nil
    queues = KernelQueues()
  }

  /// What a socket refused, as an error of the service.
  func sockets<R>(_ body: () throws(ZeroMQError) -> R) throws(ServiceError) -> R {
    do throws(ZeroMQError) { return try body() } catch { throw ServiceError(error) }
  }
}
