import CZeroMQ
import Glibc
import Synchronization

/// The owner of libzmq's context: its I/O threads and the namespace of `inproc://`.
///
///     let context = ZeroMQContext()
///     let labels = try Socket(.xpub, in: context)
///     …
///     context.shutDown()                       // sockets waiting on other threads come back with an error
///     context.terminate(within: .seconds(3))   // false: some thread still has a socket open
///
/// A socket keeps its context alive, and every socket has a finite linger, so merely letting go of all of them ends
/// everything too, within the longest linger. It is not delivery: what a peer has not taken by then is lost.
public final class ZeroMQContext: Sendable {
  /// libzmq's context may be used by all threads at once.
  private struct Pointer: @unchecked Sendable {
    let raw: UnsafeMutableRawPointer
  }
  private struct State: Sendable {
    var context: Pointer?
    var accepts = true
  }
  private let state: Mutex<State>

  /// One I/O thread carries about a gigabyte a second (libzmq's guide); more only help with many connections.
  public init(ioThreads: Int = 1, maximumSockets: Int = 4096) {
    guard let handle = zmq_ctx_new() else { preconditionFailure("libzmq cannot open its signalling pipes") }
    zmq_ctx_set(handle, ZMQ_IO_THREADS, Int32(ioThreads))
    zmq_ctx_set(handle, ZMQ_MAX_SOCKETS, Int32(maximumSockets))
    state = Mutex(State(context: Pointer(raw: handle)))
  }

  deinit {
    // No socket is left, since each holds its context: this waits for linger alone.
    if let context = state.withLock({ $0.context }) {
      while zmq_ctx_term(context.raw) == -1 && zmq_errno() == EINTR {}
    }
  }

  /// Every wait, send and receive on this context's sockets, on any thread, fails with `contextTerminated` from now on.
  public func shutDown() {
    state.withLock { state in
      state.accepts = false
      if let context = state.context { zmq_ctx_shutdown(context.raw) }
    }
  }

  /// Shuts down, then waits until all sockets are closed and their linger is over, at most `limit`.
  /// False when a socket was still open or lingering then; the rest is left to the end of the program.
  @discardableResult
  public func terminate(within limit: Duration) -> Bool {
    shutDown()
    let taken = state.withLock { state in
      defer { state.context = nil }
      return state.context
    }
    guard let taken else { return true }
    return Termination(taken.raw).run(within: limit)
  }

  /// Opens a raw socket; the pointer belongs to the caller, who must close it on the thread that uses it.
  func open(_ type: Int32) throws(ZeroMQError) -> UnsafeMutableRawPointer {
    let (opened, number) = state.withLock { state -> (Pointer?, Int32) in
      guard state.accepts, let context = state.context else { return (nil, ETERM) }
      guard let socket = zmq_socket(context.raw, type) else { return (nil, zmq_errno()) }
      return (Pointer(raw: socket), 0)
    }
    guard let opened else { throw ZeroMQError(number: number, "open a socket", "") }
    return opened.raw
  }
}

/// `zmq_ctx_term` on a thread of its own, because it waits for as long as any socket is open and takes no limit.
private final class Termination: @unchecked Sendable {
  private let handle: UnsafeMutableRawPointer
  /// Outside the object, because two threads touch it at once.
  private let finished = UnsafeMutablePointer<sem_t>.allocate(capacity: 1)

  init(_ handle: UnsafeMutableRawPointer) {
    self.handle = handle
    sem_init(finished, 0, 0)
  }

  func run(within limit: Duration) -> Bool {
    var thread = pthread_t()
    let started = pthread_create(
      &thread, nil,
      { argument in
        let termination = Unmanaged<Termination>.fromOpaque(argument!).takeRetainedValue()
        while zmq_ctx_term(termination.handle) == -1 && zmq_errno() == EINTR {}
        sem_post(termination.finished)
        return nil
      }, Unmanaged.passRetained(self).toOpaque())
    guard started == 0 else { return false }
    pthread_detach(thread)

    var deadline = timespec()
    clock_gettime(CLOCK_REALTIME, &deadline)
    let nanoseconds = deadline.tv_nsec + Int(limit.components.attoseconds / 1_000_000_000)
    deadline.tv_sec += Int(limit.components.seconds) + nanoseconds / 1_000_000_000
    deadline.tv_nsec = nanoseconds % 1_000_000_000
    while sem_timedwait(finished, &deadline) == -1 {
      if errno != EINTR { return false }
    }
    return true
  }

  deinit {
    sem_destroy(finished)
    finished.deallocate()
  }
}
