import RunnelCore
import RunnelWire
import RunnelZeroMQ

/// Sends what a recorder has written once more: the same messages, part by part, byte for byte, at the pace at which they
/// came, to whoever subscribes.
///
///     let replayer = try MessageReplayer(["ward.mcap"], settings)
///     let report = try replayer.run(stop: signals)
///
/// It begins when as many are connected as are wanted, and there were as many subscriptions, one at least. A subscriber
/// that takes nothing makes it wait, and it says which one; nothing is thrown away.
public final class MessageReplayer {
  public struct Settings: Sendable, Hashable {
    public var endpoint: String
    public var attachment: SocketConfiguration.Attachment
    public var speed: PublishSpeed
    /// Peers that must be connected, and subscriptions that must be there, before it begins; one must be in any case.
    public var subscribers: Int

    public init(
      endpoint: String, attachment: SocketConfiguration.Attachment = .bind, speed: PublishSpeed = .times(1),
      subscribers: Int = 0
    ) {
      self.endpoint = endpoint
      self.attachment = attachment
      self.speed = speed
      self.subscribers = subscribers
    }
  }

  /// The endpoint as peers reach it.
  public let endpoint: String
  public private(set) var report = MessageReplayReport()
  public var tell: (PublishEvent) -> Void = { _ in }

  private var messages: RecordedMessages
  private let settings: Settings
  private let clock: Clock
  private let socket: Socket
  private var monitor: SocketMonitor
  private var poller = Poller()
  private var receiver = MultipartReceiver()
  private var subscribers = SubscriberTable()
  /// So far; whoever asks for several topics has several.
  private var subscriptions = 0
  private var queues = KernelQueues()
  private var stop: StopSignal?

  /// A subscriber usually asks for several topics in the same breath; it has this long.
  private static let breath: Int64 = 100_000_000
  private static let second: Int64 = 1_000_000_000
  private static let millisecond: Int64 = 1_000_000
  /// As a publisher of samples waits: until the kernel's queues were empty for so long, or one has not moved for so long.
  private static let quiet = 200 * millisecond
  private static let patience = 5 * second

  /// Binds or connects.
  ///
  /// - Throws: `ServiceError`: 64, 69 for the endpoint; 65, 66, 77 for the files.
  public init(
    _ files: [String], _ settings: Settings, clock: Clock = .system, context: ZeroMQContext = ZeroMQContext()
  ) throws(ServiceError) {
    messages = try RecordedMessages(files)
    self.settings = settings
    self.clock = clock
    do throws(ZeroMQError) {
      socket = try Socket(.xpub, in: context, options: .publisher(queue: 1 << 14))
      monitor = try SocketMonitor(of: socket, in: context)
      endpoint = try socket.attach(settings.attachment, settings.endpoint)
    } catch { throw ServiceError(error) }
    _ = poller.add(socket)
    _ = poller.add(monitor)
  }

  /// What is sent where.
  public var banner: String {
    "messages of \(Phrase.list(messages.files, "and")) \(settings.attachment == .bind ? "at" : "to") \(endpoint)"
  }

  /// What an operator should know of the files, once they are read.
  public var remarks: [String] { messages.remarks }

  /// Works until everything is sent and read, or a signal comes.
  ///
  /// - Parameter progress: hears of the report five times a second.
  public func run(
    stop: StopSignal? = nil, progress: (MessageReplayReport) -> Void = { _ in }
  ) throws(ServiceError) -> MessageReplayReport {
    self.stop = stop
    let stopping = stop.map { poller.add(fileDescriptor: $0.fileDescriptor) }
    defer { if let stopping { poller.remove(stopping) } }
    guard try awaitSubscriber() else { return report }
    let start = clock.monotonic()
    var first: Int64?
    var nextProgress: Int64 = 0
    while !report.isStopped, let message = try messages.next() {
      first = first ?? message.time
      let due = start + settings.speed.nanoseconds(of: message.time - (first ?? 0))
      guard try pause(until: due) else { break }
      try check(message)
      try send(message)
      let now = clock.monotonic()
      report.seconds = Double(now - start) / 1e9
      if now >= nextProgress {
        report.fraction = Double(messages.position) / Double(max(1, messages.size))
        progress(report)
        nextProgress = now + Self.second / 5
      }
    }
    try deliver()
    return report
  }

  // MARK: waiting

  /// False where a signal came first.
  private func awaitSubscriber() throws(ServiceError) -> Bool {
    let begin = clock.monotonic()
    var isTold = false
    while subscriptions < max(1, settings.subscribers) || monitor.connections.count < settings.subscribers {
      guard try look(for: 200 * Self.millisecond) else { return false }
      if !isTold, clock.monotonic() - begin >= Self.second {
        isTold = true
        tell(.waiting(topic: "any topic", connected: monitor.connections.count, of: settings.subscribers))
      }
    }
    return try pause(until: clock.monotonic() + Self.breath)
  }

  /// False where a signal came. It looks at the socket now and then however far behind it is.
  private func pause(until due: Int64) throws(ServiceError) -> Bool {
    while case let rest = due - clock.monotonic(), rest > 0 {
      guard try look(for: rest) else { return false }
    }
    lookCount += 1
    return lookCount % Self.batch == 0 ? try look(for: 0) : true
  }

  private static let batch = 64
  private var lookCount = 0

  /// Waits for subscriptions, ends of connections and signals for so many nanoseconds, a fifth of a second at most.
  private func look(for rest: Int64) throws(ServiceError) -> Bool {
    do throws(ZeroMQError) {
      try poller.wait(milliseconds: Int(min((rest + 999_999) / Self.millisecond, 200)))
      while case .message(let parts) = try receiver.receive(from: socket) {
        guard let subscription = Subscription(parts) else { continue }
        subscribers.note(subscription)
        if subscription.begins { subscriptions += 1 }
      }
      let known = monitor.connections
      var ended = false
      while let event = try monitor.next() { ended = ended || event.event == .disconnected }
      if ended {
        for connection in known where !monitor.connections.contains(connection) { tell(.left(peer: connection.peer)) }
      }
    } catch { throw ServiceError(error) }
    if stop?.next() != nil { report.isStopped = true }
    return !report.isStopped
  }

  // MARK: sending

  /// A daemon describes what it admits at greater length than a subscriber takes. What arrived is sent as it came.
  private func check(_ message: RecordedMessages.Message) throws(ServiceError) {
    guard messages.isAdmitted else { return }
    let limit = WireLimits().jsonBytes
    let size = try message.withParts { parts in
      parts.count == 2 && parts[0].first == Topic.Kind.description.rawValue ? parts[1].count : 0
    }
    guard size <= limit else {
      throw ServiceError(
        .data,
        """
        \(message.file): byte \(message.place): a description of \(size) bytes, and a subscriber takes \(limit) at most: \
        label the file with runnel label, or replay a recording of what arrived
        """)
    }
  }

  private func send(_ message: RecordedMessages.Message) throws(ServiceError) {
    var since: Int64?
    var nextComplaint = Self.second
    while true {
      let outcome: Result<Int?, ZeroMQError> = try message.withParts { parts in
        do throws(ZeroMQError) {
          guard try socket.send(parts) == .sent else { return .success(nil) }
          if !subscribers.covers(Array(parts[0])) { report.unheard += 1 }
          return .success(parts.byteCount)
        } catch { return .failure(error) }
      }
      do throws(ZeroMQError) {
        if let bytes = try outcome.get() {
          report.messages += 1
          report.bytes += Int64(bytes)
          if let since, nextComplaint > Self.second {
            tell(.resumed(afterSeconds: Double(clock.monotonic() - since) / 1e9))
          }
          return
        }
      } catch { throw ServiceError(error) }
      // A queue is full: nothing of the message is queued.
      let now = clock.monotonic()
      since = since ?? now
      let waited = now - (since ?? now)
      note(now)
      if waited >= nextComplaint {
        tell(.stalled(peer: queues.stillest?.peer ?? "in this program", seconds: Double(waited) / 1e9))
        nextComplaint = 2 * waited
      }
      guard try look(for: 5 * Self.millisecond) else { return }
    }
  }

  private func note(_ now: Int64) {
    queues.note(
      monitor.connections.compactMap { connection in
        connection.unsentBytes.map { (connection.descriptor, connection.peer, $0) }
      }, at: now)
  }

  /// Stays until the kernel's queues were empty for a while: closing a context is not delivery. A second signal ends it.
  private func deliver() throws(ServiceError) {
    let begin = clock.monotonic()
    queues = KernelQueues()
    let wasStopped = report.isStopped
    while true {
      report.isStopped = false
      let mayGoOn = try look(for: 10 * Self.millisecond)
      report.isStopped = report.isStopped || wasStopped
      let now = clock.monotonic()
      note(now)
      if !mayGoOn || queues.queues.isEmpty { return }
      if let empty = queues.emptySince {
        if now - empty >= Self.quiet { return }
      } else if now - max(queues.movedAt, begin) >= Self.patience {
        for queue in queues.queues.values where queue.bytes > 0 {
          tell(.undelivered(peer: queue.peer, bytes: queue.bytes))
        }
        return
      }
    }
  }
}

extension PublishSpeed {
  /// What a while of the recording takes; one that goes back takes none.
  fileprivate func nanoseconds(of span: Int64) -> Int64 {
    switch self {
    case .max: 0
    case .times(let times): Int64(Swift.min(Double(Swift.max(0, span)) / times, 0x1p62))
    }
  }
}
