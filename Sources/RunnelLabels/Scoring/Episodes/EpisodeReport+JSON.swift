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
      json.key("record")
      json.write(record.name)
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
    for figure in Figure.allCases { write(figure.rawValue, figure.of(statistics), into: &json) }
    for (key, count) in [
      ("true", statistics.truthCount), ("found", statistics.truthFound), ("called", statistics.testCount),
      ("right", statistics.testRight),
    ] {
      json.key(key)
      json.write(count)
    }
    write("true_s", statistics.truthSeconds, into: &json)
    write("called_s", statistics.testSeconds, into: &json)
    write("true_covered_s", statistics.truthCovered, into: &json)
    write("called_covered_s", statistics.testCovered, into: &json)
    json.key("onset_error_s")
    json.beginObject()
    json.key("pairs")
    json.write(statistics.onsetErrors.count)
    for percent in [5, 25, 50, 75, 95] {
      write("p\(percent)", statistics.onsetError(quantile: Double(percent) / 100), into: &json)
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
        for (key, label) in [("true", truth), ("called", test)] {
          json.key(key)
          if let label { json.write(label) } else { json.writeNull() }
        }
        write("s", matrix[truth, test], into: &json)
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
      for figure in Figure.allCases { Self.write(figure.rawValue, mean(figure, of: label), into: &json) }
      json.endObject()
    }
    json.endObject()
  }

  private func writeScoring(into json: inout JSONWriter) {
    json.key("scoring")
    json.beginObject()
    Self.write("learning_s", scoring.learning, into: &json)
    Self.write("coverage", scoring.coverage, into: &json)
    Self.write("shortest_s", scoring.shortest, into: &json)
    json.key("ignored")
    json.beginArray()
    for label in scoring.ignored.sorted() { json.write(label) }
    json.endArray()
    json.key("fewest_for_mean")
    json.write(scoring.fewestForMean)
    json.endObject()
  }

  private static func write(_ key: String, _ value: Double?, into json: inout JSONWriter) {
    json.key(key)
    if let value { json.write(value) } else { json.writeNull() }
  }
}
