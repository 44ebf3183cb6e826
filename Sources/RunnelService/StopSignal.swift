import Glibc
import Synchronization

/// SIGTERM, SIGINT and SIGHUP as bytes in a pipe, so that the loop that waits for sockets hears them too.
///
///     let stop = try StopSignal()
///     let entry = poller.add(fileDescriptor: stop.fileDescriptor)
///     …
///     if let signal = stop.next() { drain(because: signal) }
///
/// A handler may do almost nothing (signal-safety(7)); this one writes one byte. There is one `StopSignal` at a time;
/// when it ends, the signals do what they did before. A signal that was ignored at start stays so (`nohup`).
public final class StopSignal: Sendable {
  public enum Signal: Int32, Sendable, CaseIterable {
    case terminate = 15
    /// Ctrl-C.
    case interrupt = 2
    /// The terminal was closed; `runnel run` ignores it where there is none.
    case hangUp = 1

    /// As in logs.
    public var name: String {
      switch self {
      case .terminate: "SIGTERM"
      case .interrupt: "SIGINT"
      case .hangUp: "SIGHUP"
      }
    }
  }

  /// Errno of pipe(2): the process has too many open files.
  public struct OpenError: Error, Sendable, Equatable, CustomStringConvertible {
    public let number: Int32
    public var description: String { "Cannot watch for signals: \(String(cString: strerror(number)))." }
  }

  /// Readable while a signal waits to be taken with `next`.
  public let fileDescriptor: Int32
  private let writer: Int32
  private let previous: [(Signal, sigaction)]

  public init() throws(OpenError) {
    var ends: [Int32] = [0, 0]
    guard pipe(&ends) == 0 else { throw OpenError(number: errno) }
    for end in ends {
      _ = fcntl(end, F_SETFD, FD_CLOEXEC)
      _ = fcntl(end, F_SETFL, O_NONBLOCK)
    }
    fileDescriptor = ends[0]
    writer = ends[1]
    let (exchanged, _) = pipeWriter.compareExchange(expected: -1, desired: ends[1], ordering: .sequentiallyConsistent)
    precondition(exchanged, "one StopSignal at a time")
    previous = Signal.allCases.compactMap { signal in
      var former = sigaction()
      sigaction(signal.rawValue, nil, &former)
      guard !Self.isIgnored(former) else { return nil }
      var action = sigaction()
      action.__sigaction_handler.sa_handler = writeSignal
      // Calls that can go on, do; a wait never does.
      action.sa_flags = Int32(SA_RESTART)
      sigaction(signal.rawValue, &action, nil)
      return (signal, former)
    }
  }

  deinit {
    for (signal, former) in previous {
      var former = former
      sigaction(signal.rawValue, &former, nil)
    }
    pipeWriter.store(-1, ordering: .sequentiallyConsistent)
    close(writer)
    close(fileDescriptor)
  }

  /// Takes the next signal that came, without waiting for one.
  public func next() -> Signal? {
    var number: UInt8 = 0
    while true {
      let count = read(fileDescriptor, &number, 1)
      if count == 1 { return Signal(rawValue: Int32(number)) }
      guard count == -1 && errno == EINTR else { return nil }
    }
  }

  private static func isIgnored(_ action: sigaction) -> Bool {
    unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self) == 1  // SIG_IGN
  }
}

/// Where the handler writes; -1 while nobody listens.
private let pipeWriter = Atomic<Int32>(-1)

private let writeSignal: @convention(c) (Int32) -> Void = { number in
  let kept = errno
  var byte = UInt8(truncatingIfNeeded: number)
  // A full pipe holds 65536 unread signals: one more tells nothing new.
  _ = write(pipeWriter.load(ordering: .relaxed), &byte, 1)
  errno = kept
}
