import RunnelCore
import RunnelWire
import RunnelZeroMQ
import Synchronization

/// Subscribes to the labels of a bench and measures how long after its message was due each came.
final class LoadSubscriber: @unchecked Sendable {
  private let endpoint: String
  private let context: ZeroMQContext
  private let clock: Clock
  private let schedule: @Sendable () -> LoadSchedule?
  private let isOver = Atomic<Bool>(false)
  private let found = Mutex(Found())

  struct Found: Sendable {
    var labels: Int64 = 0
    var latencies = LatencyHistogram()
  }

  init(
    endpoint: String, context: ZeroMQContext, clock: Clock, schedule: @escaping @Sendable () -> LoadSchedule?
  ) {
    (self.endpoint, self.context, self.clock, self.schedule) = (endpoint, context, clock, schedule)
  }

  /// What came since the last call.
  func take() -> Found {
    found.withLock { found in
      defer { found = Found() }
      return found
    }
  }

  func stop() { isOver.store(true, ordering: .relaxed) }

  /// The thread's job.
  func run() throws {
    let socket = try Socket(.sub, in: context)
    try socket.subscribe("l/")
    try socket.connect(endpoint)
    var receiver = MultipartReceiver()
    var poller = Poller()
    _ = poller.add(socket)
    let decoder = LabelDecoder()
    while !isOver.load(ordering: .relaxed) {
      guard try poller.wait(milliseconds: 50) > 0 else { continue }
      while case .message(let parts) = try receiver.receive(from: socket) {
        let now = clock.monotonic()
        guard Self.isDecision(parts), let label = try? decoder.decode(parts), !label.isRepeat else { continue }
        let due = label.decided.flatMap { row in
          Int(label.stream.dropFirst("bench".count)).flatMap { schedule()?.due(row: row, stream: $0) }
        }
        found.withLock { found in
          found.labels += 1
          if let due { found.latencies.record(nanoseconds: now - due) }
        }
      }
    }
  }

  /// Looks at the kind alone: statuses and heartbeats of many thousand lanes would be decoded for nothing.
  private static func isDecision(_ parts: MessageParts) -> Bool {
    guard parts.count == 2 else { return false }
    return beginnings.contains { parts[1].starts(with: $0) }
  }

  private static let beginnings = ["label", "event"].map { Array("{\"v\":1,\"kind\":\"\($0)".utf8) }
}
