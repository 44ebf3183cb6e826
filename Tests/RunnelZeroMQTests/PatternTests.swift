import RunnelCore
import RunnelTesting
import RunnelZeroMQ
import Testing

/// Each pattern of socket, over each transport, between real sockets.
@Suite struct PatternTests {
  private let context = ZeroMQContext()
  private let folder = TemporaryFolder()

  enum Transport: CaseIterable {
    case tcp
    case ipc
    case inproc
  }

  private func endpoint(_ transport: Transport) -> String {
    switch transport {
    case .tcp: "tcp://127.0.0.1:*"
    case .ipc: "ipc://\(folder.path)/socket"
    case .inproc: "inproc://socket"
    }
  }

  @Test(arguments: Transport.allCases)
  func `bind says where it can be reached`(transport: Transport) throws {
    let socket = try Socket(.pull, in: context)
    let bound = try socket.bind(endpoint(transport))
    switch transport {
    case .tcp:
      #expect(bound.hasPrefix("tcp://127.0.0.1:") && !bound.hasSuffix(":*") && !bound.hasSuffix(":0"))
    case .ipc, .inproc: #expect(bound == endpoint(transport))
    }
  }

  @Test(arguments: Transport.allCases)
  func `what was pushed is pulled in order`(transport: Transport) throws {
    let puller = try Socket(.pull, in: context)
    var options = SocketOptions(for: .push)
    options.immediate = false
    let pusher = try Socket(.push, in: context, options: options)
    try pusher.connect(try puller.bind(endpoint(transport)))
    for number in 0..<100 { #expect(try pusher.send(text: "\(number)") == .sent) }
    for number in 0..<100 { #expect(try Meeting.message(of: puller) == [bytes("\(number)")]) }
  }

  @Test(arguments: Transport.allCases)
  func `a publisher that saw the subscription is heard from the first message on`(transport: Transport) throws {
    let publisher = try Socket(.xpub, in: context)
    let subscriber = try Socket(.sub, in: context)
    try subscriber.connect(try publisher.bind(endpoint(transport)))
    try subscriber.subscribe("s/bed7/")
    let subscription = try Meeting.subscription(at: publisher)
    #expect(subscription.begins && subscription.text == "s/bed7/")
    _ = try publisher.send(text: "s/bed70/", "not for us")
    _ = try publisher.send(text: "s/bed7/", "for us")
    #expect(try Meeting.message(of: subscriber) == [bytes("s/bed7/"), bytes("for us")])
  }

  @Test func `a subscriber that connects later is heard of too, though the topic is the same`() throws {
    let publisher = try Socket(.xpub, in: context)
    let endpoint = try publisher.bind("tcp://127.0.0.1:*")
    for _ in 0..<3 {
      let subscriber = try Socket(.sub, in: context)
      try subscriber.connect(endpoint)
      try subscriber.subscribe("l/")
      #expect(try Meeting.subscription(at: publisher) == Subscription(begins: true, prefix: "l/"))
      // Said to this one; the next comes only after it was heard.
      _ = try publisher.send(text: "l/", "last label")
      #expect(try Meeting.message(of: subscriber) == [bytes("l/"), bytes("last label")])
      try subscriber.unsubscribe("l/")
      #expect(try Meeting.subscription(at: publisher) == Subscription(begins: false, prefix: "l/"))
    }
  }

  @Test func `a publisher of kind PUB is heard`() throws {
    let publisher = try Socket(.pub, in: context)
    let probe = try Socket(.xpub, in: context)
    let subscriber = try Socket(.sub, in: context)
    try subscriber.subscribe("")
    try subscriber.connect(try publisher.bind("inproc://pub"))
    try subscriber.connect(try probe.bind("inproc://xpub"))
    // Over inproc a subscription is in the pipe when connect returns; PUB reads it before it sends.
    _ = try publisher.send(text: "topic", "body")
    #expect(try Meeting.message(of: subscriber) == [bytes("topic"), bytes("body")])
  }

  @Test(arguments: Transport.allCases)
  func `a dealer asks and a router answers whom it was asked by`(transport: Transport) throws {
    let router = try Socket(.router, in: context)
    let dealer = try Socket(.dealer, in: context)
    try dealer.connect(try router.bind(endpoint(transport)))
    #expect(try dealer.send(text: "", "RQ") == .sent)
    let request = try Meeting.message(of: router)
    #expect(request.count == 3 && request[1] == [] && request[2] == bytes("RQ"))
    let answer = try request[0].withUnsafeBytes { identity in
      try bytes("EN").withUnsafeBytes { try router.send(identity, UnsafeRawBufferPointer(start: nil, count: 0), $0) }
    }
    #expect(answer == .sent)
    #expect(try Meeting.message(of: dealer) == [[], bytes("EN")])
  }

  @Test func `a router says when nobody has that identity`() throws {
    let router = try Socket(.router, in: context)
    try router.bind("tcp://127.0.0.1:*")
    #expect(try router.send(text: "nobody", "", "EN") == .unroutable)
  }

  @Test func `a message without a peer would block, and nothing of it is queued`() throws {
    let pusher = try Socket(.push, in: context)
    let endpoint = try pusher.bind("tcp://127.0.0.1:*")
    #expect(try pusher.send(text: "too", "early") == .wouldBlock)

    let puller = try Socket(.pull, in: context)
    try puller.connect(endpoint)
    var poller = Poller()
    let entry = poller.add(pusher, for: .writable)
    #expect(try poller.wait(milliseconds: Meeting.limit) == 1)
    #expect(poller.ready(entry) == .writable)
    #expect(try pusher.send(text: "in time") == .sent)
    #expect(try Meeting.message(of: puller) == [bytes("in time")])
  }

  @Test func `IPv6 loopback works where the machine has it`() throws {
    let puller = try Socket(.pull, in: context)
    guard let endpoint = try? puller.bind("tcp://[::1]:*") else { return }
    let pusher = try Socket(.push, in: context)
    try pusher.connect(endpoint)
    var poller = Poller()
    _ = poller.add(pusher, for: .writable)
    #expect(try poller.wait(milliseconds: Meeting.limit) == 1)
    #expect(try pusher.send(text: "six") == .sent)
    #expect(try Meeting.message(of: puller) == [bytes("six")])
  }
}
