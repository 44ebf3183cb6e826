import Glibc
import RunnelZeroMQ
import Synchronization
import Testing

@Suite struct PollerTests {
  private let context = ZeroMQContext()

  private final class Pipe {
    let read: Int32
    let write: Int32

    init() throws {
      var ends: [Int32] = [0, 0]
      try #require(pipe(&ends) == 0)
      (read, write) = (ends[0], ends[1])
    }

    func fill() { _ = Glibc.write(write, "!", 1) }

    deinit {
      close(read)
      close(write)
    }
  }

  @Test func `nothing ready is 0 after the time`() throws {
    var poller = Poller()
    let socket = try Socket(.pull, in: context)
    let entry = poller.add(socket)
    #expect(try poller.wait(milliseconds: 0) == 0)
    #expect(try poller.wait(milliseconds: 5) == 0)
    #expect(poller.ready(entry) == [])
  }

  @Test func `a descriptor and a socket are watched at once`() throws {
    let pipe = try Pipe()
    let puller = try Socket(.pull, in: context)
    let pusher = try Socket(.push, in: context)
    try pusher.connect(try puller.bind("inproc://poller"))
    var poller = Poller()
    let messages = poller.add(puller)
    let stop = poller.add(fileDescriptor: pipe.read)

    _ = try pusher.send(text: "message")
    #expect(try poller.wait(milliseconds: Meeting.limit) == 1)
    #expect(poller.ready(messages) == .readable && poller.ready(stop) == [])

    pipe.fill()
    #expect(try poller.wait(milliseconds: Meeting.limit) == 2)
    #expect(poller.ready(messages) == .readable && poller.ready(stop) == .readable)
  }

  @Test func `what was not read stays ready`() throws {
    let puller = try Socket(.pull, in: context)
    let pusher = try Socket(.push, in: context)
    try pusher.connect(try puller.bind("inproc://half-read"))
    var poller = Poller()
    var receiver = MultipartReceiver()
    let entry = poller.add(puller)
    for text in ["first", "second"] { _ = try pusher.send(text: text) }
    for _ in 0..<2 {
      #expect(try poller.wait(milliseconds: Meeting.limit) == 1)
      #expect(try poller.wait(milliseconds: 0) == 1 && poller.ready(entry) == .readable)
      guard case .message = try receiver.receive(from: puller) else {
        Issue.record("nothing to receive")
        return
      }
    }
    #expect(try poller.wait(milliseconds: 0) == 0)
  }

  @Test func `a message is seen whose news something else has taken off the descriptor`() throws {
    let puller = try Socket(.pull, in: context)
    let pusher = try Socket(.push, in: context)
    try pusher.connect(try puller.bind("inproc://taken"))
    var poller = Poller()
    _ = poller.add(puller)
    #expect(try poller.wait(milliseconds: 0) == 0)
    _ = try pusher.send(text: "message")
    // libzmq looks after its news before it binds.
    try puller.bind("inproc://taken-again")
    #expect(try poller.wait(milliseconds: 0) == 1)
  }

  @Test func `no message is slept over, however few are taken at once`() throws {
    let puller = try Socket(.pull, in: context)
    let endpoint = try puller.bind("inproc://slept-over")
    let count = 20_000
    let context = context
    Worker.run {
      guard let pusher = try? Socket(.push, in: context), (try? pusher.connect(endpoint)) != nil else { return }
      var sent = 0
      while sent < count {
        if (try? pusher.send(text: "message")) == .sent { sent += 1 } else { sched_yield() }
        if sent % 7 == 0 { sched_yield() }
      }
    }
    var poller = Poller()
    var receiver = MultipartReceiver()
    _ = poller.add(puller)
    var received = 0
    while received < count, try poller.wait(milliseconds: Meeting.limit) > 0 {
      for _ in 0...(received % 3) { if case .message = try receiver.receive(from: puller) { received += 1 } }
    }
    #expect(received == count)
  }

  @Test func `an entry can rest and be woken`() throws {
    let pipe = try Pipe()
    pipe.fill()
    var poller = Poller()
    let entry = poller.add(fileDescriptor: pipe.read)
    poller.change(entry, to: [])
    #expect(try poller.wait(milliseconds: 0) == 0)
    poller.change(entry, to: .readable)
    #expect(try poller.wait(milliseconds: 0) == 1)
  }

  @Test func `a removed entry is forgotten and its place used again`() throws {
    let pipe = try Pipe()
    pipe.fill()
    var poller = Poller()
    let first = poller.add(fileDescriptor: pipe.read)
    poller.remove(first)
    #expect(try poller.wait(milliseconds: 0) == 0)
    let second = poller.add(fileDescriptor: pipe.read)
    #expect(try poller.wait(milliseconds: 0) == 1)
    #expect(first == second && poller.ready(second) == .readable)
  }

  @Test func `a writer that has gone is told`() throws {
    var ends: [Int32] = [0, 0]
    try #require(pipe(&ends) == 0)
    defer { close(ends[0]) }
    close(ends[1])
    var poller = Poller()
    let entry = poller.add(fileDescriptor: ends[0])
    #expect(try poller.wait(milliseconds: Meeting.limit) == 1)
    #expect(poller.ready(entry).contains(.failed))
  }

  @Test func `a signal does not end a wait before its time`() async throws {
    // SIGWINCH: ignored by default, so that no other thread of the tests minds it.
    var action = sigaction()
    action.__sigaction_handler.sa_handler = { _ in }
    sigaction(SIGWINCH, &action, nil)
    let took: Duration = await withCheckedContinuation { continuation in
      Worker.run {
        let waiting = pthread_self()
        let ended = Flag()
        Worker.run {
          while !ended.value.load(ordering: .acquiring) {
            pthread_kill(waiting, SIGWINCH)
            sched_yield()
          }
          ended.seen.store(true, ordering: .releasing)
        }
        var poller = Poller()
        let start = ContinuousClock.now
        let ready = try? poller.wait(milliseconds: 100)
        let took = ContinuousClock.now - start
        ended.value.store(true, ordering: .releasing)
        while !ended.seen.load(ordering: .acquiring) { sched_yield() }
        continuation.resume(returning: ready == 0 ? took : .zero)
      }
    }
    #expect(took >= .milliseconds(95))
  }

  private final class Flag: Sendable {
    let value = Atomic(false)
    let seen = Atomic(false)
  }
}
