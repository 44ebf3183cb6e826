/// Times in messages: Unix ns within 146 years of 1970 (docs/wire-format.md §3). Decoders let no other in, and sums of them
/// are made here, so that none leaves that range: whoever holds a time can write it.
public enum UnixTime {
  /// The time `nanoseconds` after `start`, to the nearest; nil where no message could carry it.
  public static func time(_ nanoseconds: Double, after start: Int64) -> Int64? {
    guard nanoseconds.magnitude < 0x1p62 else { return nil }
    let (time, overflows) = start.addingReportingOverflow(Int64(nanoseconds.rounded()))
    return overflows || time.magnitude >= WireLimits.largestIndex ? nil : time
  }
}
