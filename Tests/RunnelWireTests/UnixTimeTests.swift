import RunnelWire
import Testing

@Suite struct UnixTimeTests {
  private static let largest: Int64 = 1 << 62 - 1
  private static let beyond: [(nanoseconds: Double, start: Int64)] = [
    (1, largest), (-1, -largest), (1, .max), (0, .max), (0, .min), (0x1p62, 0), (.nan, 0), (-.infinity, 0),
  ]

  @Test func `a sum is rounded to the nearest ns`() {
    #expect(UnixTime.time(8_333_333.4, after: 100) == 8_333_433)
    #expect(UnixTime.time(-8_333_333.4, after: 100) == -8_333_233)
    #expect(UnixTime.time(0, after: Self.largest) == Self.largest)
  }

  @Test(arguments: beyond)
  func `what no message could carry is no time`(sum: (nanoseconds: Double, start: Int64)) {
    #expect(UnixTime.time(sum.nanoseconds, after: sum.start) == nil)
  }
}
