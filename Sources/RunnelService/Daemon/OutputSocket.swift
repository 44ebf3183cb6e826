import RunnelZeroMQ

/// A socket for labels, and the endpoint at which subscribers find it.
final class OutputSocket {
  let socket: Socket
  let endpoint: String

  init(_ output: OutputConfiguration, context: ZeroMQContext) throws {
    let kind: SocketKind =
      switch output.kind {
      case .xpub: .xpub
      case .pub: .pub
      case .push: .push
      }
    var options = SocketOptions(for: kind)
    options.apply(output.socket)
    socket = try Socket(kind, in: context, options: options)
    var first = ""
    for address in output.socket.endpoints {
      let reached = try socket.attach(output.socket.attachment, address.text)
      if first.isEmpty { first = reached }
    }
    endpoint = first
  }

  /// Subscriptions taken at once: whoever sends them without end does not keep the samples waiting.
  static let mostSubscriptions = 256

  /// Hears who subscribed and who left, at most so many; what waits longer wakes the loop again.
  func hear(
    atMost limit: Int = mostSubscriptions, with receiver: inout MultipartReceiver, _ body: (Subscription) -> Void
  ) throws(ZeroMQError) {
    for _ in 0..<limit {
      guard case .message(let parts) = try receiver.receive(from: socket) else { return }
      if let subscription = Subscription(parts) { body(subscription) }
    }
  }
}

extension SocketOptions {
  /// A queue is configured in bytes and libzmq counts messages; a message of runnel is a kilobyte or more.
  mutating func apply(_ configuration: SocketConfiguration) {
    ipv6 = configuration.ipv6
    keepalive = configuration.keepalive
    reconnectMinimum = .seconds(configuration.reconnect.lowerBound)
    reconnectMaximum = .seconds(configuration.reconnect.upperBound)
    let messages = max(16, min(configuration.queueBytes / 1024, 1 << 20))
    sendHighWater = messages
    receiveHighWater = messages
  }
}
