import RunnelCore

/// How a channel becomes whole numbers of so many bits: as they are, as a multiple that makes the baseline whole, or
/// rounded to steps of its own range.
struct IntegerPlan {
  /// Of what is written.
  var channel: Channel
  /// Written = (raw × factor + shift), rounded where it is not exact.
  private var factor = 1.0
  private var shift = 0.0
  /// Whether every value comes back as it was.
  private(set) var isExact = true

  /// - Parameters:
  ///   - range: that can be stored.
  ///   - needsWholeBaseline: WFDB has none but whole ones.
  init(_ channel: Channel, _ extent: TrackSurvey.Extent, range: ClosedRange<Int>, needsWholeBaseline: Bool) {
    self.channel = channel
    self.channel.missing = nil
    let found = extent.range ?? 0...0
    func fits(_ factor: Double) -> Bool {
      found.lowerBound * factor >= Double(range.lowerBound) && found.upperBound * factor <= Double(range.upperBound)
    }
    let (gain, baseline) = channel.scaling.gainAndBaseline
    if extent.isWhole, gain.isFinite, baseline.isFinite {
      if !needsWholeBaseline, fits(1) { return }
      // A baseline between two steps is whole in steps of a half, a third …
      for multiple in 1...64 {
        let (multiplied, factor) = (baseline * Double(multiple), Double(multiple))
        guard fits(factor) else { break }
        guard abs(multiplied - multiplied.rounded()) <= 1e-9 * max(1, abs(multiplied)), abs(multiplied) < 0x1p31 else {
          continue
        }
        self.factor = factor
        self.channel.scaling = .gain(gain * factor, baseline: multiplied.rounded())
        return
      }
    }
    isExact = extent.range == nil
    let ends = [found.lowerBound, found.upperBound].map { channel.scaling.physical($0) }.sorted()
    let span = max(ends[1] - ends[0], abs(ends[0]) * 1e-6, 1e-12)
    // Less than the whole range, so that rounding the baseline leaves room.
    let steps = Double(range.upperBound - range.lowerBound - 2) / span
    let zero = (Double(range.lowerBound) + 1 - ends[0] * steps).rounded()
    self.channel.scaling = .gain(steps, baseline: zero)
    let (a, b) = (channel.scaling.physical(1) - channel.scaling.physical(0), channel.scaling.physical(0))
    (factor, shift) = (a * steps, b * steps + zero)
  }

  /// What is written for a raw value that is there.
  func written(_ raw: Double) -> Int32 { Int32(Int64(nearest: raw * factor + shift)) }
}
