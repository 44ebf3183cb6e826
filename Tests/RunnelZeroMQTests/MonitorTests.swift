import Glibc
import RunnelTesting
import RunnelZeroMQ
import Testing

@Suite struct MonitorTests {
  private let context = ZeroMQContext()

  @Test func `a bound socket tells of its peers' coming and going`() throws {
    let publisher = try Socket(.xpub, in: context)
    var monitor = try SocketMonitor(of: publisher, in: context)
    let endpoint = try publisher.bind("tcp://127.0.0.1:*")
    #expect(try Meeting.report(of: &monitor) { $0 == .listening }.endpoint == endpoint)
    do {
      let subscriber = try Socket(.sub, in: context)
      try subscriber.connect(endpoint)
      try Meeting.report(of: &monitor) { $0 == .accepted }
      #expect(try Meeting.report(of: &monitor) { $0 == .handshakeSucceeded }.endpoint == endpoint)
      #expect(monitor.counts[endpoint]?.established == 1)
    }
    try Meeting.report(of: &monitor) { $0 == .disconnected }
    let counts = try #require(monitor.counts[endpoint])
    #expect(counts.connected == 1 && counts.handshakesSucceeded == 1 && counts.disconnected == 1)
    #expect(counts.established == 0)
  }

  @Test func `a connecting socket tells of each attempt, and of success at last`() throws {
    // A port that was free a moment ago.
    let endpoint = try Socket(.xpub, in: context).bind("tcp://127.0.0.1:*")
    var options = SocketOptions(for: .sub)
    options.reconnectMinimum = .milliseconds(10)
    options.reconnectMaximum = .milliseconds(20)
    let subscriber = try Socket(.sub, in: context, options: options)
    var monitor = try SocketMonitor(of: subscriber, in: context)
    try subscriber.connect(endpoint)
    try Meeting.report(of: &monitor) { if case .connectRetried = $0 { true } else { false } }

    let publisher = try Socket(.xpub, in: context)
    try publisher.bind(endpoint)
    #expect(try Meeting.report(of: &monitor) { $0 == .handshakeSucceeded }.endpoint == endpoint)
    #expect(monitor.counts[endpoint].map { $0.retried > 0 && $0.established == 1 } == true)
  }

  @Test func `a connection by host name is reported under the endpoint that connect returned`() throws {
    let publisher = try Socket(.xpub, in: context)
    let port = try #require(try publisher.bind("tcp://127.0.0.1:*").split(separator: ":").last)
    let subscriber = try Socket(.sub, in: context)
    var monitor = try SocketMonitor(of: subscriber, in: context)
    let endpoint = try subscriber.connect("tcp://localhost:\(port)")
    #expect(try Meeting.report(of: &monitor) { $0 == .handshakeSucceeded }.endpoint == endpoint)
  }

  @Test func `a connection is known by its peer's address until it ends`() throws {
    let publisher = try Socket(.xpub, in: context)
    var monitor = try SocketMonitor(of: publisher, in: context)
    let endpoint = try publisher.bind("tcp://127.0.0.1:*")
    do {
      let subscriber = try Socket(.sub, in: context)
      var other = try SocketMonitor(of: subscriber, in: context)
      try subscriber.connect(endpoint)
      try Meeting.report(of: &other) { $0 == .handshakeSucceeded }
      try Meeting.report(of: &monitor) { $0 == .handshakeSucceeded }
      let connection = try #require(monitor.connections.first)
      #expect(monitor.connections.count == 1 && connection.endpoint == endpoint)
      #expect(connection.peer.hasPrefix("127.0.0.1:") && connection.unsentBytes != nil)
      #expect(other.connections.map(\.peer) == [String(endpoint.dropFirst("tcp://".count))])
    }
    try Meeting.report(of: &monitor) { $0 == .disconnected }
    #expect(monitor.connections.isEmpty)
  }

  @Test func `the peer of an ipc connection is known by its process`() throws {
    let folder = TemporaryFolder()
    let publisher = try Socket(.xpub, in: context)
    var monitor = try SocketMonitor(of: publisher, in: context)
    let subscriber = try Socket(.sub, in: context)
    try subscriber.connect(try publisher.bind("ipc://\(folder.path)/samples"))
    try Meeting.report(of: &monitor) { $0 == .handshakeSucceeded }
    #expect(monitor.connections.map(\.peer) == ["process \(getpid())"])
    #expect(monitor.connections.first?.unsentBytes != nil)
  }

  @Test func `two kinds that do not fit fail their handshake, with the remedy`() throws {
    let publisher = try Socket(.xpub, in: context)
    var monitor = try SocketMonitor(of: publisher, in: context)
    let endpoint = try publisher.bind("tcp://127.0.0.1:*")
    let puller = try Socket(.pull, in: context)
    try puller.connect(endpoint)
    let report = try Meeting.report(of: &monitor) { if case .handshakeFailed = $0 { true } else { false } }
    guard case .handshakeFailed(let failure) = report.event else { return }
    #expect(failure == .kinds && failure.explanation.contains("PULL with PUSH"))
    #expect(monitor.counts[endpoint]?.handshakesFailed == 1)
  }

  @Test func `a misfit beside a good peer does not disturb the count`() throws {
    let publisher = try Socket(.xpub, in: context)
    var monitor = try SocketMonitor(of: publisher, in: context)
    let endpoint = try publisher.bind("tcp://127.0.0.1:*")
    do {
      let subscriber = try Socket(.sub, in: context)
      try subscriber.connect(endpoint)
      try Meeting.report(of: &monitor) { $0 == .handshakeSucceeded }
      let puller = try Socket(.pull, in: context)
      try puller.connect(endpoint)
      try Meeting.report(of: &monitor) { $0 == .handshakeFailed(.kinds) }
      #expect(monitor.counts[endpoint]?.established == 1)
      puller.close()
    }
    try Meeting.report(of: &monitor) { $0 == .disconnected }
    #expect(monitor.counts[endpoint]?.established == 0)
  }

  @Test func `something that is not ZeroMQ fails its handshake`() throws {
    // libzmq waits for the rest of what could be an old greeting.
    var options = SocketOptions(for: .xpub)
    options.handshakeInterval = .milliseconds(50)
    let publisher = try Socket(.xpub, in: context, options: options)
    var monitor = try SocketMonitor(of: publisher, in: context)
    let endpoint = try publisher.bind("tcp://127.0.0.1:*")
    let port = try #require(UInt16(endpoint.split(separator: ":").last!))
    try PlainClient.send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", toLoopbackPort: port)
    try Meeting.report(of: &monitor) { if case .handshakeFailed = $0 { true } else { false } }
    #expect(monitor.counts[endpoint]?.handshakesFailed == 1)
  }

  @Test func `a peer that never greets is let go after the handshake interval`() throws {
    var options = SocketOptions(for: .xpub)
    options.handshakeInterval = .milliseconds(20)
    let publisher = try Socket(.xpub, in: context, options: options)
    var monitor = try SocketMonitor(of: publisher, in: context)
    let endpoint = try publisher.bind("tcp://127.0.0.1:*")
    let port = try #require(UInt16(endpoint.split(separator: ":").last!))
    let silent = try PlainClient.connect(toLoopbackPort: port)
    defer { close(silent) }
    try Meeting.report(of: &monitor) { if case .handshakeFailed = $0 { true } else { false } }
  }

  @Test func `a monitor may end before its socket, which works on`() throws {
    let puller = try Socket(.pull, in: context)
    do { _ = try SocketMonitor(of: puller, in: context) }
    let endpoint = try puller.bind("tcp://127.0.0.1:*")
    var options = SocketOptions(for: .push)
    options.immediate = false
    let pusher = try Socket(.push, in: context, options: options)
    try pusher.connect(endpoint)
    _ = try pusher.send(text: "unwatched")
    #expect(try Meeting.message(of: puller) == [bytes("unwatched")])
  }

  @Test func `a watched socket does not hold up the end of its context`() throws {
    let ending = ZeroMQContext()
    do {
      let publisher = try Socket(.xpub, in: ending)
      var monitor = try SocketMonitor(of: publisher, in: ending)
      let subscriber = try Socket(.sub, in: ending)
      try subscriber.connect(try publisher.bind("tcp://127.0.0.1:*"))
      try Meeting.report(of: &monitor) { $0 == .handshakeSucceeded }
      ending.shutDown()
    }
    #expect(ending.terminate(within: .seconds(10)))
  }

  @Test func `a monitor may outlive its socket, and says that it is gone`() throws {
    let puller = try Socket(.pull, in: context)
    var monitor = try SocketMonitor(of: puller, in: context)
    puller.close()
    try Meeting.report(of: &monitor) { $0 == .stopped }
  }
}

/// A tcp client that knows nothing of ZeroMQ.
enum PlainClient {
  static func send(_ text: String, toLoopbackPort port: UInt16) throws {
    let descriptor = try connect(toLoopbackPort: port)
    defer { close(descriptor) }
    _ = write(descriptor, text, text.utf8.count)
    // The listener answers with its greeting; read until it hangs up.
    var answer = [UInt8](repeating: 0, count: 256)
    while read(descriptor, &answer, answer.count) > 0 {}
  }

  static func connect(toLoopbackPort port: UInt16) throws -> Int32 {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    let result = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    guard result == 0 else { throw Meeting.Missed() }
    return descriptor
  }
}
