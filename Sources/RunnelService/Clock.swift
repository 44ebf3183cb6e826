import Glibc

/// The two clocks of the service, given to whoever needs one, so that a test can turn the hands itself.
public struct Clock: Sendable {
  /// Nanoseconds that never go back, from an arbitrary start.
  public var monotonic: @Sendable () -> Int64
  /// Nanoseconds since 1970.
  public var unix: @Sendable () -> Int64

  public init(monotonic: @escaping @Sendable () -> Int64, unix: @escaping @Sendable () -> Int64) {
    self.monotonic = monotonic
    self.unix = unix
  }

  public static let system = Clock(monotonic: { read(CLOCK_MONOTONIC) }, unix: { read(CLOCK_REALTIME) })

  private static func read(_ clock: clockid_t) -> Int64 {
    var time = timespec()
    clock_gettime(clock, &time)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
  }
}
