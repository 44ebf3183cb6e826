import Testing

@testable import RunnelPipeline

@Suite struct SilenceTests {
  @Test func `a stream that has not begun is not silent`() {
    var silence = Silence()
    #expect(!silence.becomesStale(at: 1 << 60, after: nil))
  }

  @Test func `it is told once, after two seconds, and again after it was heard`() {
    var silence = Silence()
    silence.hear(at: 0)
    silence.hear(at: 50_000_000)
    #expect(!silence.becomesStale(at: 2_050_000_000, after: nil))
    #expect(silence.becomesStale(at: 2_050_000_001, after: nil))
    #expect(!silence.becomesStale(at: 9_000_000_000, after: nil))
    silence.hear(at: 10_000_000_000)
    #expect(silence.becomesStale(at: 12_100_000_000, after: nil))
  }

  @Test func `a stream of rare messages is given four of its intervals`() {
    var silence = Silence()
    for second in stride(from: Int64(0), through: 50, by: 5) { silence.hear(at: second * 1_000_000_000) }
    #expect(!silence.becomesStale(at: 70_000_000_000, after: nil))
    #expect(silence.becomesStale(at: 70_000_000_001, after: nil))
  }

  @Test func `the configuration can say how long`() {
    var silence = Silence()
    silence.hear(at: 0)
    #expect(silence.becomesStale(at: 300_000_001, after: 300_000_000))
  }
}
