import Glibc

/// Measured numbers, written with as many digits as they deserve.
public enum Figure {
  /// To so many digits from the first that is not zero.
  public static func rounded(_ value: Double, digits: Int) -> Double {
    guard value.isFinite, value != 0 else { return value }
    let place = digits - 1 - Int(floor(log10(abs(value))))
    // One division or multiplication by a power of ten that is exact, so that 0.36 is written as 0.36.
    return place >= 0
      ? (value * pow(10, Double(place))).rounded() / pow(10, Double(place))
      : (value / pow(10, Double(-place))).rounded() * pow(10, Double(-place))
  }

  /// `0.0569`, `4.96`, `187`: so many digits, zeros at the end kept.
  public static func text(_ value: Double, digits: Int = 3) -> String {
    guard value.isFinite else { return value.description }
    let rounded = rounded(value, digits: digits)
    let before = rounded == 0 ? 0 : Int(floor(log10(abs(rounded))))
    let decimals = max(0, digits - 1 - before)
    let whole = Int64((abs(rounded) * pow(10, Double(decimals))).rounded())
    var scale: Int64 = 1
    for _ in 0..<decimals { scale *= 10 }
    let fraction = String(whole % scale)
    let sign = rounded < 0 ? "-" : ""
    guard decimals > 0 else { return "\(sign)\(whole)" }
    return "\(sign)\(whole / scale)." + String(repeating: "0", count: decimals - fraction.count) + fraction
  }

  /// `85 %`
  public static func percent(_ fraction: Double) -> String {
    fraction.isFinite ? "\(Int((100 * fraction).rounded())) %" : fraction.description
  }

  /// Columns flushed right, two spaces between.
  public static func table(_ rows: [[String]]) -> [String] {
    let columns = rows.map(\.count).max() ?? 0
    let widths = (0..<columns).map { column in rows.map { column < $0.count ? $0[column].count : 0 }.max() ?? 0 }
    return rows.map { row in
      zip(row, widths).map { String(repeating: " ", count: $1 - $0.count) + $0 }.joined(separator: "  ")
    }
  }
}
