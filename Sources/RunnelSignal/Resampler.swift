import RunnelCore
import RunnelKernels

/// From one rate to another by p/q: a causal windowed-sinc filter in polyphase form; weights only.
///
/// Frame k lies at input time c = k q/p and is due when input sample ⌊c⌋ has come. With r = min(1, p/q) and a half
/// length of A = Z / r input samples (Z = 5 periods of the lower rate):
///
///     y_k = Σ x[m] g(c − A − m) over m in (c − 2A, c],   g(d) = r sinc(r d) kaiser(d / A; β = 6) for |d| < A
///
/// with the taps of each phase normalised to sum 1 (Smith's bandlimited interpolation, with Kaiser's window,
/// I₀(β√(1 − u²)) / I₀(β)). The output lags by A input samples. Sums in f64, the oldest tap first.
///
/// The history is the caller's: `tapCount` samples of each channel, sample m in row m mod tapCount, so that a lane's carried
/// state stays one value and needs no position.
public struct Resampler: Sendable {
  public let ratio: Ratio
  /// Input samples that a frame is made of: ⌈2A⌉.
  public let tapCount: Int
  /// (p, tapCount): the row of phase (k q) mod p, oldest tap first.
  let taps: [Double]

  /// Z: half the filter in periods of the lower rate.
  static let halfLength: Int64 = 5
  private static let beta = 6.0

  public init(_ ratio: Ratio) {
    self.ratio = ratio
    let (p, q) = (ratio.p, ratio.q)
    let count = p == q ? 0 : Int((2 * Self.halfLength * max(p, q) + p - 1) / p)
    tapCount = count
    var taps: [Double] = []
    taps.reserveCapacity(Int(p) * count)
    if p != q {
      for phase in 0..<p { taps += Self.row(phase: phase, ratio, count) }
    }
    self.taps = taps
  }

  /// A, in input samples, as a fraction.
  public var lag: (numerator: Int64, denominator: Int64) {
    ratio.p == ratio.q ? (0, 1) : (Self.halfLength * max(ratio.p, ratio.q), ratio.p)
  }

  /// Of the tap that is j samples old, d = (phase + j p − Z M) / p with M = max(p, q): kept as an integer, so that the
  /// ends of the window and the argument of the sine are exact.
  private static func row(phase: Int64, _ ratio: Ratio, _ count: Int) -> [Double] {
    let larger = max(ratio.p, ratio.q)
    var row = (0..<Int64(count)).reversed().map { age in
      tap(phase + age * ratio.p - halfLength * larger, larger)
    }
    let sum = row.reduce(0, +)
    for i in row.indices { row[i] /= sum }
    return row
  }

  /// sinc(n / M) kaiser(n / (Z M)); the factor r falls to the normalisation.
  private static func tap(_ n: Int64, _ larger: Int64) -> Double {
    guard n.magnitude < halfLength * larger else { return 0 }
    let u = Double(n) / Double(halfLength * larger)
    return sinc(n, larger) * bessel(beta * (1 - u * u).squareRoot()) / bessel(beta)
  }

  /// sin(π n / M) / (π n / M), the angle reduced in integers.
  private static func sinc(_ n: Int64, _ larger: Int64) -> Double {
    guard n != 0 else { return 1 }
    let turn = n % (2 * larger)
    let half = turn > larger ? turn - 2 * larger : turn < -larger ? turn + 2 * larger : turn
    if half % larger == 0 { return 0 }
    return Exact.sin(Exact.pi * Double(half) / Double(larger)) / (Exact.pi * Double(n) / Double(larger))
  }

  /// I₀(x) = Σ ((x/2)ⁿ / n!)², for 0 ≤ x ≤ 6 to the last bit or so.
  private static func bessel(_ x: Double) -> Double {
    let square = x * x / 4
    var (term, sum, n) = (1.0, 1.0, 1.0)
    while term > sum * 0x1p-56 {
      term *= square / (n * n)
      sum += term
      n += 1
    }
    return sum
  }
}

extension Ratio {
  /// ⌊k q/p⌋: the input sample with which frame k is due.
  func inputIndex(ofFrame k: Int64) -> Int64 { k / p * q + k % p * q / p }

  /// ⌈n p/q⌉: frames due before input sample n has come.
  // Dividing takes most of it, and many streams need none.
  public func frames(before n: Int64) -> Int64 { q == 1 ? n * p : n / q * p + (n % q * p + q - 1) / q }
}
