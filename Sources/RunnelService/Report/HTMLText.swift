/// Pieces of a page. What is `text` is escaped; what is HTML already is not.
enum HTMLText {
  /// Text as it stands in an element or in an attribute.
  static func escaped(_ text: String) -> String {
    var escaped = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "&": escaped += "&amp;"
      case "<": escaped += "&lt;"
      case ">": escaped += "&gt;"
      case "\"": escaped += "&quot;"
      case _ where scalar.value < 0x20 && scalar != "\n" && scalar != "\t": escaped += "·"
      default: escaped.unicodeScalars.append(scalar)
      }
    }
    return escaped
  }

  /// `<td class="…">…</td>`
  static func element(_ name: String, _ attributes: String = "", _ html: String) -> String {
    "<\(name)\(attributes.isEmpty ? "" : " " + attributes)>\(html)</\(name)>"
  }

  /// A coordinate, with at most two decimals.
  static func coordinate(_ value: Double) -> String {
    let hundredths = Int((value * 100).rounded())
    let (whole, rest) = (abs(hundredths) / 100, abs(hundredths) % 100)
    let sign = hundredths < 0 ? "-" : ""
    if rest == 0 { return "\(sign)\(whole)" }
    return rest % 10 == 0 ? "\(sign)\(whole).\(rest / 10)" : "\(sign)\(whole).\(rest < 10 ? "0" : "")\(rest)"
  }

  /// A number with so many decimals.
  static func decimal(_ value: Double, _ decimals: Int) -> String {
    var scale = 1.0
    for _ in 0..<decimals { scale *= 10 }
    let units = Int((abs(value) * scale).rounded())
    let sign = value < 0 && units > 0 ? "−" : ""
    guard decimals > 0 else { return "\(sign)\(units)" }
    let rest = String(units % Int(scale))
    return "\(sign)\(units / Int(scale)).\(String(repeating: "0", count: decimals - rest.count))\(rest)"
  }

  /// `99.43`, or a dash where it is undefined.
  static func percent(_ fraction: Double?) -> String { fraction.map { decimal(100 * $0, 2) } ?? "–" }

  /// A count with thin spaces between thousands.
  static func count(_ value: Int) -> String {
    var digits = String(value)
    var grouped = ""
    while digits.count > 3 {
      grouped = "\u{202F}" + digits.suffix(3) + grouped
      digits.removeLast(3)
    }
    return digits + grouped
  }

  /// `1:02:03.4` from the beginning of a recording.
  static func time(_ seconds: Double, decimals: Int = 0) -> String {
    var scale = 1.0
    for _ in 0..<decimals { scale *= 10 }
    let units = Int((seconds * scale).rounded())
    let whole = units / Int(scale)
    let two = { (number: Int) in number < 10 ? "0\(number)" : "\(number)" }
    let (hours, minutes) = (whole / 3600, whole / 60 % 60)
    let clock = hours > 0 ? "\(hours):\(two(minutes)):\(two(whole % 60))" : "\(minutes):\(two(whole % 60))"
    return decimals == 0 ? clock : clock + "." + String(String(Int(scale) + units % Int(scale)).dropFirst())
  }
}
