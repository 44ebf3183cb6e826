import RunnelPipeline
import Testing

@Suite struct TimeAnchorTests {
  private func anchor(_ nanoseconds: Int64, rate: Double) -> TimeAnchor {
    TimeAnchor(index: 100, nanoseconds: nanoseconds, source: .sender, rate: rate)
  }

  @Test func `times lie around the anchor at its rate, and irregular rows have none but its own`() {
    let even = anchor(5_000_000_000, rate: 100)
    #expect(even.time(of: 100) == 5_000_000_000)
    #expect(even.time(of: 101) == 5_010_000_000 && even.time(of: 99) == 4_990_000_000)
    let irregular = anchor(5, rate: 0)
    #expect(irregular.time(of: 100) == 5 && irregular.time(of: 101) == nil)
  }

  @Test(arguments: [Int64.max, .min, 1 << 62 - 1, -(1 << 62) + 1])
  func `a time beyond those of messages is unknown, however near to the largest number the anchor is`(anchored: Int64) {
    let anchor = anchor(anchored, rate: 1)
    #expect(anchor.time(of: anchored > 0 ? 101 : 99) == nil)
    #expect(anchor.time(of: 100) == (anchored.magnitude < 1 << 62 ? anchored : nil))
  }
}
