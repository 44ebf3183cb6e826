import CZeroMQ

/// libzmq's socket, and what must be known of it beside libzmq's own state. Of one thread; somebody else closes it.
final class RawSocket {
  let pointer: UnsafeMutableRawPointer
  /// Becomes readable when libzmq has news for an idle socket (ZMQ_FD).
  let descriptor: Int32
  /// Its monitor may only end what still is open.
  var isOpen = true
  /// The last part sent said that more follow.
  var isMidMessage = false
  /// Nothing was there to read when libzmq was asked last, and nothing was done with the socket since: what comes next
  /// shows in its descriptor. All else that is done with it may take news off the descriptor, unseen.
  var isIdle = false

  init(_ type: Int32, in context: ZeroMQContext) throws(ZeroMQError) {
    let opened = try context.open(type)
    var descriptor: Int32 = -1
    var size = MemoryLayout<Int32>.size
    guard zmq_getsockopt(opened, ZMQ_FD, &descriptor, &size) == 0 else {
      let error = ZeroMQError.last("open a socket")
      zmq_close(opened)
      throw error
    }
    pointer = opened
    self.descriptor = descriptor
  }

  func apply(_ options: SocketOptions, to kind: SocketKind) throws(ZeroMQError) {
    precondition(options.sendHighWater > 0 && options.receiveHighWater > 0, "0 would mean an unlimited queue")
    precondition(options.maximumMessageSize > 0, "-1 would mean unlimited messages")
    precondition(options.reconnectMinimum > .zero, "0 would connect in a tight loop")
    try set(ZMQ_SNDHWM, Int32(clamping: options.sendHighWater))
    try set(ZMQ_RCVHWM, Int32(clamping: options.receiveHighWater))
    try set(ZMQ_LINGER, options.linger.milliseconds)
    try set64(ZMQ_MAXMSGSIZE, Int64(options.maximumMessageSize))
    try set(ZMQ_HEARTBEAT_IVL, options.heartbeatInterval.milliseconds)
    try set(ZMQ_HEARTBEAT_TIMEOUT, options.heartbeatTimeout.milliseconds)
    try set(ZMQ_HEARTBEAT_TTL, options.heartbeatTimeToLive.milliseconds)
    try set(ZMQ_HANDSHAKE_IVL, options.handshakeInterval.milliseconds)
    try set(ZMQ_TCP_KEEPALIVE, options.keepalive ? 1 : 0)
    try set(ZMQ_TCP_KEEPALIVE_IDLE, options.keepaliveIdle.milliseconds / 1000)
    try set(ZMQ_TCP_KEEPALIVE_INTVL, options.keepaliveInterval.milliseconds / 1000)
    try set(ZMQ_TCP_KEEPALIVE_CNT, Int32(clamping: options.keepaliveCount))
    try set(ZMQ_IPV6, options.ipv6 ? 1 : 0)
    try set(ZMQ_RECONNECT_IVL, options.reconnectMinimum.milliseconds)
    try set(ZMQ_RECONNECT_IVL_MAX, options.reconnectMaximum.milliseconds)
    try set(ZMQ_IMMEDIATE, options.immediate ? 1 : 0)
    if kind == .xpub {
      try set(ZMQ_XPUB_VERBOSE, options.verbose ? 1 : 0)
      try set(ZMQ_XPUB_NODROP, options.noDrop ? 1 : 0)
    }
    if kind == .router { try set(ZMQ_ROUTER_MANDATORY, options.mandatory ? 1 : 0) }
  }

  func set(_ option: Int32, _ value: Int32) throws(ZeroMQError) {
    let result = withUnsafeBytes(of: value) { zmq_setsockopt(pointer, option, $0.baseAddress, $0.count) }
    guard result == 0 else { throw .last("set option \(option) to \(value)") }
  }

  func set64(_ option: Int32, _ value: Int64) throws(ZeroMQError) {
    let result = withUnsafeBytes(of: value) { zmq_setsockopt(pointer, option, $0.baseAddress, $0.count) }
    guard result == 0 else { throw .last("set option \(option) to \(value)") }
  }

  func get(_ option: Int32) throws(ZeroMQError) -> Int32 {
    var value: Int32 = 0
    var size = MemoryLayout<Int32>.size
    guard zmq_getsockopt(pointer, option, &value, &size) == 0 else { throw .last("read option \(option)") }
    return value
  }

  /// What can be done with the socket now, as bits of ZMQ_POLLIN and ZMQ_POLLOUT.
  func events() throws(ZeroMQError) -> Int32 {
    let events = try get(ZMQ_EVENTS)
    isIdle = events & ZMQ_POLLIN == 0
    return events
  }

  func get64(_ option: Int32) throws(ZeroMQError) -> Int64 {
    var value: Int64 = 0
    var size = MemoryLayout<Int64>.size
    guard zmq_getsockopt(pointer, option, &value, &size) == 0 else { throw .last("read option \(option)") }
    return value
  }
}
