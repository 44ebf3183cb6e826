import RunnelCore

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
      "EC57 beat by beat: window \(milliseconds(scoring.window)) ms, first \(TableText.seconds(scoring.learning)) s left out"
        + (scoring.usesReferenceBeats ? "; classes at the reference beats, detection is not judged" : ""),
      "class map \(map.rawValue): " + classes.joined(separator: ", "),
      "\(Phrase.count(records.count, "record"))"
        + (ignoredInFlutter > 0 ? ", \(ignoredInFlutter) unmatched detections inside flutter not counted" : ""),
    ]
  }

  private var matrixLines: [String] {
    let columns = BeatClass.allCases
    let head = "truth" + columns.map { TableText.right($0.column, 8) }.joined() + "   (detected as)"
    return [head]
      + columns.map { truth in
        "    \(truth.rawValue)"
          + columns.map { truth.isBeat || $0.isBeat ? TableText.right("\(gross[truth, $0])", 8) : "" }.joined()
      }
  }

  private var grossLines: [String] {
    let head = "     sensitivity  predictivity      true    missed     false   mean over records (at least "
    return [head + "\(scoring.fewestForMean) such beats)"]
      + BeatStatistics.Question.allCases.map { question in
        let statistics = BeatStatistics(question, of: gross)
        let mean = mean(question)
        let figures =
          TableText.right(TableText.percent(statistics.sensitivity), 13)
          + TableText.right(TableText.percent(statistics.positivePredictivity), 14)
          + TableText.right("\(statistics.truePositive)", 10) + TableText.right("\(statistics.falseNegative)", 10)
          + TableText.right("\(statistics.falsePositive)", 10)
        let means =
          TableText.right(TableText.percent(mean.sensitivity), 10)
          + TableText.right(TableText.percent(mean.positivePredictivity), 10)
        return TableText.right(question.rawValue, 3) + figures + means + "  of \(mean.records)"
      }
  }

  private var recordLines: [String] {
    let width = max(6, records.map(\.name.count).max() ?? 0)
    let questions = BeatStatistics.Question.allCases
    let head = questions.map { TableText.right("\($0.rawValue) Se", 9) + TableText.right("\($0.rawValue) +P", 9) }
      .joined()
    return [TableText.left("record", width) + head]
      + records.map { record in
        TableText.left(record.name, width)
          + questions.map { question in
            let statistics = BeatStatistics(question, of: record.matrix)
            return TableText.right(TableText.percent(statistics.sensitivity), 9)
              + TableText.right(TableText.percent(statistics.positivePredictivity), 9)
          }.joined()
      }
  }

  private func milliseconds(_ value: Double) -> Int { Int((value * 1000).rounded()) }
}
