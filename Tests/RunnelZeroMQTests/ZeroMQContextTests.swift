import Glibc
import RunnelZeroMQ
import Synchronization
import Testing

@Suite struct ZeroMQContextTests {
  @Test func `an unsent message holds the end up for no longer than the linger`() throws {
    let context = ZeroMQContext()
    do {
      var options = SocketOptions(for: .push)
      options.immediate = false
      options.linger = .milliseconds(50)
      let socket = try Socket(.push, in: context, options: options)
      // Nobody listens at the discard port.
      try socket.connect("tcp://127.0.0.1:9")
      #expect(try socket.send(text: "never arrives") == .sent)
    }
    let start = ContinuousClock.now
    #expect(context.terminate(within: .seconds(10)))
    let took = ContinuousClock.now - start
    #expect(took > .milliseconds(20) && took < .seconds(5))
  }

  @Test func `what was sent before closing arrives within the linger`() throws {
    let context = ZeroMQContext()
    let puller = try Socket(.pull, in: context)
    let endpoint = try puller.bind("tcp://127.0.0.1:*")
    var options = SocketOptions(for: .push)
    options.immediate = false
    options.linger = .seconds(10)
    let pusher = try Socket(.push, in: context, options: options)
    try pusher.connect(endpoint)
    _ = try pusher.send(text: "last words")
    pusher.close()
    #expect(try Meeting.message(of: puller) == [bytes("last words")])
  }

  @Test func `an open socket does not hang the end, it is reported`() throws {
    let context = ZeroMQContext()
    let socket = try Socket(.sub, in: context)
    #expect(!context.terminate(within: .milliseconds(20)))
    #expect(throws: ZeroMQError.self) { try socket.connect("tcp://127.0.0.1:9") }
  }

  @Test func `ending twice is no mistake`() {
    let context = ZeroMQContext()
    #expect(context.terminate(within: .seconds(10)))
    #expect(context.terminate(within: .zero))
    context.shutDown()
  }

  @Test func `a context let go of with its sockets ends by itself`() throws {
    weak var ended: ZeroMQContext?
    do {
      let context = ZeroMQContext()
      ended = context
      let socket = try Socket(.xpub, in: context)
      try socket.bind("tcp://127.0.0.1:*")
    }
    #expect(ended == nil)
  }

  @Test func `a wait on another thread comes back when the context is shut down`() async throws {
    let context = ZeroMQContext()
    let outcome: ZeroMQError.Reason? = await withCheckedContinuation { continuation in
      Worker.run {
        do {
          let socket = try Socket(.sub, in: context)
          var poller = Poller()
          _ = poller.add(socket)
          try poller.wait(milliseconds: Meeting.limit)
          continuation.resume(returning: nil)
        } catch {
          continuation.resume(returning: (error as? ZeroMQError)?.reason)
        }
      }
      // Whether the wait has begun or is about to does not matter: both must end.
      Worker.run { context.shutDown() }
    }
    #expect(outcome == .contextTerminated)
    #expect(context.terminate(within: .seconds(10)))
  }
}

/// A plain thread, as the daemon uses them for sockets.
enum Worker {
  private final class Box {
    let body: @Sendable () -> Void
    init(_ body: @escaping @Sendable () -> Void) { self.body = body }
  }

  @discardableResult
  static func run(_ body: @escaping @Sendable () -> Void) -> pthread_t {
    var thread = pthread_t()
    pthread_create(
      &thread, nil,
      { argument in
        Unmanaged<Box>.fromOpaque(argument!).takeRetainedValue().body()
        return nil
      }, Unmanaged.passRetained(Box(body)).toOpaque())
    pthread_detach(thread)
    return thread
  }
}
