import CZeroMQ
import Glibc
import Synchronization

/// Tells what happens to the connections of one socket, and counts it per endpoint.
///
///     var monitor = try SocketMonitor(of: socket, in: context)
///     try socket.connect("tcp://127.0.0.1:5556")
///     let entry = poller.add(monitor)
///     while let report = try monitor.next() { log(report.endpoint, report.event) }
///
/// Begin it before bind and connect, or their first events are missed. It belongs to the thread of its socket; either
/// may end first. The reports must be read: after 65536 unread ones libzmq's I/O thread waits, the only policy it has.
/// A peer can cause them at will, so whoever logs them limits the rate.
public struct SocketMonitor: ~Copyable {
  public struct Report: Sendable, Hashable {
    public let event: ConnectionEvent
    /// The endpoint of our socket, as `bind` and `connect` returned it.
    public let endpoint: String
  }

  /// Endpoints counted one by one; those beyond are counted together under `""`.
  public static let endpointLimit = 256

  let raw: RawSocket
  private let context: ZeroMQContext
  private let watched: RawSocket
  public private(set) var counts: [String: ConnectionCounts] = [:]
  /// The tcp and ipc connections that stand or greet, as far as reports have been read; oldest first.
  public private(set) var connections: [PeerConnection] = []

  public init(of socket: borrowing Socket, in context: ZeroMQContext) throws(ZeroMQError) {
    let name = "inproc://runnel-monitor-\(Self.serial.wrappingAdd(1, ordering: .relaxed).newValue)"
    let opened = try RawSocket(ZMQ_PAIR, in: context)
    do throws(ZeroMQError) {
      try opened.set(ZMQ_LINGER, 0)
      try opened.set(ZMQ_RCVHWM, 65536)
      guard zmq_socket_monitor(socket.raw.pointer, name, ZMQ_EVENT_ALL) == 0, zmq_connect(opened.pointer, name) == 0
      else { throw .last("watch a socket") }
    } catch {
      zmq_close(opened.pointer)
      throw error
    }
    raw = opened
    watched = socket.raw
    self.context = context
  }

  deinit {
    // libzmq's I/O thread would wait for ever to report to nobody, and every connection with it.
    if watched.isOpen {
      while zmq_recv(raw.pointer, nil, 0, ZMQ_DONTWAIT) >= 0 {}
      zmq_socket_monitor(watched.pointer, nil, 0)
    }
    zmq_close(raw.pointer)
  }

  /// The next report, if one waits; counted when it is read.
  public mutating func next() throws(ZeroMQError) -> Report? {
    while true {
      // First part: u16 event, u32 value in host order; second part: the endpoint.
      var head: (UInt16, UInt16, UInt16) = (0, 0, 0)
      guard try receive(&head, count: 6) == 6 else { return nil }
      let endpoint = try receiveText()
      let value = Int32(truncatingIfNeeded: UInt32(head.1) | UInt32(head.2) << 16)
      guard let event = ConnectionEvent(number: Int32(head.0), value: value) else { continue }
      follow(event, descriptor: value, endpoint: endpoint)
      let known = counts[endpoint] != nil || counts.count < Self.endpointLimit
      let counted = counts[known ? endpoint : "", default: ConnectionCounts()].count(event, descriptor: value)
      if let counted { return Report(event: counted, endpoint: endpoint) }
    }
  }

  private mutating func follow(_ event: ConnectionEvent, descriptor: Int32, endpoint: String) {
    switch event {
    case .accepted, .connected:
      // A number that comes again was closed in between.
      connections.removeAll { $0.descriptor == descriptor }
      connections.append(PeerConnection(descriptor: descriptor, endpoint: endpoint))
    case .disconnected: connections.removeAll { $0.descriptor == descriptor }
    default: break
    }
  }

  private func receiveText() throws(ZeroMQError) -> String {
    var failure: ZeroMQError?
    let text = String(unsafeUninitializedCapacity: 512) { buffer in
      do throws(ZeroMQError) {
        return min(buffer.count, try receive(buffer.baseAddress!, count: buffer.count) ?? 0)
      } catch {
        failure = error
        return 0
      }
    }
    if let failure { throw failure }
    return text
  }

  /// The length of the part, or nil where none waits.
  private func receive(_ buffer: UnsafeMutableRawPointer, count: Int) throws(ZeroMQError) -> Int? {
    while true {
      let length = zmq_recv(raw.pointer, buffer, count, ZMQ_DONTWAIT)
      raw.isIdle = false
      if length >= 0 { return Int(length) }
      switch zmq_errno() {
      case EINTR: continue
      case EAGAIN:
        raw.isIdle = true
        return nil
      default: throw .last("read what happened to a socket")
      }
    }
  }

  private static let serial = Atomic<Int>(0)
}
