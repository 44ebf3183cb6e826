import Histogram

/// How long labels took from the arrival of the message that brought them about to their hand-over to the socket.
public struct LatencyHistogram: @unchecked Sendable {
  private var histogram = Histogram<UInt64>(
    lowestDiscernibleValue: 1, highestTrackableValue: 3_600_000_000_000, numberOfSignificantValueDigits: .three)

  public init() {}

  public mutating func record(nanoseconds: Int64) { _ = histogram.record(UInt64(max(nanoseconds, 1))) }

  public var count: UInt64 { histogram.totalCount }

  /// Microseconds below which this share of the labels lies; nil where there are none.
  public func microseconds(atPercentile percentile: Double) -> Double? {
    guard count > 0 else { return nil }
    return Double(histogram.valueAtPercentile(percentile)) / 1000
  }
}
