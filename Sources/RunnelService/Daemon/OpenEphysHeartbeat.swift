import RunnelCore
import RunnelZeroMQ

/// Tells Open Ephys's ZMQ Interface that somebody listens, at the port after the data port, so that the GUI shows runnel
/// among its clients (docs/foreign-formats.md §2). Data flow whether or not it hears of us: no answer is waited for.
///
///     {"application": "runnel", "uuid": "…", "type": "heartbeat"}          every 2 s
///
/// The GUI answers on a REP socket; a DEALER with an empty delimiter speaks to it without a lockstep to fall out of.
final class OpenEphysHeartbeat {
  private let socket: Socket
  private var receiver = MultipartReceiver()
  private let request: [UInt8]
  private var next: Int64 = 0

  /// The GUI calls a client dead after 5 s.
  private static let interval: Int64 = 2_000_000_000

  /// Nil where the endpoint has no port after it: another transport than tcp, or the last one.
  init?(of address: EndpointAddress, input: InputConfiguration, context: ZeroMQContext) throws {
    guard case .tcp(let host, let port?) = address.transport, port < .max else { return nil }
    var options = SocketOptions(for: .dealer)
    options.apply(input.socket)
    // An old heartbeat is none: only what a connection takes at once is sent, and little of it.
    options.immediate = true
    options.sendHighWater = 1
    options.linger = .zero
    socket = try Socket(.dealer, in: context, options: options)
    var random = SystemRandomNumberGenerator()
    request = Array("{\"application\":\"runnel\",\"uuid\":\"\(Self.uuid(&random))\",\"type\":\"heartbeat\"}".utf8)
    try socket.connect("tcp://\(host):\(port + 1)")
  }

  /// Sends what is due, and forgets the answers.
  func beat(now: Int64) throws(ZeroMQError) {
    guard now >= next else { return }
    while case .message = try receiver.receive(from: socket) {}
    let result = try request.withUnsafeBufferPointer { (request: UnsafeBufferPointer<UInt8>) throws(ZeroMQError) in
      try socket.send(UnsafeRawBufferPointer(start: nil, count: 0), UnsafeRawBufferPointer(request))
    }
    // Where nobody is connected yet it is due again at the next turn.
    if result == .sent { next = now + Self.interval }
  }

  /// Version 4 (RFC 9562): 122 random bits.
  private static func uuid(_ random: inout some RandomNumberGenerator) -> String {
    let digits = (0..<32).map { place in
      let digit = UInt8.random(in: 0...15, using: &random)
      return String(place == 12 ? 4 : place == 16 ? 8 | digit & 3 : digit, radix: 16)
    }.joined()
    let ends = [8, 12, 16, 20, 32]
    return zip([0] + ends, ends).map { start, end in
      String(digits.dropFirst(start).prefix(end - start))
    }.joined(separator: "-")
  }
}
