import RunnelLabels

/// Figures of beats as parts of a page: cards, the matrix of pairs, a line per record.
struct BeatTables {
  private let report: ScoreReport

  init(_ report: ScoreReport) { self.report = report }

  var sections: [String] {
    [cards, "<h2>Pairs</h2>", matrix, "<h2>Records</h2>", records]
  }

  private static let names: [BeatStatistics.Question: String] = [
    .qrs: "QRS", .normal: "N", .supraventricular: "S", .ventricular: "V",
  ]

  private var cards: String {
    let cards = BeatStatistics.Question.allCases.map { question -> String in
      let statistics = BeatStatistics(question, of: report.gross)
      return """
        <section class="card">
        <h3>\(Self.names[question] ?? "")<small>\(HTMLText.count(statistics.truthCount)) beats</small></h3>
        \(ReportMeter.figure("Sensitivity", statistics.sensitivity))
        \(ReportMeter.figure("Positive predictivity", statistics.positivePredictivity))
        <p><small>\(HTMLText.count(statistics.falseNegative)) missed, \(HTMLText.count(statistics.falsePositive)) false\
        \(Self.words(report.mean(question)))</small></p>
        </section>
        """
    }
    return "<div class=\"cards\">\n\(cards.joined(separator: "\n"))\n</div>"
  }

  private static func words(_ mean: ScoreReport.Mean) -> String {
    guard mean.records > 0 else { return "" }
    return
      "; mean of \(mean.records): \(HTMLText.percent(mean.sensitivity)), \(HTMLText.percent(mean.positivePredictivity))"
  }

  private var matrix: String {
    let classes = BeatClass.allCases
    let head = classes.map { "<th scope=\"col\">\($0.column)</th>" }.joined()
    let rows = classes.map { truth -> String in
      let total = classes.reduce(0) { $0 + report.gross[truth, $1] }
      let cells = classes.map { test -> String in
        guard truth.isBeat || test.isBeat else { return "<td class=\"none\"></td>" }
        let count = report.gross[truth, test]
        let isRight = truth == test
        return ReportMeter.cell(
          HTMLText.count(count), share: total > 0 ? Double(count) / Double(total) : 0, isRight: isRight,
          isEmpty: count == 0)
      }
      return "<tr><th scope=\"row\">\(truth.rawValue)</th>\(cells.joined())</tr>"
    }
    return """
      <div class="sheet fit"><table class="matrix">
      <thead><tr><th scope="col">true \\ called</th>\(head)</tr></thead>
      <tbody>
      \(rows.joined(separator: "\n"))
      </tbody></table></div>
      <p class="soft">\(HTMLText.escaped(classes.filter(\.isBeat).map { "\($0.rawValue) = \(report.scoring.classMap.symbols(of: $0))" }.joined(separator: ", ")))</p>
      """
  }

  private var records: String {
    let questions = BeatStatistics.Question.allCases
    let head = questions.map { "<th scope=\"col\">\($0.rawValue) Se</th><th scope=\"col\">\($0.rawValue) +P</th>" }
      .joined()
    let rows = report.records.map { record -> String in
      let cells = questions.map { question -> String in
        let statistics = BeatStatistics(question, of: record.matrix)
        return ReportMeter.cell(statistics.sensitivity) + ReportMeter.cell(statistics.positivePredictivity)
      }
      let beats = BeatStatistics(.qrs, of: record.matrix).truthCount
      return
        "<tr><th scope=\"row\">\(HTMLText.escaped(record.name))</th><td>\(HTMLText.count(beats))</td>\(cells.joined())</tr>"
    }
    return """
      <div class="sheet"><table>
      <thead><tr><th scope="col" style="text-align:left">record</th><th scope="col">beats</th>\(head)</tr></thead>
      <tbody>
      \(rows.joined(separator: "\n"))
      </tbody></table></div>
      """
  }
}
