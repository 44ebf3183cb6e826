import RunnelWire

/// A moment known for one sample index; other indexes lie around it at the nominal rate.
public struct TimeAnchor: Sendable, Hashable {
  public var index: Int64
  /// Unix ns of that index.
  public var nanoseconds: Int64
  public var source: LabelMessage.TimeSource
  /// Hz; 0 is irregular, and then only the anchor itself has a time.
  public var rate: Double

  public init(index: Int64, nanoseconds: Int64, source: LabelMessage.TimeSource, rate: Double) {
    self.index = index
    self.nanoseconds = nanoseconds
    self.source = source
    self.rate = rate
  }

  /// Unix ns of `other`, or nil where it cannot be known: a time is never invented.
  public func time(of other: Int64) -> Int64? {
    guard other == index || rate > 0 else { return nil }
    let seconds = other == index ? 0 : Double(other - index) / rate
    return abs(seconds) < 1e9 ? UnixTime.time(seconds * 1e9, after: nanoseconds) : nil
  }
}
