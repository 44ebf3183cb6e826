import RunnelCore

/// A small exact fraction, for lags that are no whole number of samples.
struct Fraction: Sendable, Hashable {
  let numerator: Int64
  /// Positive; lowest terms.
  let denominator: Int64

  init(_ numerator: Int64, _ denominator: Int64) {
    var (a, b) = (numerator.magnitude, denominator.magnitude)
    while b != 0 { (a, b) = (b, a % b) }
    let divisor = Int64(max(a, 1))
    self.numerator = numerator / divisor
    self.denominator = denominator / divisor
  }

  init(_ pair: (numerator: Int64, denominator: Int64)) { self.init(pair.numerator, pair.denominator) }
  init(_ ratio: Ratio) { self.init(ratio.p, ratio.q) }

  static func - (a: Fraction, b: Fraction) -> Fraction {
    Fraction(a.numerator * b.denominator - b.numerator * a.denominator, a.denominator * b.denominator)
  }

  static func * (a: Fraction, b: Fraction) -> Fraction {
    Fraction(a.numerator * b.numerator, a.denominator * b.denominator)
  }
}
