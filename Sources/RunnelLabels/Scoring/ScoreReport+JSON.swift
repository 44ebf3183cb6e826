import RunnelCore

/// `runnel score --json`. Fractions; null where a figure is undefined.
///
///     {"gross": {"QRS": {"sensitivity": 0.99, "positive_predictivity": 0.98, "true_positive": 99,
///                        "false_negative": 1, "false_positive": 2}, "N": …, "S": …, "V": …,
///                "matrix": {"Nn": 90, "Ns": 0, …}, "ignored_in_flutter": 0},
///      "records": [{"record": "100", "QRS": …}],
///      "mean": {"QRS": {"sensitivity": …, "positive_predictivity": …, "records": 22}, …},
///      "scoring": {"class_map": "aami", "classes": {"N": "N L R B e j", …}, "window_s": 0.15, "learning_s": 300.0,
///                  "fewest_for_mean": 10, "reference_beats": false}}
extension ScoreReport {
  public func json(into json: inout JSONWriter) {
    json.beginObject()
    json.key("gross")
    json.beginObject()
    Self.write(gross, ignoredInFlutter, into: &json)
    json.endObject()
    json.key("records")
    json.beginArray()
    for record in records {
      json.beginObject()
      json.pair("record", record.name)
      Self.write(record.matrix, record.ignoredInFlutter, into: &json)
      json.endObject()
    }
    json.endArray()
    writeMean(into: &json)
    writeScoring(into: &json)
    json.endObject()
  }

  private static func write(_ matrix: BeatMatrix, _ ignored: Int, into json: inout JSONWriter) {
    for question in BeatStatistics.Question.allCases {
      let statistics = BeatStatistics(question, of: matrix)
      json.key(question.rawValue)
      json.beginObject()
      json.figure("sensitivity", statistics.sensitivity)
      json.figure("positive_predictivity", statistics.positivePredictivity)
      json.pair("true_positive", statistics.truePositive)
      json.pair("false_negative", statistics.falseNegative)
      json.pair("false_positive", statistics.falsePositive)
      json.endObject()
    }
    json.key("matrix")
    json.beginObject()
    for (truth, test) in BeatMatrix.places { json.pair(truth.rawValue + test.column, matrix[truth, test]) }
    json.endObject()
    json.pair("ignored_in_flutter", ignored)
  }

  private func writeMean(into json: inout JSONWriter) {
    json.key("mean")
    json.beginObject()
    for question in BeatStatistics.Question.allCases {
      let mean = mean(question)
      json.key(question.rawValue)
      json.beginObject()
      json.figure("sensitivity", mean.sensitivity)
      json.figure("positive_predictivity", mean.positivePredictivity)
      json.pair("records", mean.records)
      json.endObject()
    }
    json.endObject()
  }

  private func writeScoring(into json: inout JSONWriter) {
    json.key("scoring")
    json.beginObject()
    json.pair("class_map", scoring.classMap.rawValue)
    json.key("classes")
    json.beginObject()
    for beat in BeatClass.allCases where beat.isBeat {
      json.pair(beat.rawValue, scoring.classMap.symbols(of: beat))
    }
    json.endObject()
    json.pair("window_s", scoring.window)
    json.pair("learning_s", scoring.learning)
    json.pair("fewest_for_mean", scoring.fewestForMean)
    json.pair("reference_beats", scoring.usesReferenceBeats)
    json.endObject()
  }
}

extension JSONWriter {
  /// What is said in any case: null where it is undefined.
  mutating func figure(_ name: String, _ value: Double?) { pair(name, value.map(JSONValue.number) ?? .null) }
}
