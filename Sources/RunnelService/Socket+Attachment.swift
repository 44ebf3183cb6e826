import RunnelZeroMQ

extension Socket {
  /// Binds or connects, as the configuration or the command says.
  ///
  /// - Returns: the endpoint as peers reach it.
  func attach(_ attachment: SocketConfiguration.Attachment, _ endpoint: String) throws(ZeroMQError) -> String {
    switch attachment {
    case .bind: try bind(endpoint)
    case .connect: try connect(endpoint)
    }
  }
}

extension SocketOptions {
  /// Of who publishes and throws nothing away: it hears of every subscription, and a full queue makes it wait.
  ///
  /// - Parameter queue: messages towards one subscriber.
  static func publisher(queue: Int) -> SocketOptions {
    var options = SocketOptions(for: .xpub)
    options.verbose = true
    options.noDrop = true
    options.sendHighWater = queue
    // A peer whose reading is paused answers no ping either: it would be cut off, and what was sent to it lost. Whether
    // its machine lives is the kernel's keepalive to find out.
    options.heartbeatInterval = .zero
    options.linger = .seconds(2)
    return options
  }
}
