import CZeroMQ
import Glibc

extension Socket {
  /// The options in force, asked of libzmq one by one; those that it cannot be asked for (verbose, noDrop and
  /// mandatory) stand at their defaults.
  public func readOptions() throws(ZeroMQError) -> SocketOptions {
    var options = SocketOptions(for: kind)
    options.sendHighWater = Int(try raw.get(ZMQ_SNDHWM))
    options.receiveHighWater = Int(try raw.get(ZMQ_RCVHWM))
    options.linger = .milliseconds(try raw.get(ZMQ_LINGER))
    options.maximumMessageSize = Int(try raw.get64(ZMQ_MAXMSGSIZE))
    options.heartbeatInterval = .milliseconds(try raw.get(ZMQ_HEARTBEAT_IVL))
    options.heartbeatTimeout = .milliseconds(try raw.get(ZMQ_HEARTBEAT_TIMEOUT))
    options.heartbeatTimeToLive = .milliseconds(try raw.get(ZMQ_HEARTBEAT_TTL))
    options.handshakeInterval = .milliseconds(try raw.get(ZMQ_HANDSHAKE_IVL))
    options.keepalive = try raw.get(ZMQ_TCP_KEEPALIVE) == 1
    options.keepaliveIdle = .seconds(try raw.get(ZMQ_TCP_KEEPALIVE_IDLE))
    options.keepaliveInterval = .seconds(try raw.get(ZMQ_TCP_KEEPALIVE_INTVL))
    options.keepaliveCount = Int(try raw.get(ZMQ_TCP_KEEPALIVE_CNT))
    options.ipv6 = try raw.get(ZMQ_IPV6) == 1
    options.reconnectMinimum = .milliseconds(try raw.get(ZMQ_RECONNECT_IVL))
    options.reconnectMaximum = .milliseconds(try raw.get(ZMQ_RECONNECT_IVL_MAX))
    options.immediate = try raw.get(ZMQ_IMMEDIATE) == 1
    return options
  }

  /// Shortens or lengthens the linger before the end.
  public func setLinger(_ linger: Duration) throws(ZeroMQError) { try raw.set(ZMQ_LINGER, linger.milliseconds) }

  /// The endpoint that was bound or connected last, in libzmq's own words.
  func lastEndpoint() throws(ZeroMQError) -> String {
    // An ipc path has at most 107 bytes, an inproc name at most 255.
    var length = 512
    var failed = false
    let text = String(unsafeUninitializedCapacity: length) { buffer in
      failed = zmq_getsockopt(raw.pointer, ZMQ_LAST_ENDPOINT, buffer.baseAddress, &length) != 0
      return failed ? 0 : max(0, length - 1)  // the final zero is counted
    }
    if failed { throw .last("read the endpoint") }
    return text
  }
}

extension SocketKind {
  var type: Int32 {
    switch self {
    case .sub: ZMQ_SUB
    case .xpub: ZMQ_XPUB
    case .pub: ZMQ_PUB
    case .pull: ZMQ_PULL
    case .push: ZMQ_PUSH
    case .router: ZMQ_ROUTER
    case .dealer: ZMQ_DEALER
    }
  }
}
