/// Fractions as they stand in cards and tables: the figure, and a bar beside it.
enum ReportMeter {
  /// Below this a figure stands out.
  private static let low = 0.8

  static func figure(_ name: String, _ fraction: Double?) -> String {
    "<div class=\"figure\"><span>\(name)</span><b>\(HTMLText.percent(fraction))\(fraction == nil ? "" : "<small> %</small>")</b>"
      + "<span class=\"meter\">\(bar(fraction))</span></div>"
  }

  /// A cell of a table.
  static func cell(_ fraction: Double?) -> String {
    guard let fraction else { return "<td class=\"soft\">–</td>" }
    return "<td\(fraction < low ? " class=\"low\"" : "")>\(HTMLText.percent(fraction))</td>"
  }

  /// A cell of a matrix, the darker the larger its share of its row.
  static func cell(_ text: String, share: Double, isRight: Bool, isEmpty: Bool) -> String {
    if isEmpty { return "<td class=\"none\">·</td>" }
    let alpha = HTMLText.decimal(0.06 + 0.42 * max(0, min(1, share)), 2)
    let colour = isRight ? "31,122,140" : "210,70,58"
    return "<td style=\"background:rgba(\(colour),\(alpha))\">\(text)</td>"
  }

  private static func bar(_ fraction: Double?) -> String {
    fraction.map { "<i style=\"width:\(HTMLText.decimal(100 * $0, 1))%\"></i>" } ?? ""
  }
}
