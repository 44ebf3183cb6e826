import CZeroMQ
import Glibc
import RunnelCore

/// One ZeroMQ socket, with every option of `SocketOptions` set. It cannot be copied, is closed when it goes out of
/// scope, and belongs to the one thread that uses it.
///
///     let labels = try Socket(.xpub, in: context)
///     let endpoint = try labels.bind("tcp://127.0.0.1:*")     // "tcp://127.0.0.1:40721"
///     if try labels.send(topic, body) == .wouldBlock { … }
///
/// Nothing here waits: a full queue is a value, and `Poller` is the place to wait. Receiving is `MultipartReceiver`'s.
public struct Socket: ~Copyable {
  let raw: RawSocket
  /// Held so that the context outlives its sockets.
  private let context: ZeroMQContext
  public let kind: SocketKind

  public init(_ kind: SocketKind, in context: ZeroMQContext, options: SocketOptions? = nil) throws(ZeroMQError) {
    let opened = try RawSocket(kind.type, in: context)
    do throws(ZeroMQError) { try opened.apply(options ?? SocketOptions(for: kind), to: kind) } catch {
      zmq_close(opened.pointer)
      throw error
    }
    raw = opened
    self.kind = kind
    self.context = context
  }

  deinit {
    raw.isOpen = false
    zmq_close(raw.pointer)
  }

  /// Closes now; what is unsent lives for the linger.
  public consuming func close() {}

  /// Listens. The result is the endpoint as peers reach it, with the port that `*` became.
  @discardableResult
  public func bind(_ text: String) throws(ZeroMQError) -> String {
    let endpoint = try Endpoint(text, for: .bind)
    if let path = endpoint.path { try SocketFile(path).makeFree(for: text) }
    if endpoint.isIPv6Literal { try raw.set(ZMQ_IPV6, 1) }
    raw.isIdle = false
    guard zmq_bind(raw.pointer, text) == 0 else { throw .last("bind", text) }
    return try lastEndpoint()
  }

  /// Connects in the background, now and again after each loss. The result is the endpoint in libzmq's own words,
  /// under which `SocketMonitor` reports it.
  @discardableResult
  public func connect(_ text: String) throws(ZeroMQError) -> String {
    let endpoint = try Endpoint(text, for: .connect)
    if endpoint.isIPv6Literal { try raw.set(ZMQ_IPV6, 1) }
    raw.isIdle = false
    guard zmq_connect(raw.pointer, text) == 0 else { throw .last("connect to", text) }
    return try lastEndpoint()
  }

  /// Stops listening at an endpoint that `bind` returned.
  public func unbind(_ endpoint: String) throws(ZeroMQError) {
    raw.isIdle = false
    guard zmq_unbind(raw.pointer, endpoint) == 0 else { throw .last("unbind", endpoint) }
  }

  public func disconnect(_ endpoint: String) throws(ZeroMQError) {
    raw.isIdle = false
    guard zmq_disconnect(raw.pointer, endpoint) == 0 else { throw .last("disconnect from", endpoint) }
  }

  /// SUB: topics that begin with these bytes; `""` is every topic, and `s/bed7/` is not `s/bed70/`.
  public func subscribe(_ prefix: String) throws(ZeroMQError) { try setPrefix(ZMQ_SUBSCRIBE, prefix) }

  public func unsubscribe(_ prefix: String) throws(ZeroMQError) { try setPrefix(ZMQ_UNSUBSCRIBE, prefix) }

  private func setPrefix(_ option: Int32, _ prefix: String) throws(ZeroMQError) {
    precondition(kind == .sub, "only a SUB socket subscribes")
    raw.isIdle = false
    var prefix = prefix
    let result = prefix.withUTF8 { zmq_setsockopt(raw.pointer, option, $0.baseAddress, $0.count) }
    guard result == 0 else { throw .last("subscribe") }
  }
}

/// What became of a message.
public enum SendResult: Sendable, Equatable {
  /// Queued towards its peers. (PUB and XPUB: or dropped for those subscribers whose queue is full.)
  case sent
  /// A queue is full, or no peer is there; nothing was queued, the whole message may be tried again.
  case wouldBlock
  /// ROUTER: no peer has this identity (any more).
  case unroutable
}

extension Socket {
  /// Sends one part, copied; `more` says that the message goes on. A message is queued whole or not at all: when its
  /// first part was taken the others are, unless the peer vanishes meanwhile; then libzmq takes the earlier parts back
  /// and the message begins anew.
  public func send(_ part: UnsafeRawBufferPointer, more: Bool = false) throws(ZeroMQError) -> SendResult {
    var result = try offer(part, more)
    if result == .wouldBlock && !raw.isMidMessage {
      // libzmq looks for news of emptied queues once in a while only, unless it is asked what it could do.
      _ = try raw.events()
      result = try offer(part, more)
    }
    raw.isMidMessage = more && result == .sent
    return result
  }

  private func offer(_ part: UnsafeRawBufferPointer, _ more: Bool) throws(ZeroMQError) -> SendResult {
    raw.isIdle = false
    while zmq_send(raw.pointer, part.baseAddress, part.count, ZMQ_DONTWAIT | (more ? ZMQ_SNDMORE : 0)) == -1 {
      switch zmq_errno() {
      case EINTR: continue
      case EAGAIN: return .wouldBlock
      case EHOSTUNREACH: return .unroutable
      default: throw .last("send")
      }
    }
    return .sent
  }

  /// Sends a whole message of two or three parts, without a list of them.
  public func send(
    _ first: UnsafeRawBufferPointer, _ second: UnsafeRawBufferPointer, _ third: UnsafeRawBufferPointer?
  ) throws(ZeroMQError) -> SendResult {
    var result = try send(first, more: true)
    if result == .sent { result = try send(second, more: third != nil) }
    if result == .sent, let third { result = try send(third) }
    return result
  }

  /// Sends a whole message. A result other than `.sent` means that no part of it went out.
  public func send(_ parts: UnsafeRawBufferPointer...) throws(ZeroMQError) -> SendResult {
    try send(parts: parts)
  }

  public func send(parts: [UnsafeRawBufferPointer]) throws(ZeroMQError) -> SendResult {
    precondition(!parts.isEmpty, "a message has at least one part")
    for (index, part) in parts.enumerated() {
      let result = try send(part, more: index + 1 < parts.count)
      guard result == .sent else { return result }
    }
    return .sent
  }

  /// Sends the parts of a received or kept message on, byte for byte.
  public func send(_ message: MessageParts) throws(ZeroMQError) -> SendResult {
    for index in 0..<message.count {
      let result = try send(message[index], more: index + 1 < message.count)
      guard result == .sent else { return result }
    }
    return .sent
  }
}
