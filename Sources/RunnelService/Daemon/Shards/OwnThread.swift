import Glibc

/// A thread with one job.
final class OwnThread: @unchecked Sendable {
  private var thread = pthread_t()

  private final class Job: Sendable {
    let run: @Sendable () -> Void
    init(_ run: @escaping @Sendable () -> Void) { self.run = run }
  }

  init(_ run: @escaping @Sendable () -> Void) {
    let job = Unmanaged.passRetained(Job(run)).toOpaque()
    let result = pthread_create(
      &thread, nil,
      { job in
        guard let job else { return nil }
        Unmanaged<Job>.fromOpaque(job).takeRetainedValue().run()
        return nil
      }, job)
    precondition(result == 0, "a thread can be made: \(String(cString: strerror(result)))")
  }

  func join() { pthread_join(thread, nil) }

  /// Nanoseconds of processor time that it has had.
  var processorTime: Int64 {
    var clock = clockid_t()
    guard pthread_getcpuclockid(thread, &clock) == 0 else { return 0 }
    return ProcessorTime.read(clock)
  }
}

/// Processor time of a thread, in nanoseconds.
enum ProcessorTime {
  static var ofThisThread: Int64 { read(CLOCK_THREAD_CPUTIME_ID) }

  static func read(_ clock: clockid_t) -> Int64 {
    var time = timespec()
    clock_gettime(clock, &time)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
  }
}
