import RunnelCore
import RunnelKernels

/// Turns a named filter into sections for one rate: Butterworth prototypes through the bilinear transform with
/// prewarped corners, the same as `scipy.signal.butter(order, corner, btype, fs=rate, output="sos")`, and the notch of
/// `scipy.signal.iirnotch`. Only `+ − × ÷ √` and `Exact` (law 7).
///
/// ```swift
/// let sections = try ButterworthDesign.sections(of: .bandPass(order: 2, low: 0.5, high: 40), rate: 360)
/// ```
public enum ButterworthDesign {
  public static let largestOrder = 12

  /// A corner below this part of the rate leaves fewer than four digits of its poles' distance from 1.
  private static let lowestCorner = 1e-6

  /// `rate` in Hz, positive.
  public static func sections(of design: FilterDesign, rate: Double) throws(ConditioningError) -> [Biquad] {
    precondition(rate > 0, "a filter is designed for a rate")
    let name = design.name
    switch design {
    case .lowPass(let order, let corner):
      try check(name, order: order, corners: [corner], rate: rate)
      return ZeroPoleGain(lowPass: prototype(order), corner: warped(corner, rate)).sections()
    case .highPass(let order, let corner):
      try check(name, order: order, corners: [corner], rate: rate)
      return ZeroPoleGain(highPass: prototype(order), corner: warped(corner, rate)).sections()
    case .bandPass(let order, let low, let high):
      try check(name, order: order, corners: [low, high], rate: rate)
      guard low < high else { throw .emptyBand(low: low, high: high) }
      return ZeroPoleGain(bandPass: prototype(order), low: warped(low, rate), high: warped(high, rate)).sections()
    case .notch(let frequency, let quality):
      try check(name, order: 2, corners: [frequency], rate: rate)
      guard quality > 0, quality.isFinite, frequency / quality < rate else {
        throw .quality(quality, frequency: frequency, rate: rate)
      }
      return [notch(frequency / rate, quality: quality)]
    }
  }

  private static func check(
    _ name: String, order: Int, corners: [Double], rate: Double
  ) throws(ConditioningError) {
    guard (1...largestOrder).contains(order) else { throw .order(filter: name, order) }
    for corner in corners {
      guard corner > 0, corner.isFinite else { throw .cornerNotPositive(filter: name, corner: corner) }
      guard corner < rate / 2 else { throw .aboveNyquist(filter: name, corner: corner, rate: rate) }
      guard corner > rate * lowestCorner else { throw .cornerTooLow(filter: name, corner: corner, rate: rate) }
    }
  }

  /// The analogue corner that the bilinear transform at a rate of 2 brings to `corner`: 4 tan(π corner / rate).
  private static func warped(_ corner: Double, _ rate: Double) -> Double {
    let (s, c) = Exact.sinCos(Exact.pi * corner / rate)
    return 4 * (s / c)
  }

  /// The poles of the normalised low-pass, −exp(iπm / 2N) for m = 0, ±2, … or ±1, ±3, …; one of each pair.
  private static func prototype(_ order: Int) -> [Root] {
    stride(from: (order + 1) % 2, to: order, by: 2).map { m in
      let (s, c) = Exact.sinCos(Exact.pi * Double(m) / Double(2 * order))
      return Root(-c, s)
    }
  }

  /// `frequency` in parts of the rate. The gain is −3 dB at frequency ± half the width.
  private static func notch(_ frequency: Double, quality: Double) -> Biquad {
    let (s, c) = Exact.sinCos(Exact.pi * frequency / quality)
    let gain = 1 / (1 + s / c)
    let middle = -2 * gain * Exact.cos(2 * Exact.pi * frequency)
    return Biquad(b0: gain, b1: middle, b2: gain, a1: middle, a2: 2 * gain - 1)
  }
}

extension FilterDesign {
  /// As in a model file and in errors.
  var name: String {
    switch self {
    case .highPass: "high-pass"
    case .lowPass: "low-pass"
    case .bandPass: "band-pass"
    case .notch: "notch"
    }
  }

  /// What its settling time is told from, in Hz: the lowest corner, or the width of a notch.
  var lowestCorner: Double {
    switch self {
    case .highPass(_, let corner), .lowPass(_, let corner): corner
    case .bandPass(_, let low, _): low
    case .notch(let frequency, let quality): frequency / quality
    }
  }
}
