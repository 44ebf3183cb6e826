import Testing

@testable import RunnelPipeline

@Suite struct MeasuredRateTests {
  @Test func `it is the mean over the session, and unknown for the first second`() {
    var rate = MeasuredRate()
    #expect(rate.value == nil)
    for tick in 0..<20 { rate.hear(rows: 18, at: Int64(tick) * 50_000_000) }
    #expect(rate.value == nil)
    rate.hear(rows: 18, at: 1_000_000_000)
    #expect(rate.value == 360)
  }
}
