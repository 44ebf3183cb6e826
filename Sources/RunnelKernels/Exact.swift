/// Elementary functions in f64 made of `+ − × ÷ √` and conversions only, so that a filter designed on one machine
/// has the same bits on every other (law 7). The C library's are faster, and differ between versions.
///
/// ```swift
/// let a = 1 - Exact.exp(-1 / (timeConstant * rate))
/// ```
///
/// Largest errors against 80-bit arithmetic, two million seeded arguments each: exp 0.89 ulp for |x| ≤ 700,
/// log 0.92 ulp, sin and cos 0.78 ulp for |x| ≤ 2²⁰, atan2 1.83 ulp. Nothing here is for the hot path of
/// inference: that has its own f32 kernels.
public enum Exact {
  public static let pi = 0x1.921f_b544_42d1_8p+1

  /// ln 2 in two parts; the first has 41 bits, so that its product with an exponent is exact.
  private static let ln2High = 0x1.62e4_2fef_a200_0p-1
  private static let ln2Low = 0x1.9ef3_5793_c767_3p-41

  /// eˣ. x = k ln 2 + r with |r| ≤ ln 2 / 2, eʳ by its Taylor series to r¹³ (the rest is below 2⁻⁵⁷).
  public static func exp(_ x: Double) -> Double {
    guard x < 709.79 else { return x.isNaN ? x : x <= 0x1.62e42fefa39efp+9 ? scaled(x) : .infinity }
    guard x > -745.14 else { return x.isNaN ? x : 0 }
    return scaled(x)
  }

  private static func scaled(_ x: Double) -> Double {
    let k = (x * 0x1.7154_7652_b82f_ep+0).rounded()
    let high = x - k * ln2High
    let low = k * ln2Low
    let r = high - low
    let rest = (high - r) - low
    var q = 1.0 / 6_227_020_800
    q = q * r + 1.0 / 479_001_600
    q = q * r + 1.0 / 39_916_800
    q = q * r + 1.0 / 3_628_800
    q = q * r + 1.0 / 362_880
    q = q * r + 1.0 / 40_320
    q = q * r + 1.0 / 5_040
    q = q * r + 1.0 / 720
    q = q * r + 1.0 / 120
    q = q * r + 1.0 / 24
    q = q * r + 1.0 / 6
    q = q * r + 0.5
    let y = 1 + (r + (r * r * q + rest))
    return scale(y, byPowerOfTwo: Int(k))
  }

  /// y 2ᵏ for y near 1, rounded once where the result is subnormal.
  private static func scale(_ y: Double, byPowerOfTwo k: Int) -> Double {
    func power(_ k: Int) -> Double { Double(bitPattern: UInt64(k + 1023) << 52) }
    if k > 1023 { return y * 2 * power(k - 1) }
    if k < -1022 { return y * power(k + 1000) * power(-1000) }
    return y * power(k)
  }

  /// The natural logarithm. x = 2ᵏ m with √½ ≤ m < √2; with f = m − 1 and s = f / (2 + f),
  /// log m = 2 atanh s = f − s (f − R), R = 2 s² (1/3 + s²/5 + s⁴/7 + …) to s²² (the rest is below 2⁻⁶⁰).
  /// −∞ of zero, NaN of negative numbers.
  public static func log(_ x: Double) -> Double {
    guard x > 0, x < .infinity else { return x == 0 ? -.infinity : x == .infinity ? x : .nan }
    let subnormal = x < .leastNormalMagnitude
    let bits = (subnormal ? x * 0x1p54 : x).bitPattern
    var k = Int(bits >> 52) - 1023 - (subnormal ? 54 : 0)
    var m = Double(bitPattern: bits & 0x000f_ffff_ffff_ffff | 0x3ff0_0000_0000_0000)
    if m >= 0x1.6a09_e667_f3bc_dp+0 {
      m /= 2
      k += 1
    }
    let f = m - 1
    let s = f / (2 + f)
    let z = s * s
    var series = 2.0 / 23
    series = series * z + 2.0 / 21
    series = series * z + 2.0 / 19
    series = series * z + 2.0 / 17
    series = series * z + 2.0 / 15
    series = series * z + 2.0 / 13
    series = series * z + 2.0 / 11
    series = series * z + 2.0 / 9
    series = series * z + 2.0 / 7
    series = series * z + 2.0 / 5
    series = series * z + 2.0 / 3
    let exponent = Double(k)
    return exponent * ln2High - ((s * (f - z * series) - exponent * ln2Low) - f)
  }
}
