import RunnelCore

/// The figures for programs, four digits each.
extension BenchReport {
  /// `{"results": [{"rows": 64, "us_per_step_row": 0.36, "median": …, "gmac_per_second": …, "fraction_of_peak": …}],
  /// "kernels": "avx2", …}`
  public func json(into json: inout JSONWriter) {
    json.beginObject()
    json.list("results", points) { write($0, into: &$1) }
    json.pair("kernels", kernels.rawValue)
    switch subject {
    case .cells(let shape):
      json.pair("precision", shape.precision.rawValue)
      json.pair("cell", shape.cell.rawValue)
      json.pair("hidden", shape.hidden)
      json.pair("inputs", shape.inputs)
      json.pair("layers", shape.layers)
    case .model(let model):
      json.pair("precision", model.precision.rawValue)
      json.pair("model", model.name)
      json.pair("digest", model.digest)
      json.figure("rate", model.rate)
      json.figure("steps_per_channel_second", model.stepsPerChannelSecond)
    }
    json.pair("weight_bytes", weightBytes)
    json.figure("peak_gmac_per_second", limits.multiplyAddsPerSecond / 1e9)
    json.key("bandwidth_gb_per_second")
    json.beginObject()
    for level in limits.levels { json.figure(level.name, level.bytesPerSecond / 1e9) }
    json.endObject()
    json.endObject()
  }

  private func write(_ point: Point, into json: inout JSONWriter) {
    json.beginObject()
    json.pair("rows", point.rows)
    json.figure("us_per_step_row", point.microsecondsPerStepRow)
    json.figure("median", point.medianPerStepRow)
    json.figure("spread", point.timing.spread)
    json.figure("steps_per_second", point.stepsPerSecond)
    json.figure("gmac_per_second", point.multiplyAddsPerSecond / 1e9)
    json.figure("fraction_of_peak", fractionOfPeak(point))
    json.figure("fraction_of_limit", fractionOfLimit(point))
    json.pair("limit", bound(point).name)
    if case .model(let model) = subject, model.window != nil {
      json.figure("us_per_window", point.timing.best * 1e6 / Double(point.rows))
    }
    if let channels = channelsPerCore(point) { json.figure("channels_per_core", channels) }
    json.endObject()
  }
}

extension JSONWriter {
  /// A measured number, rounded to four digits.
  fileprivate mutating func figure(_ key: String, _ value: Double) {
    pair(key, Figure.rounded(value, digits: 4))
  }
}
