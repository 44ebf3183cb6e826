import RunnelCore

/// The figures for people.
extension BenchReport {
  public var table: String {
    var rows = [
      ["rows", "µs per step and row", "median", "spread", "steps/s", "GMAC/s", "of peak", "of limit", "limit"]
    ]
    let counts = points.map { channelsPerCore($0) }
    if counts.contains(where: { $0 != nil }) { rows[0].append("channels per core") }
    for (point, channels) in zip(points, counts) {
      var row = [
        "\(point.rows)", Figure.text(point.microsecondsPerStepRow), Figure.text(point.medianPerStepRow),
        Figure.percent(point.timing.spread), Figure.text(point.stepsPerSecond),
        Figure.text(point.multiplyAddsPerSecond / 1e9), Figure.percent(fractionOfPeak(point)),
        Figure.percent(fractionOfLimit(point)), bound(point).name,
      ]
      if let channels { row.append(Figure.text(channels)) }
      rows.append(row)
    }
    return ([head, limits.line] + Figure.table(rows)).joined(separator: "\n")
  }

  private var head: String {
    switch subject {
    case .cells(let shape):
      "\(shape.cell.rawValue), \(shape.hidden) hidden, \(shape.inputs) inputs, \(shape.layers) layers, \(weightBytes) bytes of \(shape.precision.rawValue) weights, kernels \(kernels.rawValue)"
    case .model(let model):
      "\(model.name), \(Phrase.number(model.rate)) frames a second, \(weightBytes) bytes of \(model.precision.rawValue) weights, kernels \(kernels.rawValue)"
        + (model.window.map { "; windows of \($0) frames, evaluated whole" } ?? "")
    }
  }
}

extension MachineLimits {
  /// One line.
  public var line: String {
    let reads = levels.map { "\(Figure.text($0.bytesPerSecond / 1e9)) GB/s \($0.name)" }.joined(separator: ", ")
    return "one core here: \(Figure.text(multiplyAddsPerSecond / 1e9)) GMAC/s; reads \(reads)"
  }
}
