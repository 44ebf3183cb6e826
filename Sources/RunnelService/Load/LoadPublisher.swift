import Glibc
import RunnelCore
import RunnelWire
import RunnelZeroMQ
import Synchronization

/// Publishes synthetic streams from a thread of its own: each sample message on its schedule, or as fast as the daemon
/// takes them, never further ahead of it than a socket's queue holds.
final class LoadPublisher: @unchecked Sendable {
  let rowsPerMessage: Int
  let channels: [Channel]
  let streams: Int
  let rate: Double
  /// Sample messages sent, and used by the daemon, which says so.
  let sent = Atomic<Int64>(0)
  let used = Atomic<Int64>(0)
  /// The schedule under way, for who measures latencies.
  let schedule = Mutex<LoadSchedule?>(nil)
  private let orders = Mutex<[Order]>([])
  private let isIdle = Atomic<Bool>(true)
  private let clock: Clock
  private let context: ZeroMQContext
  private let endpoint: String
  private let kind: SocketKind

  enum Order: Sendable {
    case open
    /// Messages until the deadline, `interval` ns from one to the next of a stream.
    case send(interval: Double, seconds: Double)
    case stop
  }

  /// Messages that may be on their way: so many that neither side waits for the other, and no more, for what is on its way
  /// at the end takes as long as it takes.
  private let window: Int64

  private static let valuesUnderWay = 16_384

  init(
    streams: Int, channels: [Channel], rowsPerMessage: Int, rate: Double, endpoint: String, kind: SocketKind,
    context: ZeroMQContext, clock: Clock
  ) {
    (self.streams, self.channels, self.rowsPerMessage, self.rate) = (streams, channels, rowsPerMessage, rate)
    window = Int64(max(8, min(4096, Self.valuesUnderWay / (rowsPerMessage * channels.count))))
    (self.endpoint, self.kind, self.context, self.clock) = (endpoint, kind, context, clock)
  }

  func order(_ order: Order) {
    isIdle.store(false, ordering: .sequentiallyConsistent)
    orders.withLock { $0.append(order) }
  }

  /// Whether all that was ordered is done.
  var isDone: Bool { isIdle.load(ordering: .sequentiallyConsistent) }

  /// The thread's job.
  func run() throws {
    var options = SocketOptions(for: kind)
    options.sendHighWater = 1 << 16
    let socket = try Socket(kind, in: context, options: options)
    try socket.connect(endpoint)
    if kind == .xpub { try awaitSubscriptions(socket) }
    var encoders: [RunnelEncoder] = []
    for number in 0..<streams {
      encoders.append(
        try RunnelEncoder(
          StreamDescription(stream: "bench\(number)", rate: rate, channels: channels, synthetic: true), epoch: 1,
          element: .int16))
    }
    let payload = Self.payload(rows: rowsPerMessage, channels: channels.count)
    var messages: Int64 = 0
    while true {
      let order = orders.withLock { $0.isEmpty ? nil : $0.removeFirst() }
      switch order {
      case .open:
        for number in encoders.indices {
          try encoders[number].withDescription { try send($0, socket) }
          try self.send(&encoders[number], payload, socket)
        }
        messages = 1
      case .send(let interval, let seconds):
        try sendAll(&encoders, payload, socket, interval: interval, seconds: seconds, messages: &messages)
      case .stop: return
      case nil: usleep(1000)
      }
      if orders.withLock({ $0.isEmpty }) { isIdle.store(true, ordering: .sequentiallyConsistent) }
    }
  }

  private func sendAll(
    _ encoders: inout [RunnelEncoder], _ payload: [Int16], _ socket: borrowing Socket, interval: Double,
    seconds: Double,
    messages: inout Int64
  ) throws {
    let start = clock.monotonic() + 1_000_000
    let plan = LoadSchedule(
      start: start, first: messages, interval: interval, streams: streams, rows: rowsPerMessage)
    schedule.withLock { $0 = plan }
    let end = start + Int64(seconds * 1e9)
    while true {
      for number in encoders.indices {
        if interval > 0 {
          let due = plan.due(message: messages, stream: number)
          wait(until: due)
        }
        try send(&encoders[number], payload, socket)
      }
      messages += 1
      if interval > 0 ? plan.due(message: messages, stream: 0) >= end : clock.monotonic() >= end { return }
    }
  }

  /// Sleeps while that is exact enough, and looks at the clock for the rest.
  private func wait(until due: Int64) {
    while true {
      let left = due - clock.monotonic()
      guard left > 0 else { return }
      if left > 200_000 { usleep(UInt32(min(left - 100_000, 100_000_000) / 1000)) } else { sched_yield() }
    }
  }

  private func send(_ encoder: inout RunnelEncoder, _ payload: [Int16], _ socket: borrowing Socket) throws {
    while sent.load(ordering: .relaxed) - used.load(ordering: .acquiring) >= window { usleep(50) }
    try payload.withUnsafeBytes { payload in
      try encoder.withSamples(payload, rows: rowsPerMessage) { try send($0, socket) }
    }
    sent.add(1, ordering: .relaxed)
  }

  private func send(_ parts: MessageParts, _ socket: borrowing Socket) throws {
    while try socket.send(parts) != .sent { usleep(100) }
  }

  /// Samples and descriptions.
  private func awaitSubscriptions(_ socket: borrowing Socket) throws {
    var receiver = MultipartReceiver()
    var poller = Poller()
    _ = poller.add(socket)
    var seen = 0
    while seen < 2, try poller.wait(milliseconds: 5000) > 0 {
      while case .message = try receiver.receive(from: socket) { seen += 1 }
    }
  }

  /// About a millivolt of noise with a spike now and then, 200 steps to the millivolt.
  private static func payload(rows: Int, channels: Int) -> [Int16] {
    var random = SeededGenerator(seed: 1)
    return (0..<rows * channels).map { Int16(60 * random.uniform()) + ($0 / channels % 300 < 9 ? 180 : 0) }
  }
}
