/// The report for people: the matrix, the gross figures, the means, then a line per record. Percent with two decimals;
/// `-` where a figure is undefined.
extension ScoreReport {
  public var table: String {
    (heading + [""] + matrixLines + [""] + grossLines + [""] + recordLines).map { $0 + "\n" }.joined()
  }

  private var heading: [String] {
    let map = scoring.classMap
    let classes = BeatClass.allCases.filter(\.isBeat).map { "\($0.rawValue) = \(map.symbols(of: $0))" }
    return [
      "EC57 beat by beat: window \(milliseconds(scoring.window)) ms, first \(seconds(scoring.learning)) s left out",
      "class map \(map.rawValue): " + classes.joined(separator: ", "),
      "\(records.count) \(records.count == 1 ? "record" : "records")"
        + (ignoredInFlutter > 0 ? ", \(ignoredInFlutter) unmatched detections inside flutter not counted" : ""),
    ]
  }

  private var matrixLines: [String] {
    let columns = BeatClass.allCases
    let head = "truth" + columns.map { right($0.column, 8) }.joined() + "   (detected as)"
    return [head]
      + columns.map { truth in
        "    \(truth.rawValue)"
          + columns.map { truth.isBeat || $0.isBeat ? right("\(gross[truth, $0])", 8) : "" }.joined()
      }
  }

  private var grossLines: [String] {
    let head = "     sensitivity  predictivity      true    missed     false   mean over records (at least "
    return [head + "\(scoring.fewestForMean) such beats)"]
      + BeatStatistics.Question.allCases.map { question in
        let statistics = BeatStatistics(question, of: gross)
        let mean = mean(question)
        let figures =
          right(percent(statistics.sensitivity), 13) + right(percent(statistics.positivePredictivity), 14)
          + right("\(statistics.truePositive)", 10) + right("\(statistics.falseNegative)", 10)
          + right("\(statistics.falsePositive)", 10)
        let means = right(percent(mean.sensitivity), 10) + right(percent(mean.positivePredictivity), 10)
        return right(question.rawValue, 3) + figures + means + "  of \(mean.records)"
      }
  }

  private var recordLines: [String] {
    let width = max(6, records.map(\.name.count).max() ?? 0)
    let questions = BeatStatistics.Question.allCases
    let head = questions.map { right("\($0.rawValue) Se", 9) + right("\($0.rawValue) +P", 9) }.joined()
    return [left("record", width) + head]
      + records.map { record in
        left(record.name, width)
          + questions.map { question in
            let statistics = BeatStatistics(question, of: record.matrix)
            return right(percent(statistics.sensitivity), 9) + right(percent(statistics.positivePredictivity), 9)
          }.joined()
      }
  }

  private func percent(_ fraction: Double?) -> String {
    guard let fraction else { return "-" }
    let hundredths = Int((fraction * 10000).rounded())
    return "\(hundredths / 100).\(hundredths % 100 < 10 ? "0" : "")\(hundredths % 100)"
  }

  private func milliseconds(_ value: Double) -> Int { Int((value * 1000).rounded()) }
  private func seconds(_ value: Double) -> String { value == value.rounded() ? "\(Int(value))" : "\(value)" }
  private func right(_ text: String, _ width: Int) -> String {
    String(repeating: " ", count: max(0, width - text.count)) + text
  }
  private func left(_ text: String, _ width: Int) -> String {
    text + String(repeating: " ", count: max(0, width - text.count))
  }
}
