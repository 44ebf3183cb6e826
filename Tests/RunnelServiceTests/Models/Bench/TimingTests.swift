import Synchronization
import Testing

@testable import RunnelService

/// From durations to figures.
@Suite struct TimingTests {
  @Test func `the best is the shortest, the median in the middle, the spread between the quartiles`() {
    let timing = Timing([5, 1, 4, 2, 3])
    #expect(timing == Timing([1, 2, 3, 4, 5]))
    #expect(timing.best == 1 && timing.median == 3 && timing.spread == 2.0 / 3)
  }

  @Test func `one repeat is all of it`() {
    let timing = Timing([0.25])
    #expect(timing.best == 0.25 && timing.median == 0.25 && timing.spread == 0)
  }

  /// A clock that the measured work turns: each call takes what it says.
  private final class Hand: Sendable {
    let now = Atomic<Int64>(0)
    var clock: Clock { Clock(monotonic: { self.now.load(ordering: .relaxed) }, unix: { 0 }) }
    func turn(_ nanoseconds: Int64) { now.add(nanoseconds, ordering: .relaxed) }
  }

  @Test(arguments: [Int64(10), 7_000, 90_000, 5_000_000])
  func `a call has its own time, however long it is`(nanoseconds: Int64) {
    let hand = Hand()
    let timing = Stopwatch(hand.clock, seconds: 0.05).time { hand.turn(Int64($0) * nanoseconds) }
    #expect(abs(timing.best * 1e9 - Double(nanoseconds)) < 1e-6 * Double(nanoseconds))
    #expect(timing.median == timing.best && timing.spread == 0)
  }

  @Test func `a repeat is long against the clock, and repeats fill the time`() {
    let hand = Hand()
    var counts: [Int] = []
    let watch = Stopwatch(hand.clock, seconds: 0.01)
    _ = watch.time {
      counts.append($0)
      hand.turn(Int64($0) * 300)
    }
    let calls = counts[counts.count - 1]
    #expect(Int64(calls) * 300 >= watch.repetition && Int64(calls) * 150 < watch.repetition)
    let repeats = counts.filter { $0 == calls }.count - 1
    #expect(Int64(repeats * calls * 300) >= watch.whole)
  }

  @Test func `something slow is measured once at least`() {
    let hand = Hand()
    let timing = Stopwatch(hand.clock, seconds: 0).time { hand.turn(Int64($0) * 2_000_000_000) }
    #expect(timing.best == 2)
  }
}
