import RunnelCore
import RunnelLabels

/// How late calls come, a line a label: from 5 % to 95 % of the pairs, a box around the middle half, the median.
struct OnsetDrawing {
  private let labels: [(name: String, statistics: EpisodeStatistics)]
  private let least: Double
  private let most: Double

  private static let left = 150.0
  private static let right = 820.0
  private static let line = 34.0

  init(_ labels: [(String, EpisodeStatistics)]) {
    self.labels = labels
    var ends = [0.0]
    for (_, statistics) in labels {
      for quantile in [0.05, 0.95] { ends.append(statistics.onsetError(quantile: quantile) ?? 0) }
    }
    let (low, high) = (ends.min() ?? 0, ends.max() ?? 0)
    let margin = max(0.5, (high - low) * 0.06)
    (least, most) = (low - margin, high + margin)
  }

  private func x(_ seconds: Double) -> String {
    HTMLText.coordinate(Self.left + (seconds - least) / (most - least) * (Self.right - Self.left))
  }

  var html: String {
    let bottom = HTMLText.coordinate(Double(labels.count) * Self.line + 12)
    let height = HTMLText.coordinate(Double(labels.count) * Self.line + 40)
    return """
      <div class="stretch"><svg viewBox="0 0 1000 \(height)" role="img" aria-label="How late calls come, by label">
      \((axis(bottom) + labels.indices.flatMap(row)).joined(separator: "\n"))
      </svg></div>
      """
  }

  private func axis(_ bottom: String) -> [String] {
    let span = most - least
    let step = [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 60, 120, 300, 600].first { span / $0 <= 8 } ?? span / 8
    var ticks: [String] = []
    var tick = (least / step).rounded(.up) * step
    while tick <= most {
      ticks.append("<path class=\"grid\" d=\"M\(x(tick)) 6V\(bottom)\"/>")
      let words = HTMLText.decimal(tick, step < 1 ? 1 : 0)
      ticks.append("<text class=\"tick middle\" x=\"\(x(tick))\" y=\"\(bottom)\" dy=\"16\">\(words) s</text>")
      tick += step
    }
    return ticks + ["<path class=\"bar\" d=\"M\(x(0)) 6V\(bottom)\"/>"]
  }

  private func row(_ number: Int) -> [String] {
    let (name, statistics) = labels[number]
    let middle = Double(number) * Self.line + 6 + Self.line / 2
    let (y, top) = (HTMLText.coordinate(middle), HTMLText.coordinate(middle - 9))
    let place = { (quantile: Double) in statistics.onsetError(quantile: quantile) ?? 0 }
    let (low, high) = (x(place(0.25)), x(place(0.75)))
    let width = HTMLText.coordinate(max(1, (place(0.75) - place(0.25)) / (most - least) * (Self.right - Self.left)))
    let text = HTMLText.coordinate(middle + 4.5)
    let count = "\(Phrase.count(statistics.onsetErrors.count, "pair"))"
    return [
      "<text class=\"name end\" x=\"\(HTMLText.coordinate(Self.left - 16))\" y=\"\(text)\">\(HTMLText.escaped(name))</text>",
      "<path class=\"whisker\" d=\"M\(x(place(0.05))) \(y)H\(low)M\(high) \(y)H\(x(place(0.95)))\"/>",
      "<rect class=\"box-plot\" x=\"\(low)\" y=\"\(top)\" width=\"\(width)\" height=\"18\" rx=\"3\"/>",
      "<path class=\"median\" d=\"M\(x(place(0.5))) \(HTMLText.coordinate(middle - 11))v22\"/>",
      "<text class=\"tick\" x=\"\(HTMLText.coordinate(Self.right + 14))\" y=\"\(text)\">median \(HTMLText.decimal(place(0.5), 2)) s, \(count)</text>",
    ]
  }
}
