/// A decimal number as text, read to the nearest f64.
enum DecimalText {
  /// Nil for what is no number. An empty field, `nan` and `NA` are NaN: no sample.
  static func value(_ bytes: ArraySlice<UInt8>) -> Double? {
    if let quick = exact(bytes) { return quick }
    let text = HeaderLine.text(bytes)
    switch text.lowercased() {
    case "", "nan", "na", "null": return .nan
    default: return text.utf8.contains(where: { $0 == 0x78 || $0 == 0x58 }) ? nil : Double(text)
    }
  }

  /// Up to 15 digits, and up to 22 of them behind the point, are one exact division away from their value (Clinger, How
  /// to read floating point numbers accurately, PLDI 1990).
  private static func exact(_ bytes: ArraySlice<UInt8>) -> Double? {
    var digits: Int64 = 0
    var (count, decimals) = (0, -1)
    var isNegative = false
    for (index, byte) in bytes.enumerated() {
      switch byte {
      case 0x30...0x39:
        digits = digits * 10 + Int64(byte - 0x30)
        count += 1
        if decimals >= 0 { decimals += 1 }
        guard count <= 15 else { return nil }
      case 0x2D where index == 0: isNegative = true
      case 0x2E where decimals < 0: decimals = 0
      default: return nil
      }
    }
    guard count > 0 else { return nil }
    let value = Double(digits) / powers[max(decimals, 0)]
    return isNegative ? -value : value
  }

  private static let powers: [Double] = (0...15).map { (0..<$0).reduce(1.0) { power, _ in power * 10 } }
}
