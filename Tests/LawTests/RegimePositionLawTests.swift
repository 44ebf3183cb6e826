import RunnelCore
import RunnelPipeline
import RunnelWire
import Testing

/// Where labels of windows and of outputs with a stride lie, against a computation of its own, through a resampler, at
/// the start and far into a stream.
@Suite struct RegimePositionLawTests {
  /// Output m is decided by frame `decided` + m · `every`, and speaks of frame `spoken` + m · `every`.
  struct Grid: Sendable {
    var name: String
    var every: Int64
    var spoken: Int64
    var decided: Int64
    /// Frames of the window that an output rests on; nil where it is carried.
    var length: Int64?
  }

  static let grids = [
    // A kernel of 5 with a padding of 1: the first output comes with the fourth frame.
    Grid(name: "strided", every: 3, spoken: 3, decided: 3),
    // Two pools of two: the second frame completes the first, the fourth the second.
    Grid(name: "pooled", every: 4, spoken: 3, decided: 3),
    Grid(name: "side-by-side", every: 12, spoken: 49, decided: 49, length: 50),
    Grid(name: "target", every: 20, spoken: 30, decided: 30, length: 31),
    // Padded alike on both sides: output 31 of 32 lies at frame 62, whatever the padding behind it.
    Grid(name: "padded", every: 16, spoken: 62, decided: 63, length: 64),
    Grid(name: "bidirectional", every: 16, spoken: 24, decided: 47, length: 48),
    Grid(name: "normalised", every: 10, spoken: 39, decided: 39, length: 40),
  ]

  @Test(arguments: grids, [360.0, 250, 128, 120, 90])
  func `positions are those of the formula, at every rate and index`(grid: Grid, rate: Double) throws {
    let made = try Regimes.made(grid.name)
    let plan = try PipelinePlan.everyStep(made.model())
    let bases: [Int64] = [0, 7, (1 << 31) - 5, (1 << 40) + 1]
    for base in bases {
      let rig = Rig([plan])
      try Signal(rate: rate, rows: 900, seed: 3).sendFrom(base) { rig.receive($0) }
      let found = rig.decisions.map { Place(at: $0.at!, first: $0.first!, last: $0.last!, decided: $0.decided!) }
      let wanted = expected(grid, rate: Int64(rate), delay: Int64((made.delay * 120).rounded()), start: base, rows: 900)
      #expect(found == wanted && !found.isEmpty, "\(grid.name) at \(rate) Hz from \(base)")
    }
  }

  struct Place: Equatable {
    var at, first, last, decided: Int64
  }

  /// The models step at 120 Hz and were trained at that rate; a resampler lags 5 periods of the lower rate. All times in
  /// samples, times 120.
  private func expected(_ grid: Grid, rate: Int64, delay: Int64, start: Int64, rows: Int64) -> [Place] {
    let lag = rate == 120 ? 0 : 5 * max(120, rate)
    func spoken(_ frame: Int64) -> Int64 { floor(2 * ((frame - delay) * rate - lag) + 120, 240) }
    func newest(_ frame: Int64) -> Int64 { floor(frame * rate, 120) }
    var places: [Place] = []
    // The first frame that comes is the first at or after the start.
    var first = start * 120 / rate - 2
    while first < 0 || first * rate < start * 120 { first += 1 }
    var m = max(0, (first - grid.decided) / grid.every - 2)
    while newest(grid.decided + m * grid.every) < start + rows {
      defer { m += 1 }
      let begins = grid.length.map { grid.decided + m * grid.every - $0 + 1 }
      // Carried, the network needs as many frames since the join as before its first output.
      guard (begins ?? grid.decided + m * grid.every - grid.decided) >= first else { continue }
      let at = spoken(grid.spoken + m * grid.every)
      guard at >= start else { continue }
      let before = max(spoken(grid.spoken + (m - 1) * grid.every) + 1, begins.map { spoken($0 - 1) + 1 } ?? .min)
      places.append(
        Place(
          at: at, first: max(start, min(before, at)), last: at, decided: newest(grid.decided + m * grid.every)))
    }
    return places
  }

  private func floor(_ a: Int64, _ b: Int64) -> Int64 { a >= 0 || a % b == 0 ? a / b : a / b - 1 }
}
