import RunnelCore
import RunnelWire
import RunnelZeroMQ

/// One endpoint of one input: its socket, what watches its connections, and how its messages are read.
final class InputSocket: InputReader {
  let socket: Socket
  var monitor: SocketMonitor
  /// Messages that one connection may have waiting in the socket.
  let queueMessages: Int
  /// Where this input's streams are admitted.
  let intake: Int
  /// Of Open Ephys, where the configuration wants it.
  private let heartbeat: OpenEphysHeartbeat?

  init(
    _ input: InputConfiguration, endpoint address: EndpointAddress, number: Int, intake: Int, context: ZeroMQContext
  ) throws {
    self.intake = intake
    let kind: SocketKind = input.kind == .sub ? .sub : .pull
    var options = SocketOptions(for: kind)
    options.apply(input.socket)
    queueMessages = options.receiveHighWater
    let socket = try Socket(kind, in: context, options: options)
    monitor = try SocketMonitor(of: socket, in: context)
    if kind == .sub { for prefix in Self.prefixes(input) { try socket.subscribe(prefix) } }
    let isHeard = input.format == .openephys && input.heartbeat && input.socket.attachment == .connect
    heartbeat = isHeard ? try OpenEphysHeartbeat(of: address, input: input, context: context) : nil
    let endpoint = try socket.attach(input.socket.attachment, address.text)
    self.socket = socket
    super.init(input, endpoint: endpoint, number: number)
  }

  /// Time passes.
  func tick(now: Int64) throws(ZeroMQError) { try heartbeat?.beat(now: now) }
}
