import RunnelCore

/// Where the steps of a lane lie among the samples of its stream: integers only, so that positions are exact at any
/// index.
///
/// Step k lies at k · q/p input samples and speaks of a moment `delay` earlier. Rounding is half up.
struct StepClock: Sendable, Hashable {
  /// Steps per input sample.
  let ratio: Ratio
  /// What a step's position is reduced by, as a fraction of input samples.
  private let delayNumerator: Int64
  private let delayDenominator: Int64

  /// - Parameters:
  ///   - delaySteps: the model's delay at its own rate.
  ///   - extraLag: input samples by which this lane's resampler lags more than that of the training did, as a
  ///     fraction; negative where it lags less.
  init(ratio: Ratio, delaySteps: Int64, extraLag: Fraction = Fraction(0, 1)) {
    self.ratio = ratio
    delayNumerator = delaySteps * ratio.q * extraLag.denominator + extraLag.numerator * ratio.p
    delayDenominator = ratio.p * extraLag.denominator
  }

  /// The input index that step k speaks of.
  func position(ofStep step: Int64) -> Int64 {
    let (whole, rest) = step.floorDivided(by: ratio.p)
    // rest · q/p − delay over one denominator, plus a half, floored; all terms are small.
    let denominator = ratio.p * delayDenominator
    let numerator = rest * ratio.q * delayDenominator - delayNumerator * ratio.p
    return whole * ratio.q + (2 * numerator + denominator).floorDivided(by: 2 * denominator).quotient
  }

  /// The newest input index that step k used.
  func newestIndex(ofStep step: Int64) -> Int64 {
    let (whole, rest) = step.floorDivided(by: ratio.p)
    return whole * ratio.q + rest * ratio.q / ratio.p
  }

  /// The input rows that steps `first ... last` rest on since the step before them; never empty, and none of them newer
  /// than the row that the last step speaks of, so that what is said of them is known by then.
  func rows(ofSteps first: Int64, _ last: Int64) -> ClosedRange<Int64> {
    let end = position(ofStep: last)
    return min(position(ofStep: first - 1) + 1, end)...end
  }
}

extension Int64 {
  /// Division that rounds down, its remainder never negative.
  fileprivate func floorDivided(by divisor: Int64) -> (quotient: Int64, remainder: Int64) {
    let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
    return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
  }
}
