import RunnelCore

/// The report for people: gross figures by label, onsets, the time shared out, then a line per record and label. Percent
/// with two decimals; `-` where a figure is undefined.
extension EpisodeReport {
  public var table: String {
    let parts = [heading, grossLines, onsetLines, matrixLines, recordLines].filter { !$0.isEmpty }
    return parts.joined(separator: [""]).map { $0 + "\n" }.joined()
  }

  private var heading: [String] {
    var rule = scoring.coverage > 0 ? "by \(TableText.percent(scoring.coverage)) % at least" : "at all"
    if scoring.shortest > 0 { rule += ", shorter ones than \(TableText.seconds(scoring.shortest)) s left out" }
    var lines = [
      "EC57 episode by episode: found where overlapped \(rule); first \(TableText.seconds(scoring.learning)) s left out",
      "\(Phrase.count(records.count, "record"))",
    ]
    if !scoring.ignored.isEmpty {
      lines[1] += ", stretches of \(scoring.ignored.sorted().joined(separator: ", ")) ignored"
    }
    if labels.isEmpty { lines.append("no episodes on either side") }
    return lines
  }

  private var width: Int { max(5, labels.map(\.count).max() ?? 0) }

  private var grossLines: [String] {
    guard !labels.isEmpty else { return [] }
    let head = TableText.left("label", width) + Self.head + "      mean Se   mean +P"
    return [head]
      + labels.map { label in
        let means = [Figure.sensitivity, .positivePredictivity].map { figure in
          TableText.right(TableText.percent(mean(figure, of: label)), figure == .sensitivity ? 13 : 10)
        }
        return TableText.left(label, width) + Self.figures(gross[label] ?? EpisodeStatistics()) + means.joined()
      }
  }

  private static let head =
    "     true    found   called    right       Se       +P   dur Se   dur +P      true s    called s"

  private static func figures(_ statistics: EpisodeStatistics) -> String {
    let counts = [statistics.truthCount, statistics.truthFound, statistics.testCount, statistics.testRight]
    return counts.map { TableText.right("\($0)", 9) }.joined()
      + Figure.allCases.map { TableText.right(TableText.percent($0.of(statistics)), 9) }.joined()
      + [statistics.truthSeconds, statistics.testSeconds].map { TableText.right(TableText.decimal($0), 12) }.joined()
  }

  private var onsetLines: [String] {
    let paired = labels.filter { !(gross[$0]?.onsetErrors.isEmpty ?? true) }
    guard !paired.isEmpty else { return [] }
    let quantiles = [0.05, 0.25, 0.5, 0.75, 0.95]
    let head = quantiles.map { TableText.right($0 == 0.5 ? "median" : "\(Int($0 * 100)) %", 10) }.joined()
    return [TableText.left("onset", width) + "    pairs" + head + "   (seconds late; before: negative)"]
      + paired.map { label in
        let statistics = gross[label] ?? EpisodeStatistics()
        let values = quantiles.map { TableText.right(TableText.decimal(statistics.onsetError(quantile: $0) ?? 0), 10) }
        return TableText.left(label, width) + TableText.right("\(statistics.onsetErrors.count)", 9) + values.joined()
      }
  }

  private var matrixLines: [String] {
    let labels = matrix.labels
    guard !labels.isEmpty else { return [] }
    let sides: [String?] = labels + [nil]
    let wide = max(width, 7)
    let column = max(12, wide + 2)
    let head = sides.map { TableText.right($0 ?? "nothing", column) }.joined()
    return [TableText.left("seconds", wide) + head + "   (columns: called, rows: true)"]
      + sides.map { truth in
        TableText.left(truth ?? "nothing", wide)
          + sides.map { TableText.right(TableText.decimal(matrix[truth, $0]), column) }.joined()
      }
  }

  private var recordLines: [String] {
    guard !labels.isEmpty else { return [] }
    let names = max(6, records.map(\.name.count).max() ?? 0)
    return [TableText.left("record", names) + "  " + TableText.left("label", width) + Self.head]
      + records.flatMap { record in
        record.statistics.keys.sorted().map { label in
          TableText.left(record.name, names) + "  " + TableText.left(label, width)
            + Self.figures(record.statistics[label] ?? EpisodeStatistics())
        }
      }
  }
}
