import RunnelCore
import RunnelInference
import RunnelKernels

/// The proof for people.
extension ModelProof {
  public var table: String {
    let model = file.description
    let unit = model.regime == .windowed ? "windows" : "steps"
    var lines = [
      "\(path): \(model.name), \(file.size) bytes, \(file.parameters) parameters in \(tensors) tensors, all accounted for",
      "digest  \(file.digest), that of the bytes",
      "runs    with kernels \(KernelChoice.name); RUNNEL_KERNELS names others",
      "golden  \(file.golden.steps) \(unit), \(provenance)",
      "        errors, the largest and the mean; allowed is \(file.golden.tolerance) of the largest value",
    ]
    lines.append("        " + Self.row(["kernels", "way", "scores", "", "final h", "", "final c", ""]))
    for trial in trials {
      switch trial.outcome {
      case .success(let report):
        for result in report.results {
          let figures = [result.scores, result.h, result.c].flatMap { figure -> [String] in
            guard let figure else { return ["", ""] }
            return [Self.short(figure.largest), Self.short(figure.mean)]
          }
          lines.append("        " + Self.row([trial.name, result.way.rawValue] + figures))
        }
        if trial.precision != .float32 {
          lines.append("        " + Self.row([trial.name, cost(trial.precision, report)]))
        }
      case .failure(let error): lines.append("        \(trial.name)  \(error)")
      }
    }
    if let diagnosis { lines.append("mistake \(diagnosis.sentence)") }
    return lines.joined(separator: "\n")
  }

  /// What a precision costs, by the first way: the others have the same bits.
  private func cost(_ precision: WeightPrecision, _ report: GoldenReport) -> String {
    var parts: [String] = []
    if let result = report.results.first {
      parts.append("scores differ by \(Self.short(result.scores.rms)) rms")
      if let labels = result.labels { parts.append("\(labels.agreed) of \(labels.total) labels are the same") }
    }
    let promise = file.description.reducedTolerances[precision]
    parts.append(promise.map { "the file allows \($0) of the largest value" } ?? "the file promises nothing for it")
    return parts.joined(separator: "; ")
  }

  private static func row(_ columns: [String]) -> String {
    var text = ""
    for (place, column) in columns.enumerated() {
      let width = place == 0 ? 8 : place == 1 ? 15 : 9
      text += column + String(repeating: " ", count: max(1, width - column.count))
    }
    while text.last == " " { text.removeLast() }
    return text
  }

  /// Two digits: `1.2e-07`.
  private static func short(_ error: Double) -> String {
    guard error > 0, error.isFinite else { return error == 0 ? "0" : "\(error)" }
    var exponent = 0
    var rest = error
    while rest >= 9.95 {
      rest /= 10
      exponent += 1
    }
    while rest < 0.995 {
      rest *= 10
      exponent -= 1
    }
    let tenths = Int((rest * 10).rounded())
    return "\(tenths / 10).\(tenths % 10)e\(exponent)"
  }
}

/// The proof for programs.
extension ModelProof {
  /// `{"file": …, "ok": true, "name": …, "digest": …, "kernels": "avx512", "golden": {"steps": …, "kernels": [{"name": "avx2", "ok": true, …}],`
  /// `"precisions": [{"name": "bf16", "ok": true, …}]}}`
  public func json(into json: inout JSONWriter) {
    json.beginObject()
    json.pair("file", path)
    json.pair("ok", failure == nil)
    json.pair("name", file.description.name)
    json.pair("digest", file.digest)
    json.pair("kernels", KernelChoice.name)
    json.pair("size", file.size)
    json.pair("parameters", file.parameters)
    json.pair("tensors", tensors)
    json.key("golden")
    json.beginObject()
    json.pair("steps", file.golden.steps)
    json.pair("tolerance", file.golden.tolerance)
    json.pair("by", file.description.goldenBy)
    json.list("kernels", trials.filter { $0.precision == .float32 }) { Self.write($0, into: &$1) }
    json.list("precisions", trials.filter { $0.precision != .float32 }) { Self.write($0, into: &$1) }
    json.endObject()
    if let diagnosis {
      json.key("diagnosis")
      json.beginObject()
      json.pair("sentence", diagnosis.sentence)
      json.pair("trials", diagnosis.trials)
      json.list("mistakes", diagnosis.findings) { finding, json in
        json.beginObject()
        json.pair("mistake", finding.mistake)
        json.list("layers", finding.layers) { $1.write($0) }
        json.pair("remedy", finding.remedy)
        json.endObject()
      }
      json.endObject()
    }
    json.endObject()
  }

  private static func write(_ trial: Trial, into json: inout JSONWriter) {
    json.beginObject()
    json.pair("name", trial.name)
    switch trial.outcome {
    case .success(let report):
      json.pair("ok", true)
      json.key("largest_error")
      json.beginObject()
      for result in report.results { json.pair(key(result.way), result.largest) }
      json.endObject()
      json.key("errors")
      json.beginObject()
      for result in report.results {
        json.key(key(result.way))
        json.beginObject()
        for (name, figure) in [("scores", result.scores), ("h", result.h), ("c", result.c)] {
          guard let figure else { continue }
          json.key(name)
          json.beginObject()
          json.pair("largest", figure.largest)
          json.pair("mean", figure.mean)
          json.pair("rms", figure.rms)
          json.endObject()
        }
        if let labels = result.labels {
          json.key("labels")
          json.beginObject()
          json.pair("agreed", labels.agreed)
          json.pair("of", labels.total)
          json.endObject()
        }
        json.endObject()
      }
      json.endObject()
    case .failure(let error):
      json.pair("ok", false)
      json.pair("error", error.description)
    }
    json.endObject()
  }

  private static func key(_ way: GoldenReport.Way) -> String { String(way.rawValue.map { $0 == " " ? "_" : $0 }) }
}
