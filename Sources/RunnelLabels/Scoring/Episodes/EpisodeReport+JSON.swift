import RunnelCore

/// `runnel score --episodes --json`. Fractions and seconds; null where a figure is undefined.
///
///     {"gross": {"AFIB": {"sensitivity": 0.9, "positive_predictivity": 0.8, "duration_sensitivity": …,
///                "duration_positive_predictivity": …, "true": 10, "found": 9, "called": 10, "right": 8, "true_s": 340.5,
///                "called_s": …, "true_covered_s": …, "called_covered_s": …, "onset_error_s": {"pairs": 8, "p5": …, "p25": …, "p50": …, "p75": …, "p95": …}}},
///      "matrix_s": [{"true": "AFIB", "called": null, "s": 12.5}, …],
///      "records": [{"record": "200", "labels": {"AFIB": …}, "matrix_s": […]}],
///      "mean": {"AFIB": {"sensitivity": …, …}},
///      "scoring": {"learning_s": 300, "coverage": 0, "shortest_s": 0, "ignored": [], "fewest_for_mean": 1}}
extension EpisodeReport {
  public func json(into json: inout JSONWriter) {
    json.beginObject()
    json.key("gross")
    Self.write(gross, into: &json)
    Self.write(matrix, into: &json)
    json.key("records")
    json.beginArray()
    for record in records {
      json.beginObject()
      json.pair("record", record.name)
      json.key("labels")
      Self.write(record.statistics, into: &json)
      Self.write(record.matrix, into: &json)
      json.endObject()
    }
    json.endArray()
    writeMean(into: &json)
    writeScoring(into: &json)
    json.endObject()
  }

  private static func write(_ statistics: [String: EpisodeStatistics], into json: inout JSONWriter) {
    json.beginObject()
    for label in statistics.keys.sorted() {
      json.key(label)
      write(statistics[label] ?? EpisodeStatistics(), into: &json)
    }
    json.endObject()
  }

  private static func write(_ statistics: EpisodeStatistics, into json: inout JSONWriter) {
    json.beginObject()
    for figure in Figure.allCases { json.figure(figure.rawValue, figure.of(statistics)) }
    json.pair("true", statistics.truthCount)
    json.pair("found", statistics.truthFound)
    json.pair("called", statistics.testCount)
    json.pair("right", statistics.testRight)
    json.pair("true_s", statistics.truthSeconds)
    json.pair("called_s", statistics.testSeconds)
    json.pair("true_covered_s", statistics.truthCovered)
    json.pair("called_covered_s", statistics.testCovered)
    json.key("onset_error_s")
    json.beginObject()
    json.pair("pairs", statistics.onsetErrors.count)
    for percent in [5, 25, 50, 75, 95] {
      json.figure("p\(percent)", statistics.onsetError(quantile: Double(percent) / 100))
    }
    json.endObject()
    json.endObject()
  }

  private static func write(_ matrix: TimeMatrix, into json: inout JSONWriter) {
    let sides: [String?] = matrix.labels + [nil]
    json.key("matrix_s")
    json.beginArray()
    for truth in sides {
      for test in sides {
        json.beginObject()
        json.pair("true", truth.map(JSONValue.string) ?? .null)
        json.pair("called", test.map(JSONValue.string) ?? .null)
        json.pair("s", matrix[truth, test])
        json.endObject()
      }
    }
    json.endArray()
  }

  private func writeMean(into json: inout JSONWriter) {
    json.key("mean")
    json.beginObject()
    for label in labels {
      json.key(label)
      json.beginObject()
      for figure in Figure.allCases { json.figure(figure.rawValue, mean(figure, of: label)) }
      json.endObject()
    }
    json.endObject()
  }

  private func writeScoring(into json: inout JSONWriter) {
    json.key("scoring")
    json.beginObject()
    json.pair("learning_s", scoring.learning)
    json.pair("coverage", scoring.coverage)
    json.pair("shortest_s", scoring.shortest)
    json.list("ignored", scoring.ignored.sorted()) { $1.write($0) }
    json.pair("fewest_for_mean", scoring.fewestForMean)
    json.endObject()
  }
}
