import RunnelCore
import Testing

@testable import RunnelPipeline

@Suite struct StepClockTests {
  @Test func `at one third of the rate a step speaks of every third sample, less the delay`() {
    let clock = StepClock(ratio: Ratio(1, 3), delayFrames: 42)
    #expect(clock.position(ofStep: 42) == 0)
    #expect(clock.position(ofStep: 43) == 3)
    #expect(clock.position(ofStep: 0) == -126)
    #expect(clock.newestIndex(ofStep: 43) == 129)
    #expect(clock.rows(ofSteps: 42, 43) == -2...3)
  }

  @Test func `halves are rounded up, below zero too`() {
    let clock = StepClock(ratio: Ratio(2, 1), delayFrames: 0)
    #expect((0...4).map { clock.position(ofStep: $0) } == [0, 1, 1, 2, 2])
    let delayed = StepClock(ratio: Ratio(2, 1), delayFrames: 3)
    #expect((0...4).map { delayed.position(ofStep: $0) } == [-1, -1, 0, 0, 1])
  }

  @Test func `positions are exact far beyond 2^31 steps`() {
    let clock = StepClock(ratio: Ratio(12, 25), delayFrames: 42, extraLag: Fraction(-7, 3))
    let period: Int64 = 12
    for step in [Int64(1) << 31, 1 << 40, 1 << 52] {
      let base = step / period * period
      #expect(clock.position(ofStep: base + 5) - clock.position(ofStep: 5) == base / period * 25)
      #expect(clock.newestIndex(ofStep: base + 5) - clock.newestIndex(ofStep: 5) == base / period * 25)
    }
  }

  @Test func `a lag beyond that of the training moves positions back`() {
    let usual = StepClock(ratio: Ratio(1, 2), delayFrames: 10)
    let lagging = StepClock(ratio: Ratio(1, 2), delayFrames: 10, extraLag: Fraction(5, 2))
    #expect(usual.position(ofStep: 20) == 20)
    #expect(lagging.position(ofStep: 20) == 18)  // 17.5, half up
  }
}
