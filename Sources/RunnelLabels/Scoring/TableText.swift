/// Fields of a report for people.
enum TableText {
  /// With two decimals; `-` where it is undefined.
  static func percent(_ fraction: Double?) -> String { fraction.map { decimal(100 * $0) } ?? "-" }

  /// With two decimals.
  static func decimal(_ value: Double) -> String {
    let hundredths = Int((abs(value) * 100).rounded())
    let digits = "\(hundredths / 100).\(hundredths % 100 < 10 ? "0" : "")\(hundredths % 100)"
    return value < 0 && hundredths > 0 ? "-" + digits : digits
  }

  static func right(_ text: String, _ width: Int) -> String {
    String(repeating: " ", count: max(0, width - text.count)) + text
  }

  static func left(_ text: String, _ width: Int) -> String {
    text + String(repeating: " ", count: max(0, width - text.count))
  }

  /// Seconds without `.0`.
  static func seconds(_ value: Double) -> String { value == value.rounded() ? "\(Int(value))" : "\(value)" }
}
