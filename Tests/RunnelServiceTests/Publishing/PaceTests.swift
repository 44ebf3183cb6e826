import RunnelCore
import Testing

@testable import RunnelService

@Suite struct PaceTests {
  /// rows × 10⁹ / (rate × speed) in whole numbers, rounded half up.
  private func exact(_ rows: Int64, rowsPerSecond: Int64) -> Int64 {
    let (high, low) = rows.multipliedFullWidth(by: 1_000_000_000)
    let (quotient, remainder) = rowsPerSecond.dividingFullWidth((high, low))
    return quotient + (2 * remainder >= rowsPerSecond ? 1 : 0)
  }

  @Test func `over a thousand million rows no due time is off by more than a nanosecond`() {
    var random = SeededGenerator(seed: 1)
    for (rate, speed) in [(360, 1), (250, 3), (1000, 10), (48_000, 1), (7, 1)] {
      let pace = Pace(rate: Double(rate), speed: .times(Double(speed)))
      for step in 0..<2000 {
        let rows = step < 1000 ? Int64(step) * 1_000_000 : Int64(random.below(1_000_000_000))
        let expected = exact(rows, rowsPerSecond: Int64(rate * speed))
        // Beyond 2^53 ns, 104 days, f64 itself has steps of 2 ns and more.
        let allowed = max(1, Int64(Double(expected).ulp))
        #expect((pace.due(rows: rows) - expected).magnitude <= UInt64(allowed), "\(rows) rows at \(rate) Hz × \(speed)")
      }
    }
  }

  @Test func `due times never go back, up to the largest index`() {
    let pace = Pace(rate: 360, speed: .times(1))
    #expect(pace.due(rows: 0) == 0)
    for bit in 0..<62 { #expect(pace.due(rows: 1 << bit) <= pace.due(rows: 1 << (bit + 1))) }
  }

  @Test func `at max everything is due at once`() {
    #expect(Pace(rate: 360, speed: .max).due(rows: 1 << 40) == 0)
  }

  @Test func `a message holds 50 ms of our time, at least one row, at most 64 KiB`() {
    #expect(Pace(rate: 360, speed: .times(1)).chunk(bytesPerRow: 4) == 18)
    #expect(Pace(rate: 360, speed: .times(10)).chunk(bytesPerRow: 4) == 180)
    #expect(Pace(rate: 1, speed: .times(0.5)).chunk(bytesPerRow: 4) == 1)
    #expect(Pace(rate: 360, speed: .max).chunk(bytesPerRow: 4) == 4096)
    #expect(Pace(rate: 360, speed: .max).chunk(bytesPerRow: 1024) == 64)
    #expect(Pace(rate: 1e6, speed: .times(1)).chunk(bytesPerRow: 100_000) == 1)
  }

  @Test func `row times are those of the rate, nil where an Int64 cannot say them`() {
    #expect(Pace.time(of: 3, rate: 360, start: 100) == 8_333_433)
    #expect(Pace.time(of: -3, rate: 360, start: 100) == -8_333_233)
    #expect(Pace.time(of: 1 << 60, rate: 1e-6, start: 0) == nil)
    #expect(Pace.time(of: 360, rate: 360, start: .max) == nil)
  }

  @Test func `speeds are 1, other numbers, and max`() throws {
    #expect(try PublishSpeed("1") == .times(1) && PublishSpeed("2.5") == .times(2.5) && PublishSpeed("max") == .max)
    for text in ["0", "-1", "nan", "inf", "fast", "", "1x", "1e9", "Max"] {
      let error = #expect(throws: ServiceError.self) { try PublishSpeed(text) }
      #expect(error?.kind == .usage && error?.description.contains("'\(text)'") == true)
    }
  }

  @Test func `the queue that holds bytes and stands still longest is the one to blame`() {
    var queues = KernelQueues()
    queues.note([(5, "a", 0), (6, "b", 900), (7, "c", 400)], at: 0)
    queues.note([(5, "a", 10), (6, "b", 800), (7, "c", 400)], at: 10)
    #expect(queues.stillest?.peer == "c" && queues.movedAt == 10 && queues.emptySince == nil)
    // The same number, another peer: its time begins anew.
    queues.note([(6, "b", 800), (7, "d", 400)], at: 20)
    #expect(queues.stillest?.peer == "b")
  }

  @Test func `queues are empty since they were first seen so`() {
    var queues = KernelQueues()
    queues.note([(5, "a", 0)], at: 3)
    queues.note([(5, "a", 0), (6, "b", 0)], at: 9)
    #expect(queues.emptySince == 3 && queues.stillest == nil)
    queues.note([(5, "a", 1)], at: 12)
    queues.note([(5, "a", 0)], at: 15)
    #expect(queues.emptySince == 15)
  }
}
