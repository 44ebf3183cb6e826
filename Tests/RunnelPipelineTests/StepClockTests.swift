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
    let clock = StepClock(ratio: Ratio(2, 1), delayFrames: 2)
    #expect((0...4).map { clock.position(ofStep: $0) } == [-1, 0, 0, 1, 1])
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

  @Test func `terms of a ratio as large as they go with a delay of days overflow nothing`() {
    let clock = StepClock(
      ratio: Ratio(4095, 4094), delayFrames: 1_000_000_000_000, extraLag: Fraction(16_769_023, 16_764_931))
    // Frame 4095 · 2³⁰ lies at row 4094 · 2³⁰; the delay and the lag are 999 755 799 756.8 rows.
    let step = Int64(4095) << 30
    #expect(clock.position(ofStep: step) == Int64(4094) << 30 - 999_755_799_757)
  }

  @Test func `nothing speaks of a row that has not come`() {
    let clock = StepClock(ratio: Ratio(1, 3), delayFrames: 0, extraLag: Fraction(-7, 2))
    #expect((0...2).map { clock.position(ofStep: $0) } == [0, 3, 6])
    #expect(clock.rows(ofSteps: 1, 2) == 1...6)
  }

  @Test func `a lag beyond that of the training moves positions back`() {
    let usual = StepClock(ratio: Ratio(1, 2), delayFrames: 10)
    let lagging = StepClock(ratio: Ratio(1, 2), delayFrames: 10, extraLag: Fraction(5, 2))
    #expect(usual.position(ofStep: 20) == 20)
    #expect(lagging.position(ofStep: 20) == 18)  // 17.5, half up
  }

  @Test func `an output every fourth frame speaks of its frame, the delay in frames subtracted`() {
    // A network whose first output comes with frame 5, on a third of the stream's rate.
    let grid = OutputGrid(stride: 4, spoken: 5, decided: 5)
    let clock = StepClock(ratio: Ratio(1, 3), delayFrames: 2, grid: grid)
    #expect((0...2).map { clock.position(ofStep: $0) } == [9, 21, 33])
    #expect((0...2).map { clock.newestIndex(ofStep: $0) } == [15, 27, 39])
    #expect(clock.rows(ofSteps: 1, 2) == 10...33)
  }

  @Test func `a window speaks of its target and is decided by the newest frame it needs`() {
    // Windows of 100 frames every 25, whose label is that of frame 60, decided when all have come.
    let grid = OutputGrid(stride: 25, spoken: 60, decided: 99, isWindowed: true)
    let clock = StepClock(ratio: Ratio(1, 2), delayFrames: 0, grid: grid)
    #expect(clock.position(ofStep: 4) == 2 * 160)
    #expect(clock.newestIndex(ofStep: 4) == 2 * 199)
    #expect(clock.rows(ofSteps: 4, 4) == 271...320, "since the label before")
    #expect(clock.rows(ofWindow: 4) == 199...320)
  }

  @Test func `rows between two windows belong to neither`() {
    let grid = OutputGrid(stride: 100, spoken: 9, decided: 9, isWindowed: true)
    let clock = StepClock(ratio: Ratio(1, 1), delayFrames: 0, grid: grid)
    #expect(clock.rows(ofSteps: 3, 3) == 300...309)
  }

  @Test func `windows are exact far beyond 2^31 samples, at a rate that is no multiple`() {
    let grid = OutputGrid(stride: 7, spoken: 5, decided: 9, isWindowed: true)
    let clock = StepClock(ratio: Ratio(12, 25), delayFrames: 3, grid: grid)
    for window in [Int64(1) << 29, 1 << 40, 1 << 49] {
      let base = window / 12 * 12
      #expect(clock.position(ofStep: base + 5) - clock.position(ofStep: 5) == base / 12 * 7 * 25)
      #expect(clock.newestIndex(ofStep: base + 5) - clock.newestIndex(ofStep: 5) == base / 12 * 7 * 25)
    }
  }
}
