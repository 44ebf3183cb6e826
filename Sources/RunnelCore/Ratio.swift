/// A rate against another as p/q in lowest terms: how a resampler and label positions count, in integers.
public struct Ratio: Sendable, Hashable {
  public var p: Int64
  public var q: Int64

  /// The largest numerator or denominator accepted: beyond it a polyphase filter has no sensible size.
  public static let largest: Int64 = 4096

  public init(_ p: Int64, _ q: Int64) {
    precondition(p > 0 && q > 0, "a rate ratio is positive")
    let divisor = Self.greatestCommonDivisor(p, q)
    self.p = p / divisor
    self.q = q / divisor
  }

  /// `output / input` as the simplest fraction within one part in 10⁹, by continued fractions; nil where none has
  /// terms up to `largest`.
  public init?(output: Double, input: Double) {
    guard output > 0, input > 0, output.isFinite, input.isFinite else { return nil }
    let target = output / input
    var (p0, q0, p1, q1): (Int64, Int64, Int64, Int64) = (0, 1, 1, 0)
    var rest = target
    for _ in 0..<40 {
      guard rest < Double(Self.largest) * 2 else { return nil }
      let whole = Int64(rest.rounded(.down))
      (p0, p1) = (p1, whole * p1 + p0)
      (q0, q1) = (q1, whole * q1 + q0)
      guard p1 <= Self.largest, q1 <= Self.largest else { return nil }
      if p1 > 0, abs(Double(p1) / Double(q1) - target) <= 1e-9 * target {
        self.init(p1, q1)
        return
      }
      rest = 1 / (rest - Double(whole))
    }
    return nil
  }

  private static func greatestCommonDivisor(_ a: Int64, _ b: Int64) -> Int64 {
    b == 0 ? a : greatestCommonDivisor(b, a % b)
  }
}
