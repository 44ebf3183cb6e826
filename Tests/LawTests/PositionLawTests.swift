import RunnelCore
import RunnelPipeline
import RunnelWire
import Testing

/// Where labels lie, against a computation of its own: `at`, `first`, `last` and `decided` of every step at rates that
/// are no multiple of each other, at the start and far into a stream.
@Suite struct PositionLawTests {
  @Test(arguments: [360.0, 250, 128, 1000, 120, 90, 123])
  func `positions are those of the formula, at every rate and index`(rate: Double) throws {
    let bases: [Int64] = [0, 7, (1 << 31) - 5, (1 << 40) + 1, (1 << 53) - 2000]
    for base in bases {
      let signal = Signal(rate: rate, rows: 600, seed: 3)
      let rig = Rig([try .everyStep(TestModel.load("conv-lstm"))])
      try signal.send(losing: [], from: base) { rig.receive($0) }
      let found = (rig.labels["bed7/MLII"] ?? []).compactMap(Place.init)
      #expect(found == expected(rate: Int64(rate), start: base, rows: 600), "\(rate) Hz from \(base)")
    }
  }

  struct Place: Equatable {
    var at, first, last, decided: Int64

    init?(_ line: String) {
      guard
        let found = line.firstMatch(
          of: #/"kind":"label".*"at":(-?\d+),"first":(-?\d+),"last":(-?\d+),"decided":(-?\d+)/#)
      else { return nil }
      let numbers = [found.1, found.2, found.3, found.4].compactMap { Int64($0) }
      (at, first, last, decided) = (numbers[0], numbers[1], numbers[2], numbers[3])
    }

    init(at: Int64, first: Int64, last: Int64, decided: Int64) {
      (self.at, self.first, self.last, self.decided) = (at, first, last, decided)
    }
  }

  /// The model steps at 120 Hz, was trained at 360 Hz and speaks of 0.35 s = 42 steps before; the training's resampler
  /// lagged 5 periods of 120 Hz, this one 5 periods of the lower rate. Step k lies at k · rate / 120; all times 120.
  private func expected(rate: Int64, start: Int64, rows: Int64) -> [Place] {
    // Lag in stream samples: 5 · max(1, rate / 120), or none where the rates are equal; the training's 5 · rate / 120.
    let lag = rate == 120 ? 0 : 5 * max(120, rate)
    let extra = lag - 5 * rate
    func at(_ k: Int64) -> Int64 { floor(2 * ((k - 42) * rate - extra) + 120, 240) }
    var places: [Place] = []
    var k = start * 120 / rate - 2
    while floor(k * rate, 120) < start || k < 0 { k += 1 }
    // The first due at or after the start: the newest sample it depends on has come.
    while floor(k * rate, 120) < start + rows {
      if k * rate >= 120 * start || floor(k * rate, 120) >= start, at(k) >= start {
        places.append(
          Place(
            at: at(k), first: max(start, min(at(k - 1) + 1, at(k))), last: max(start, at(k)),
            decided: floor(k * rate, 120)))
      }
      k += 1
    }
    return places
  }

  private func floor(_ a: Int64, _ b: Int64) -> Int64 { a >= 0 || a % b == 0 ? a / b : a / b - 1 }
}
