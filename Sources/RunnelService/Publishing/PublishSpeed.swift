import RunnelWire

/// How fast rows go out: so many times as fast as they were sampled, or as fast as subscribers take them.
public enum PublishSpeed: Sendable, Hashable {
  case times(Double)
  case max

  /// Reads `1`, `2.5`, `max`.
  ///
  /// - Throws: `usage` for anything else.
  public init(_ text: String) throws(ServiceError) {
    if text == "max" {
      self = .max
    } else if let times = Double(text), (1e-3...1e6).contains(times) {
      self = .times(times)
    } else {
      throw ServiceError(
        .usage, "'\(text)' is no speed: write 1 for the original timing, a number from 0.001 to 1000000, or max")
    }
  }
}

/// When each row is due: a pure function of how many went before, so that no error can add up.
///
/// A chunk is due when its last row would have been sampled, as a device sends it.
struct Pace: Sendable, Hashable {
  /// Rows per second of ours; infinite at `max`.
  let rowsPerSecond: Double

  init(rate: Double, speed: PublishSpeed) {
    precondition(rate > 0, "rows of no rate have no time")
    rowsPerSecond = if case .times(let times) = speed { rate * times } else { .infinity }
  }

  /// Nanoseconds after the first row's start at which `rows` rows are due. Rounded once: for 2^53 rows and more it
  /// errs by less than one part in 2^52, and never by a sum of errors.
  func due(rows: Int64) -> Int64 {
    let nanoseconds = (Double(rows) * 1e9 / rowsPerSecond).rounded()
    return nanoseconds < 0x1p62 ? Int64(nanoseconds) : 1 << 62
  }

  /// The time of a row `index` rows after `start`, in Unix nanoseconds, at a rate in Hz; nil beyond what a message says.
  static func time(of index: Int64, rate: Double, start: Int64) -> Int64? {
    UnixTime.time(Double(index) * 1e9 / rate, after: start)
  }

  /// Rows of one message where nobody chose: 50 ms of our time, at max 4096, and 64 KiB at most.
  func chunk(bytesPerRow: Int) -> Int {
    let wanted = rowsPerSecond.isFinite ? (rowsPerSecond * 0.05).rounded() : 4096
    return Int(Swift.max(1, Swift.min(wanted, Double(65536 / bytesPerRow))))
  }
}
