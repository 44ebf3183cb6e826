import RunnelWire
import RunnelZeroMQ

/// Somebody who listens to a daemon's labels.
final class LabelSubscriber {
  private let context = ZeroMQContext()
  private let socket: Socket
  private var receiver = MultipartReceiver()
  private var poller = Poller()
  private let entry: Poller.Entry
  /// Labels, events and statuses that have come, heartbeats left out.
  private(set) var labels: [LabelMessage] = []

  /// Connects, and returns when the daemon's socket has answered: the subscription was sent with the greeting.
  init(_ endpoint: String) throws {
    socket = try Socket(.sub, in: context)
    var monitor = try SocketMonitor(of: socket, in: context)
    try socket.subscribe("l/")
    try socket.connect(endpoint)
    var meeting = Poller()
    _ = meeting.add(monitor)
    let deadline = ContinuousClock.now + Program.limit
    waiting: while true {
      try meeting.wait(milliseconds: 1000)
      while let report = try monitor.next() { if report.event == .handshakeSucceeded { break waiting } }
      guard ContinuousClock.now < deadline else { throw Program.Failed(description: "nobody at \(endpoint)") }
    }
    entry = poller.add(socket)
  }

  /// Receives until the labels are enough.
  func receive(_ what: String, until areEnough: ([LabelMessage]) -> Bool) throws {
    let deadline = ContinuousClock.now + Program.limit
    while !areEnough(labels) {
      try poller.wait(milliseconds: 1000)
      while case .message(let parts) = try receiver.receive(from: socket) {
        let label = try LabelDecoder().decode(parts)
        if label.kind != .heartbeat { labels.append(label) }
      }
      guard ContinuousClock.now < deadline else {
        throw Program.Failed(description: "\(what): only \(labels.count) label messages came")
      }
    }
  }

  /// In canonical form, as `runnel label` prints them.
  var canonical: [String] {
    var encoder = LabelEncoder(canonical: true)
    return labels.filter(\.isCanonical).map { encoder.text($0) }
  }
}

extension LabelMessage {
  var isEnd: Bool { if case .status(.end, _) = kind { true } else { false } }
}
