import RunnelKernels
import RunnelService

/// What reduced weights gain: a step of one cell by how its weights are stored, in turns, so that what disturbs one
/// disturbs all.
struct PrecisionBenchmark {
  var pace: Pace

  private static let turns = 8
  private var rows: [Int] { pace.isQuick ? [1, 64] : [1, 4, 64] }

  var section: Section {
    var section = Section(
      "precisions", "A step by how weights are stored, 1 input: µs per step and row, and times float32",
      [
        ("cell", "cell"), ("hidden", "hidden"), ("rows", "rows"), ("float32", "float32"), ("bf16", "bf16"),
        ("int8", "int8"), ("spread", "spread"), ("bf16_ratio", "bf16 is quicker by"),
        ("int8_ratio", "int8 is quicker by"),
      ])
    for cell in CellShape.Cell.allCases {
      for hidden in [16, 64, 256] {
        for rows in rows { add(cell, hidden, rows, to: &section) }
      }
    }
    return section
  }

  private func add(_ cell: CellShape.Cell, _ hidden: Int, _ rows: Int, to section: inout Section) {
    let stacks = WeightPrecision.allCases.compactMap { precision in
      (try? CellShape(cell, hidden: hidden, inputs: 1, precision: precision)).map {
        CellStack($0, rows: rows, kernels: pace.kernels)
      }
    }
    var rounds = [[Timing]](repeating: [], count: stacks.count)
    let watch = Stopwatch(.system, seconds: pace.effort.secondsPerPoint / Double(Self.turns))
    for turn in 0..<Self.turns {
      // Another one begins each time.
      for place in stacks.indices.map({ ($0 + turn) % stacks.count }) {
        rounds[place].append(watch.time { stacks[place].step($0) })
      }
    }
    let timings = rounds.map { Timing($0.map(\.best)) }
    let each = timings.map { $0.best * 1e6 / Double(rows) }
    section.rows.append(
      [.text(cell.rawValue), .count(hidden), .count(rows)] + each.map { .figure($0) }
        + [.part(timings.map(\.spread).reduce(0, max))] + each.dropFirst().map { .figure(each[0] / $0) })
  }
}
