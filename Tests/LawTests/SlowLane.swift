import RunnelCore
import RunnelInference
import RunnelPipeline
import RunnelWire

/// What a lane should say, computed anew from what its network saw: which rows are samples, which frames there are,
/// which windows are whole, each window and each state run alone, positions in exact fractions. Slow and plain, for
/// rules that give every output its label.
struct SlowLane {
  struct Label: Equatable {
    var at, first, last, decided: Int64
    var scores: [Float]
    var missing: Int64
    /// Nil where something is missing, which may be worse.
    var isWarming: Bool?
  }

  enum Row: Equatable {
    case sample, filled, hole
  }

  let random: RandomPlan
  let model: Model
  let fates: [Row]
  /// Frames per row, and the delay in rows.
  let (p, q): (Int64, Int64)
  private let delay: (Int128, Int128)

  init(_ random: RandomPlan) {
    self.random = random
    model = random.plan.model
    let stream = random.stream
    let ratio = Ratio(output: random.made.rate, input: stream.signal.rate)!
    (p, q) = (ratio.p, ratio.q)
    let trained = Ratio(output: random.made.rate, input: random.made.trainedRate ?? random.made.rate)!
    // A resampler lags five periods of the lower rate; the training's is in the delay already. In frames times the
    // denominator, then in rows.
    func lag(_ ratio: Ratio) -> (Int64, Int64) {
      ratio.p == ratio.q ? (0, 1) : (5 * max(ratio.p, ratio.q), ratio.q)
    }
    let (here, there) = (lag(ratio), lag(trained))
    let frames = Int128((random.made.delay * random.made.rate).rounded())
    let common = Int128(here.1) * Int128(there.1)
    let sum = frames * common + Int128(here.0) * Int128(there.1) - Int128(there.0) * Int128(here.1)
    delay = (sum * Int128(ratio.q), common * Int128(ratio.p))
    let group = random.made.inputs.count
    fates = Self.fates(stream, channels: group == 1 ? [2] : [2, 0])
  }

  // MARK: rows

  private static func fates(_ stream: RandomStream, channels: [Int]) -> [Row] {
    var fates = Array(repeating: Row.sample, count: stream.rows)
    let isLost = (0..<stream.rows).map { row in stream.lost.contains { $0.contains(row) } }
    for channel in channels {
      let isMissing = (0..<stream.rows).map { isLost[$0] || stream.signal.samples[$0 * 3 + channel] == -32768 }
      var row = 0
      while row < stream.rows {
        guard isMissing[row] else {
          row += 1
          continue
        }
        // Nothing is filled across a moment of unknown length.
        var end = row + 1
        while end < stream.rows, isMissing[end], !stream.jumps.contains(end) { end += 1 }
        let hasNext = end < stream.rows && !isMissing[end] && !stream.jumps.contains(end)
        let hasLast = row > 0 && !stream.jumps.contains(row)
        let isFilled = end - row <= stream.fill && hasNext && (hasLast || stream.gap.method == .zero)
        for t in row..<end {
          if !isFilled { fates[t] = .hole } else if fates[t] == .sample { fates[t] = .filled }
        }
        row = end
      }
    }
    return fates
  }

  /// Holes of the lane, and where a state is reset: ranges of indexes, a jump with the hole before it.
  var breaks: [(range: Range<Int64>, resetAt: Int64?)] {
    var breaks: [(Range<Int64>, Int64?)] = []
    var start: Int?
    func index(_ row: Int) -> Int64 { random.stream.base + Int64(row) }
    for row in 0...random.stream.rows {
      let isJump = random.stream.jumps.contains(row)
      let isHole = row < random.stream.rows && fates[row] == .hole
      if let begun = start, isJump || !isHole {
        let isLong = row - begun > random.stream.carry
        breaks.append((index(begun)..<index(row), isJump ? index(row) : isLong ? index(row) : nil))
        start = nil
      } else if isJump {
        breaks.append((index(row)..<index(row), index(row)))
      }
      if isHole, start == nil { start = row }
    }
    return breaks
  }

  // MARK: frames

  func row(ofFrame frame: Int64) -> Int64 { Int64(Int128(frame) * Int128(q) / Int128(p)) }
  func frames(before index: Int64) -> Int64 { Int64((Int128(index) * Int128(p) + Int128(q) - 1) / Int128(q)) }

  /// The frames there should be.
  var due: [Int64] {
    let stream = random.stream
    return (frames(before: stream.base)..<frames(before: stream.end)).filter {
      fates[Int(row(ofFrame: $0) - stream.base)] != .hole
    }
  }

  /// What an output speaks of: nothing that has not come.
  func position(spoken: Int64, decided: Int64) -> Int64 { min(position(ofFrame: spoken), row(ofFrame: decided)) }

  func position(ofFrame frame: Int64) -> Int64 {
    let (n, d) = (Int128(frame) * Int128(q) * delay.1 - delay.0 * Int128(p), Int128(p) * delay.1)
    let (twice, half) = (2 * n + d, 2 * d)
    return Int64(twice >= 0 ? twice / half : -((-twice + half - 1) / half))
  }

  /// Frames before this one are decided while the lane warms up.
  func isWarming(_ frame: Int64, reach: Int64) -> Bool {
    let settle = Int64((random.settling * random.made.rate).rounded(.up)) + reach
    let warm = max(settle, Int64((random.made.warmUp * random.made.rate).rounded(.up)))
    var until = frames(before: random.stream.base) + warm
    for (range, resetAt) in breaks where frames(before: range.upperBound) <= frame {
      until = max(until, frames(before: range.upperBound) + (resetAt == nil ? settle : warm))
    }
    return frame < until
  }

  func label(spoken: Int64, after: Int64, decided: Int64, _ scores: [Float], reach: Int64) -> Label? {
    let (base, at) = (random.stream.base, position(spoken: spoken, decided: decided))
    guard at >= base else { return nil }
    let first = max(base, min(after, at))
    let missing = (first...at).count { index in
      let row = Int(index - base)
      return row < fates.count && fates[row] != .sample
    }
    return Label(
      at: at, first: first, last: at, decided: row(ofFrame: decided), scores: scores, missing: Int64(missing),
      isWarming: missing > 0 ? nil : isWarming(decided, reach: reach))
  }
}
