import RunnelCore
import RunnelZeroMQ

/// What these tests wait with: until a fact is there, never for a time. The limit only turns a hang into a failure.
enum Meeting {
  static let limit = 10_000

  struct Missed: Error {}

  /// The next message of a socket, as arrays of bytes.
  static func message(of socket: borrowing Socket) throws -> [[UInt8]] {
    var receiver = MultipartReceiver()
    return try message(of: socket, with: &receiver) { parts in (0..<parts.count).map { Array(parts[$0]) } }
  }

  static func message<Result>(
    of socket: borrowing Socket, with receiver: inout MultipartReceiver, _ read: (MessageParts) -> Result
  ) throws -> Result {
    try readable(socket)
    guard case .message(let parts) = try receiver.receive(from: socket) else { throw Missed() }
    return read(parts)
  }

  static func readable(_ socket: borrowing Socket) throws {
    var poller = Poller()
    let entry = poller.add(socket)
    guard try poller.wait(milliseconds: limit) == 1, poller.ready(entry) == .readable else { throw Missed() }
  }

  /// The next subscription that a publisher sees.
  static func subscription(at socket: borrowing Socket) throws -> Subscription {
    var receiver = MultipartReceiver()
    let subscription = try message(of: socket, with: &receiver) { Subscription($0) }
    guard let subscription else { throw Missed() }
    return subscription
  }

  /// Reads reports until one fits.
  @discardableResult
  static func report(
    of monitor: inout SocketMonitor, until fits: (ConnectionEvent) -> Bool
  ) throws -> SocketMonitor.Report {
    var poller = Poller()
    _ = poller.add(monitor)
    while try poller.wait(milliseconds: limit) > 0 {
      while let report = try monitor.next() {
        if fits(report.event) { return report }
      }
    }
    throw Missed()
  }
}

extension Socket {
  func send(text: String...) throws -> SendResult {
    for (index, part) in text.enumerated() {
      let result = try Array(part.utf8).withUnsafeBytes { try send($0, more: index + 1 < text.count) }
      guard result == .sent else { return result }
    }
    return .sent
  }
}

func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }
