import Glibc
import RunnelService
import Testing

/// One after the other, because a process has one handler for a signal.
@Suite(.serialized) struct StopSignalTests {
  private func isReadable(_ descriptor: Int32, within milliseconds: Int32) -> Bool {
    var item = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    while true {
      let count = poll(&item, 1, milliseconds)
      if count >= 0 { return count == 1 }
    }
  }

  /// Delivers to this thread before it returns. The threads that tests run on block signals, so that has to end first.
  private func deliver(_ number: Int32) {
    var mask = sigset_t()
    sigemptyset(&mask)
    sigaddset(&mask, number)
    var former = sigset_t()
    pthread_sigmask(SIG_UNBLOCK, &mask, &former)
    raise(number)
    pthread_sigmask(SIG_SETMASK, &former, nil)
  }

  @Test(arguments: StopSignal.Signal.allCases)
  func `a signal makes the descriptor readable and is taken once`(signal: StopSignal.Signal) throws {
    let stop = try StopSignal()
    #expect(stop.next() == nil && !isReadable(stop.fileDescriptor, within: 0))
    kill(getpid(), signal.rawValue)
    #expect(isReadable(stop.fileDescriptor, within: 10_000))
    #expect(stop.next() == signal)
    #expect(stop.next() == nil)
  }

  @Test func `signals are told in their order`() throws {
    let stop = try StopSignal()
    deliver(SIGINT)
    deliver(SIGTERM)
    deliver(SIGINT)
    #expect([stop.next(), stop.next(), stop.next(), stop.next()] == [.interrupt, .terminate, .interrupt, nil])
  }

  @Test func `a flood of signals neither hangs nor is lost entirely`() throws {
    let stop = try StopSignal()
    for _ in 0..<70_000 { deliver(SIGTERM) }
    #expect(stop.next() == .terminate)
  }

  @Test func `a signal ignored at start stays ignored, and another can be set up afterwards`() throws {
    let former = signal(SIGHUP, SIG_IGN)
    defer { signal(SIGHUP, former) }
    do {
      let stop = try StopSignal()
      deliver(SIGHUP)
      #expect(stop.next() == nil)
    }
    let again = try StopSignal()
    deliver(SIGTERM)
    #expect(again.next() == .terminate)
  }

  @Test func `what signals did before is restored`() throws {
    let former = signal(SIGHUP, { _ in })
    defer { signal(SIGHUP, former) }
    func handler() -> UInt {
      var action = sigaction()
      sigaction(SIGHUP, nil, &action)
      return unsafeBitCast(action.__sigaction_handler.sa_handler, to: UInt.self)
    }
    let before = handler()
    do {
      let stop = try StopSignal()
      #expect(handler() != before && stop.fileDescriptor >= 0)
    }
    #expect(handler() == before)
  }
}
