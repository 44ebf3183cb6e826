import RunnelLabels

/// Figures of episodes as parts of a page: cards, onsets, the time shared out, a line per record and label.
struct EpisodeTables {
  private let report: EpisodeReport

  init(_ report: EpisodeReport) { self.report = report }

  var sections: [String] {
    guard !report.labels.isEmpty else { return ["<p>Neither side has an episode.</p>"] }
    return [cards] + onsets + ["<h2>Seconds</h2>", matrix, "<h2>Records</h2>", records]
  }

  private var cards: String {
    let cards = report.labels.map { label -> String in
      let statistics = report.gross[label] ?? EpisodeStatistics()
      return """
        <section class="card">
        <h3>\(HTMLText.escaped(label))<small>\(HTMLText.count(statistics.truthCount)) true, \
        \(HTMLText.count(statistics.testCount)) called</small></h3>
        \(ReportMeter.figure("Sensitivity", statistics.sensitivity))
        \(ReportMeter.figure("Predictivity", statistics.positivePredictivity))
        \(ReportMeter.figure("Sensitivity, time", statistics.durationSensitivity))
        \(ReportMeter.figure("Predictivity, time", statistics.durationPredictivity))
        <p><small>\(HTMLText.time(statistics.truthSeconds)) true, \(HTMLText.time(statistics.testSeconds)) called</small></p>
        </section>
        """
    }
    return "<div class=\"cards\">\n\(cards.joined(separator: "\n"))\n</div>"
  }

  // MARK: onsets

  private var onsets: [String] {
    let paired = report.labels.compactMap { label in report.gross[label].map { (label, $0) } }
      .filter { !$0.1.onsetErrors.isEmpty }
    guard !paired.isEmpty else { return [] }
    return ["<h2>Onsets</h2>", OnsetDrawing(paired).html]
  }

  private var matrix: String {
    let sides: [String?] = report.matrix.labels + [nil]
    let head = sides.map { "<th scope=\"col\">\(HTMLText.escaped($0 ?? "nothing"))</th>" }.joined()
    let rows = sides.map { truth -> String in
      let total = sides.reduce(0) { $0 + report.matrix[truth, $1] }
      let cells = sides.map { test -> String in
        let seconds = report.matrix[truth, test]
        return ReportMeter.cell(
          HTMLText.decimal(seconds, 1), share: total > 0 ? seconds / total : 0, isRight: truth == test,
          isEmpty: seconds == 0)
      }
      return "<tr><th scope=\"row\">\(HTMLText.escaped(truth ?? "nothing"))</th>\(cells.joined())</tr>"
    }
    return """
      <div class="sheet fit"><table class="matrix">
      <thead><tr><th scope="col">true \\ called</th>\(head)</tr></thead>
      <tbody>
      \(rows.joined(separator: "\n"))
      </tbody></table></div>
      """
  }

  private var records: String {
    let rows = report.records.flatMap { record in
      record.statistics.keys.sorted().map { label -> String in
        let statistics = record.statistics[label] ?? EpisodeStatistics()
        let counts = [
          statistics.truthCount, statistics.truthFound, statistics.testCount, statistics.testRight,
        ].map { "<td>\(HTMLText.count($0))</td>" }.joined()
        let figures = EpisodeReport.Figure.allCases.map { ReportMeter.cell($0.of(statistics)) }.joined()
        let median = statistics.onsetError(quantile: 0.5).map { HTMLText.decimal($0, 2) } ?? "–"
        return
          "<tr><th scope=\"row\">\(HTMLText.escaped(record.name))</th><td style=\"text-align:left\">\(HTMLText.escaped(label))</td>\(counts)\(figures)<td>\(median)</td></tr>"
      }
    }
    return """
      <div class="sheet"><table>
      <thead><tr><th scope="col" style="text-align:left">record</th><th scope="col" style="text-align:left">label</th>\
      <th scope="col">true</th><th scope="col">found</th><th scope="col">called</th><th scope="col">right</th>\
      <th scope="col">Se</th><th scope="col">+P</th><th scope="col">dur Se</th><th scope="col">dur +P</th>\
      <th scope="col">onset s</th></tr></thead>
      <tbody>
      \(rows.joined(separator: "\n"))
      </tbody></table></div>
      """
  }
}
