import Glibc
import RunnelCore
import RunnelService
import RunnelWire
import RunnelZeroMQ
import Synchronization

/// Clocks whose hands the test turns.
final class ManualClock: Sendable {
  private let now = Mutex<Int64>(1_000_000_000)

  func advance(milliseconds: Int64) { now.withLock { $0 += milliseconds * 1_000_000 } }

  /// Unix time stands still: an epoch must grow all the same.
  var clock: Clock {
    Clock(monotonic: { [self] in now.withLock { $0 } }, unix: { 1_700_000_000_000_000_000 })
  }
}

/// Rows that count: sample k of the session is k, in i16 as far as it goes.
final class RampSource: SampleSource {
  let description: StreamDescription
  let element = ElementType.int16
  let first: Int64
  let rowCount: Int64?
  let start: Int64?
  private var given = 0
  private var buffer: [Int16] = []

  init(
    rows: Int?, first: Int64 = 0, channels: Int = 3, rate: Double = 1000, start: Int64? = nil, stream: String = "ramp"
  ) {
    description = StreamDescription(
      stream: stream, rate: rate, channels: (0..<channels).map { Channel(name: "c\($0)", unit: "mV") })
    self.first = first
    rowCount = rows.map { Int64($0) }
    self.start = start
  }

  /// Row by row, as they are given.
  func samples(rows: Range<Int>) -> [Int16] {
    let width = description.channels.count
    var samples: [Int16] = []
    samples.reserveCapacity(rows.count * width)
    var next = rows.lowerBound * width
    while next < rows.upperBound * width {
      let place = next & 0xFFFF
      let piece = Self.period[place..<min(0x10000, place + rows.upperBound * width - next)]
      samples.append(contentsOf: piece)
      next += piece.count
    }
    return samples
  }

  private static let period = (0..<0x10000).map { Int16(truncatingIfNeeded: $0) }

  func next(rows count: Int) -> UnsafeRawBufferPointer {
    let rows = min(count, rowCount.map { Int($0) - given } ?? count)
    buffer = samples(rows: given..<given + rows)
    given += rows
    return buffer.withUnsafeBytes { $0 }
  }

  var nextIndex: Int64 { first + Int64(given) }

  func rewind() { given = 0 }
}

/// What these tests wait with: until a fact is there. The limit only turns a hang into a failure.
struct Missed: Error {
  var state = ""
}

/// A subscriber that decodes what it takes and keeps it.
final class Listener {
  struct Chunk: Equatable {
    var epoch: UInt64
    var sequence: UInt64
    var first: Int64
    var time: Int64?
    var samples: [Int16]
  }

  enum Heard: Equatable {
    case description(StreamDescription)
    case samples(Chunk)
    case heartbeat(nextSequence: UInt64, nextIndex: Int64)
    case end(epoch: UInt64, nextSequence: UInt64, nextIndex: Int64)
  }

  let socket: Socket
  var monitor: SocketMonitor
  private(set) var heard: [Heard] = []
  private var receiver = MultipartReceiver()
  private let decoder = RunnelDecoder()

  init(_ endpoint: String, in context: ZeroMQContext, highWater: Int = 4096, topics: [String] = ["s/", "m/"]) throws {
    var options = SocketOptions(for: .sub)
    options.receiveHighWater = highWater
    // One that reads nothing for long is not to be cut off by its own pings.
    options.heartbeatInterval = .zero
    socket = try Socket(.sub, in: context, options: options)
    monitor = try SocketMonitor(of: socket, in: context)
    for topic in topics { try socket.subscribe(topic) }
    try socket.connect(endpoint)
  }

  /// Takes what waits, at most so many messages.
  func take(atMost limit: Int = .max) throws {
    for _ in 0..<limit {
      guard case .message(let parts) = try receiver.receive(from: socket) else { return }
      switch try decoder.decode(parts) {
      case .description(let description): heard.append(.description(description))
      case .heartbeat(let beat):
        heard.append(.heartbeat(nextSequence: beat.nextSequence, nextIndex: beat.nextIndex))
      case .kept, .ignored: break
      case .end(let end):
        heard.append(.end(epoch: end.epoch, nextSequence: end.nextSequence, nextIndex: end.nextIndex))
      case .samples(let message):
        let payload = message.chunk.payload
        let values = [Int16](unsafeUninitializedCapacity: payload.count / 2) { buffer, count in
          UnsafeMutableRawBufferPointer(buffer).copyMemory(from: payload)
          count = payload.count / 2
        }
        heard.append(
          .samples(
            Chunk(
              epoch: message.epoch!, sequence: message.sequence!, first: message.first!, time: message.timestamp,
              samples: values)))
      }
    }
  }

  var chunks: [Chunk] { heard.compactMap { if case .samples(let chunk) = $0 { chunk } else { nil } } }
  var descriptions: Int { heard.count { if case .description = $0 { true } else { false } } }
  var ends: Int { heard.count { if case .end = $0 { true } else { false } } }
  var samples: [Int16] { chunks.flatMap(\.samples) }

  /// Its own end of the connection, as the publisher names it.
  func address() throws -> String {
    while try monitor.next() != nil {}
    guard let connection = monitor.connections.first else { throw Missed() }
    var address = sockaddr_in()
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let result = withUnsafeMutablePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(connection.descriptor, $0, &length) }
    }
    guard result == 0 else { throw Missed() }
    return "127.0.0.1:\(UInt16(bigEndian: address.sin_port))"
  }
}

extension SamplePublisher {
  /// Turns until a fact is there; `between` is what the others do meanwhile.
  func turn(until fact: () -> Bool, _ between: () throws -> Void = {}) throws {
    let deadline = Clock.system.monotonic() + 30_000_000_000
    while !fact() {
      guard Clock.system.monotonic() < deadline else { throw Missed(state: "\(phase): \(report)") }
      try turn(within: 1)
      try between()
    }
  }

  /// A publisher of a free port.
  static func onAnyPort(
    _ source: any SampleSource, speed: PublishSpeed = .max, subscribers: Int = 0, loops: Bool = false,
    chunk: Int? = nil, isLive: Bool = false, queueBytes: Int = 16 << 20, clock: Clock, context: ZeroMQContext
  ) throws -> SamplePublisher {
    try SamplePublisher(
      source,
      Settings(
        endpoint: "tcp://127.0.0.1:*", speed: speed, subscribers: subscribers, loops: loops, chunk: chunk,
        isLive: isLive, queueBytes: queueBytes), clock: clock, context: context)
  }
}
