import RunnelWire
import RunnelZeroMQ

/// Listens to everything at one endpoint for a while.
///
///     let probe = try EndpointProbe("tcp://127.0.0.1:5556")
///     let discovery = try probe.listen(seconds: 5)
///
/// With `.pull` it takes messages away from the publisher's other readers, for PUSH gives each message to one of them.
public final class EndpointProbe {
  public let endpoint: String
  private let kind: SocketKind
  private let bound: Bool
  private let context = ZeroMQContext()
  private let socket: Socket
  private var monitor: SocketMonitor
  private var receiver = MultipartReceiver()
  private let clock: Clock

  /// Messages taken before clock and signals are looked at again.
  private static let turn = 256

  /// - Throws: `ServiceError`: 64 for an endpoint that cannot be, 69 for one that cannot be had.
  public init(
    _ endpoint: String, kind: SocketKind = .sub, bind: Bool = false, clock: Clock = .system
  ) throws(ServiceError) {
    precondition(kind == .sub || kind == .pull, "SUB and PULL listen to streams")
    self.kind = kind
    bound = bind
    self.clock = clock
    do throws(ZeroMQError) {
      var options = SocketOptions(for: kind)
      // A publisher that is being started is caught within the usual five seconds.
      options.reconnectMaximum = .milliseconds(500)
      socket = try Socket(kind, in: context, options: options)
      monitor = try SocketMonitor(of: socket, in: context)
      if kind == .sub { try socket.subscribe("") }
      self.endpoint = try bind ? socket.bind(endpoint) : socket.connect(endpoint)
    } catch { throw ServiceError(error) }
  }

  /// Listens until the time is over, `stop` becomes readable, or `enough` says so; it is asked after each message.
  public func listen(
    seconds: Double, stop: Int32? = nil, enough: (Discoverer) -> Bool = { _ in false }
  ) throws(ServiceError) -> Discovery {
    var discoverer = Discoverer()
    var peer = PeerStatus()
    let start = clock.monotonic()
    do throws(ZeroMQError) {
      try listen(until: start + Int64(seconds * 1e9), stop, enough, &discoverer, &peer)
    } catch { throw ServiceError(error) }
    let listened = Double((clock.monotonic() - start) / 1_000_000) / 1000
    return Discovery(
      endpoint: endpoint, kind: kind, bound: bound, seconds: min(listened, seconds), peer: peer,
      discoverer: discoverer)
  }

  private func listen(
    until end: Int64, _ stop: Int32?, _ enough: (Discoverer) -> Bool, _ discoverer: inout Discoverer,
    _ peer: inout PeerStatus
  ) throws(ZeroMQError) {
    var poller = Poller()
    let arriving = poller.add(socket)
    let connections = poller.add(monitor)
    let stopping = stop.map { poller.add(fileDescriptor: $0) }
    while true {
      let now = clock.monotonic()
      guard now < end else { return }
      try poller.wait(milliseconds: Int((end - now + 999_999) / 1_000_000))
      if let stopping, poller.ready(stopping).contains(.readable) { return }
      if poller.ready(connections).contains(.readable) {
        while let report = try monitor.next() { peer.note(report.event) }
      }
      if poller.ready(arriving).contains(.readable), try !receive(&discoverer, enough) {
        // The greeting came before the first message, though both may be read in one turn.
        while let report = try monitor.next() { peer.note(report.event) }
        return
      }
    }
  }

  private func receive(_ discoverer: inout Discoverer, _ enough: (Discoverer) -> Bool) throws(ZeroMQError) -> Bool {
    for _ in 0..<Self.turn {
      switch try receiver.receive(from: socket) {
      case .nothing: return true
      case .message(let parts): discoverer.take(parts, at: clock.monotonic())
      case .tooManyParts: discoverer.noteTooManyParts()
      }
      if enough(discoverer) { return false }
    }
    return true
  }
}
