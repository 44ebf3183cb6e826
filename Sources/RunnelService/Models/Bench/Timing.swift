/// How long something took, over many short repeats. The best is what the machine can do: everything that disturbs a
/// repeat makes it longer. Median and spread tell how much it was disturbed.
public struct Timing: Sendable, Hashable {
  /// Seconds of one call.
  public var best: Double
  public var median: Double
  /// From the first quartile to the third, of the median.
  public var spread: Double

  /// - Parameter seconds: of one call, repeat by repeat; at least one.
  public init(_ seconds: [Double]) {
    precondition(!seconds.isEmpty, "something was measured")
    let sorted = seconds.sorted()
    func quantile(_ part: Double) -> Double { sorted[Int((part * Double(sorted.count - 1)).rounded())] }
    best = sorted[0]
    median = quantile(0.5)
    spread = median > 0 ? (quantile(0.75) - quantile(0.25)) / median : 0
  }
}

/// Takes the time of something: how many calls make a repeat, and how many repeats fill the time there is.
///
///     let timing = Stopwatch(.system, seconds: 1).time { calls in for _ in 0..<calls { step() } }
///
/// A repeat is long enough that reading the clock does not count, and short enough that some are undisturbed.
public struct Stopwatch: Sendable {
  public var clock: Clock
  /// Nanoseconds of all repeats, and of one.
  public var whole: Int64
  public var repetition: Int64 = 100_000

  public init(_ clock: Clock, seconds: Double) {
    self.clock = clock
    whole = Int64(seconds * 1e9)
  }

  private static let repeatLimit = 100_000

  /// - Parameter body: makes so many calls.
  public func time(_ body: (Int) -> Void) -> Timing {
    let calls = warmUp(body)
    var seconds: [Double] = []
    let began = clock.monotonic()
    var now = began
    repeat {
      body(calls)
      let then = now
      now = clock.monotonic()
      seconds.append(Double(now - then) / 1e9 / Double(calls))
    } while now - began < whole && seconds.count < Self.repeatLimit
    return Timing(seconds)
  }

  /// Doubles the calls until they take a repeat, which also wakes the machine up.
  private func warmUp(_ body: (Int) -> Void) -> Int {
    var calls = 1
    while true {
      let began = clock.monotonic()
      body(calls)
      let took = clock.monotonic() - began
      if took >= repetition || calls >= 1 << 30 { return calls }
      calls *= 2
    }
  }
}
