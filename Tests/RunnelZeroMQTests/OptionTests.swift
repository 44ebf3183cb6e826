import RunnelZeroMQ
import Testing

@Suite struct OptionTests {
  private let context = ZeroMQContext()

  @Test(arguments: SocketKind.allCases)
  func `every socket has the options we chose, not those of the library`(kind: SocketKind) throws {
    let socket = try Socket(kind, in: context)
    #expect(try socket.readOptions() == SocketOptions(for: kind))
  }

  @Test(arguments: SocketKind.allCases)
  func `every option set is read back`(kind: SocketKind) throws {
    var options = SocketOptions(for: kind)
    options.sendHighWater = 11
    options.receiveHighWater = 12
    options.linger = .milliseconds(13)
    options.maximumMessageSize = 5_000_000_000
    options.heartbeatInterval = .milliseconds(1400)
    options.heartbeatTimeout = .milliseconds(1500)
    options.heartbeatTimeToLive = .milliseconds(1600)
    options.handshakeInterval = .milliseconds(1700)
    options.keepalive.toggle()
    options.keepaliveIdle = .seconds(18)
    options.keepaliveInterval = .seconds(19)
    options.keepaliveCount = 20
    options.ipv6.toggle()
    options.reconnectMinimum = .milliseconds(21)
    options.reconnectMaximum = .milliseconds(2200)
    options.immediate.toggle()
    let socket = try Socket(kind, in: context, options: options)
    #expect(try socket.readOptions() == options)
  }

  @Test func `linger can be changed later`() throws {
    let socket = try Socket(.push, in: context)
    try socket.setLinger(.milliseconds(7))
    #expect(try socket.readOptions().linger == .milliseconds(7))
  }

  @Test func `a literal IPv6 address turns IPv6 on`() throws {
    let socket = try Socket(.sub, in: context)
    try socket.connect("tcp://[::1]:5556")
    #expect(try socket.readOptions().ipv6)
  }
}
