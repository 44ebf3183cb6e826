import RunnelCore

/// Where the outputs of a lane lie among the samples of its stream: integers only, so that positions are exact at any
/// index.
///
/// Frame k lies at k · q/p input samples; an output speaks of a moment `delay` before the frame that it is for. Rounding
/// is half up. A step is an output: what the decision counts.
struct StepClock: Sendable, Hashable {
  /// Frames per input sample.
  let ratio: Ratio
  let grid: OutputGrid
  /// What a step's position is reduced by, as a fraction of input samples.
  private let delayNumerator: Int128
  private let delayDenominator: Int128

  /// - Parameters:
  ///   - delayFrames: the model's delay at its own rate.
  ///   - extraLag: input samples by which this lane's resampler lags more than that of the training did, as a
  ///     fraction; negative where it lags less.
  init(
    ratio: Ratio, delayFrames: Int64, extraLag: Fraction = Fraction(0, 1), grid: OutputGrid = .everyFrame
  ) {
    self.ratio = ratio
    self.grid = grid
    let (p, q) = (Int128(ratio.p), Int128(ratio.q))
    delayNumerator = Int128(delayFrames) * q * Int128(extraLag.denominator) + Int128(extraLag.numerator) * p
    delayDenominator = p * Int128(extraLag.denominator)
  }

  /// The input index that step m speaks of, never one that has not come: a resampler that lags less than that of the
  /// training did would take the moment beyond it where the delay is short.
  func position(ofStep step: Int64) -> Int64 {
    min(position(ofFrame: grid.frame(spokenOfBy: step)), newestIndex(ofStep: step))
  }

  /// The newest input index that step m used.
  func newestIndex(ofStep step: Int64) -> Int64 { newestIndex(ofFrame: grid.newestFrame(of: step)) }

  /// The input rows that steps `first ... last` rest on since the step before them; never empty, and none of them newer
  /// than the row that the last step speaks of, so that what is said of them is known by then. Rows between two windows
  /// belong to neither.
  func rows(ofSteps first: Int64, _ last: Int64) -> ClosedRange<Int64> {
    let end = position(ofStep: last)
    var start = position(ofStep: first - 1) + 1
    if grid.isWindowed { start = max(start, firstRow(ofWindow: first)) }
    return min(start, end)...end
  }

  /// The rows of a whole window, up to the one that its last step speaks of.
  func rows(ofWindow window: Int64) -> ClosedRange<Int64> {
    let end = position(ofStep: window)
    return min(firstRow(ofWindow: window), end)...end
  }

  /// Input samples from frame to frame.
  var samplesPerFrame: Double { Double(ratio.q) / Double(ratio.p) }

  /// The newest input index that frame k used.
  func newestIndex(ofFrame frame: Int64) -> Int64 {
    let (whole, rest) = frame.floorDivided(by: ratio.p)
    return whole * ratio.q + rest * ratio.q / ratio.p
  }

  private func firstRow(ofWindow window: Int64) -> Int64 {
    position(ofFrame: grid.firstFrame(ofWindow: window) - 1) + 1
  }

  /// Where frame k lies, less the delay.
  private func position(ofFrame frame: Int64) -> Int64 {
    let (whole, rest) = frame.floorDivided(by: ratio.p)
    // rest · q/p − delay over one denominator, plus a half, floored. Terms of a ratio go up to 4096, so that 64 bits
    // would not hold the product of as many.
    let (p, q) = (Int128(ratio.p), Int128(ratio.q))
    let denominator = p * delayDenominator
    let numerator = Int128(rest) * q * delayDenominator - delayNumerator * p
    return whole * ratio.q + Int64((2 * numerator + denominator).floorDivided(by: 2 * denominator).quotient)
  }
}

extension SignedInteger where Self: FixedWidthInteger {
  /// Division that rounds down, its remainder never negative.
  fileprivate func floorDivided(by divisor: Self) -> (quotient: Self, remainder: Self) {
    let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
    return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
  }
}
