import RunnelService

/// A step of one cell on carried states: every cell, size and row count of the grid.
struct StepBenchmark {
  var pace: Pace
  var limits: MachineLimits

  private var hidden: [Int] { pace.isQuick ? [16, 64, 256] : [16, 32, 64, 128, 256] }
  private var inputs: [Int] { pace.isQuick ? [1] : [1, 2, 16] }
  private var rows: [Int] { pace.isQuick ? [1, 8, 64, 1024] : [1, 2, 4, 8, 16, 64, 256, 1024] }

  var sections: [Section] { CellShape.Cell.allCases.map(section) }

  private func section(_ cell: CellShape.Cell) -> Section {
    var section = Section(
      "step-\(cell.rawValue)", "A step of \(cell.rawValue): all rows together, states carried",
      [
        ("hidden", "hidden"), ("inputs", "inputs"), ("rows", "rows"), ("us_per_step_row", "µs per step and row"),
        ("median", "median"), ("spread", "spread"), ("gmac_per_second", "GMAC/s"), ("fraction_of_peak", "of peak"),
        ("fraction_of_limit", "of limit"), ("limit", "limit"),
      ])
    for hidden in hidden {
      for inputs in inputs {
        guard let shape = try? CellShape(cell, hidden: hidden, inputs: inputs) else { continue }
        add(shape, to: &section)
      }
    }
    return section
  }

  private func add(_ shape: CellShape, to section: inout Section) {
    let bench = CellBench(shape, kernels: pace.kernels, effort: pace.effort)
    let report = BenchReport(
      .cells(shape), kernels: pace.kernels, weightBytes: shape.weightBytes,
      weightSeconds: pace.effort.secondsToRead(shape.weightBytes), limits: limits, points: [])
    for rows in rows {
      let point = bench.point(rows: rows)
      section.rows.append([
        .count(shape.hidden), .count(shape.inputs), .count(rows), .figure(point.microsecondsPerStepRow),
        .figure(point.medianPerStepRow), .part(point.timing.spread), .figure(point.multiplyAddsPerSecond / 1e9),
        .part(report.fractionOfPeak(point)), .part(report.fractionOfLimit(point)), .text(report.bound(point).name),
      ])
    }
  }
}
