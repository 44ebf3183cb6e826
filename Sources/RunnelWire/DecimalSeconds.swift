import RunnelCore

/// A time as PlotJuggler has it in a part of its own: decimal text in seconds, `1763923532.123456789`.
enum DecimalSeconds {
  /// Exact to the nanosecond, further digits cut; nil where it is no such text, or not within 146 years of zero.
  static func nanoseconds(_ text: UnsafeRawBufferPointer) -> Int64? {
    var whole: Int64 = 0
    var fraction: Int64 = 0
    var unit: Int64 = 1_000_000_000
    var hasPoint = false
    var hasDigit = false
    let isNegative = text.first == UInt8(ascii: "-")
    for byte in text.dropFirst(isNegative ? 1 : 0) {
      if byte == UInt8(ascii: "."), !hasPoint {
        hasPoint = true
        continue
      }
      let digit = Int64(byte) - 48
      guard (0...9).contains(digit) else { return nil }
      hasDigit = true
      if hasPoint {
        unit /= 10
        fraction += digit * unit
      } else {
        whole = whole * 10 + digit
        guard whole < 4_600_000_000 else { return nil }
      }
    }
    guard hasDigit else { return nil }
    let time = whole * 1_000_000_000 + fraction
    return isNegative ? -time : time
  }
}
