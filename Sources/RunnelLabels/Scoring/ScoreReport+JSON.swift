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
      json.key("record")
      json.write(record.name)
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
      write("sensitivity", statistics.sensitivity, into: &json)
      write("positive_predictivity", statistics.positivePredictivity, into: &json)
      write("true_positive", statistics.truePositive, into: &json)
      write("false_negative", statistics.falseNegative, into: &json)
      write("false_positive", statistics.falsePositive, into: &json)
      json.endObject()
    }
    json.key("matrix")
    json.beginObject()
    for (truth, test) in BeatMatrix.places { write(truth.rawValue + test.column, matrix[truth, test], into: &json) }
    json.endObject()
    write("ignored_in_flutter", ignored, into: &json)
  }

  private func writeMean(into json: inout JSONWriter) {
    json.key("mean")
    json.beginObject()
    for question in BeatStatistics.Question.allCases {
      let mean = mean(question)
      json.key(question.rawValue)
      json.beginObject()
      Self.write("sensitivity", mean.sensitivity, into: &json)
      Self.write("positive_predictivity", mean.positivePredictivity, into: &json)
      Self.write("records", mean.records, into: &json)
      json.endObject()
    }
    json.endObject()
  }

  private func writeScoring(into json: inout JSONWriter) {
    json.key("scoring")
    json.beginObject()
    json.key("class_map")
    json.write(scoring.classMap.rawValue)
    json.key("classes")
    json.beginObject()
    for beat in BeatClass.allCases where beat.isBeat {
      json.key(beat.rawValue)
      json.write(scoring.classMap.symbols(of: beat))
    }
    json.endObject()
    Self.write("window_s", scoring.window, into: &json)
    Self.write("learning_s", scoring.learning, into: &json)
    Self.write("fewest_for_mean", scoring.fewestForMean, into: &json)
    json.key("reference_beats")
    json.write(scoring.usesReferenceBeats)
    json.endObject()
  }

  private static func write(_ key: String, _ value: Double?, into json: inout JSONWriter) {
    json.key(key)
    if let value { json.write(value) } else { json.writeNull() }
  }

  private static func write(_ key: String, _ value: Int, into json: inout JSONWriter) {
    json.key(key)
    json.write(value)
  }
}
