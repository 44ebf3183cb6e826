import RunnelCore
import RunnelZeroMQ
import Testing

/// Messages of bytes that nothing makes smaller.
final class NoisyPublisher {
  private let context = ZeroMQContext()
  private let socket: Socket

  init(to endpoint: String) throws {
    socket = try Socket(.xpub, in: context)
    try socket.connect(endpoint)
    var poller = Poller()
    _ = poller.add(socket)
    guard try poller.wait(milliseconds: 10_000) == 1 else {
      throw Program.Failed(description: "nobody subscribes at \(endpoint)")
    }
  }

  func send(messages: Int, bytes: Int) {
    var random = SeededGenerator(seed: 1)
    for _ in 0..<messages {
      let data = (0..<bytes).map { _ in UInt8(random.below(256)) }
      let result = data.withUnsafeBytes { try? socket.send($0) }
      #expect(result == .sent)
    }
  }
}
