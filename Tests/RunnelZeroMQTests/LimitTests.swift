import RunnelZeroMQ
import Testing

/// What a socket does when something is full or too large.
@Suite struct LimitTests {
  private let context = ZeroMQContext()

  private func options(_ kind: SocketKind, highWater: Int) -> SocketOptions {
    var options = SocketOptions(for: kind)
    options.sendHighWater = highWater
    options.receiveHighWater = highWater
    return options
  }

  private func drain(_ socket: borrowing Socket) throws -> [[UInt8]] {
    var receiver = MultipartReceiver()
    var bodies: [[UInt8]] = []
    while case .message(let parts) = try receiver.receive(from: socket) { bodies.append(Array(parts[parts.count - 1])) }
    return bodies
  }

  @Test func `a full subscriber loses the newest messages, and the publisher goes on`() throws {
    let publisher = try Socket(.xpub, in: context, options: options(.xpub, highWater: 5))
    let subscriber = try Socket(.sub, in: context, options: options(.sub, highWater: 5))
    // Over inproc both high-water marks add up, and no kernel buffer blurs them.
    try subscriber.connect(try publisher.bind("inproc://full"))
    try subscriber.subscribe("")
    _ = try Meeting.subscription(at: publisher)
    for number in 0..<100 { #expect(try publisher.send(text: "topic", "\(number)") == .sent) }
    #expect(try drain(subscriber) == (0..<10).map { bytes("\($0)") })
  }

  @Test func `a publisher that must not drop is told to wait, and loses nothing`() throws {
    var sending = options(.xpub, highWater: 5)
    sending.noDrop = true
    let publisher = try Socket(.xpub, in: context, options: sending)
    let subscriber = try Socket(.sub, in: context, options: options(.sub, highWater: 5))
    try subscriber.connect(try publisher.bind("tcp://127.0.0.1:*"))
    try subscriber.subscribe("")
    _ = try Meeting.subscription(at: publisher)
    let padding = String(repeating: "x", count: 50_000)
    var accepted = 0
    while accepted < 100_000, try publisher.send(text: "topic", padding, "\(accepted)") == .sent { accepted += 1 }
    #expect(accepted < 100_000)

    var heard: [[UInt8]] = []
    while heard.count < accepted { heard.append(try Meeting.message(of: subscriber)[2]) }
    #expect(heard == (0..<accepted).map { bytes("\($0)") })
    #expect(try publisher.send(text: "topic", padding, "on") == .sent)
  }

  @Test func `a full PULL makes PUSH wait`() throws {
    let puller = try Socket(.pull, in: context, options: options(.pull, highWater: 3))
    let pusher = try Socket(.push, in: context, options: options(.push, highWater: 3))
    try pusher.connect(try puller.bind("inproc://full"))
    var accepted = 0
    while accepted < 100, try pusher.send(text: "\(accepted)") == .sent { accepted += 1 }
    #expect(accepted == 6)
    #expect(try drain(puller).count == 6)
    #expect(try pusher.send(text: "on") == .sent)
  }

  @Test func `a peer whose message is too large is disconnected, and others are not`() throws {
    var small = SocketOptions(for: .pull)
    small.maximumMessageSize = 1000
    let puller = try Socket(.pull, in: context, options: small)
    var monitor = try SocketMonitor(of: puller, in: context)
    let endpoint = try puller.bind("tcp://127.0.0.1:*")

    let rude = try Socket(.push, in: context)
    try rude.connect(endpoint)
    try Meeting.report(of: &monitor) { $0 == .handshakeSucceeded }
    try writable(rude)
    _ = try rude.send(text: String(repeating: "x", count: 1001))
    try Meeting.report(of: &monitor) { $0 == .disconnected }
    try rude.disconnect(endpoint)

    let polite = try Socket(.push, in: context)
    try polite.connect(endpoint)
    try writable(polite)
    _ = try polite.send(text: String(repeating: "x", count: 1000))
    #expect(try Meeting.message(of: puller)[0].count == 1000)
  }

  @Test func `a subscription too large for a publisher disconnects`() throws {
    let publisher = try Socket(.xpub, in: context)
    var monitor = try SocketMonitor(of: publisher, in: context)
    let subscriber = try Socket(.sub, in: context)
    try subscriber.connect(try publisher.bind("tcp://127.0.0.1:*"))
    try subscriber.subscribe(String(repeating: "x", count: 70_000))
    try Meeting.report(of: &monitor) { $0 == .disconnected }
  }

  private func writable(_ socket: borrowing Socket) throws {
    var poller = Poller()
    _ = poller.add(socket, for: .writable)
    guard try poller.wait(milliseconds: Meeting.limit) == 1 else { throw Meeting.Missed() }
  }
}
