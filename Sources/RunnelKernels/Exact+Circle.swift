/// Sine, cosine and the angle of a point.
extension Exact {
  /// sin x for |x| ≤ 2²⁰, about 166 886 turns; NaN of NaN and infinities.
  public static func sin(_ x: Double) -> Double { sinCos(x).sin }

  /// cos x for |x| ≤ 2²⁰; NaN of NaN and infinities.
  public static func cos(_ x: Double) -> Double { sinCos(x).cos }

  /// Both, for the price of one reduction.
  public static func sinCos(_ x: Double) -> (sin: Double, cos: Double) {
    guard x.isFinite else { return (.nan, .nan) }
    precondition(x.magnitude <= 0x1p20, "sine and cosine are exact up to 2^20")
    let (quarter, high, low) = reduced(x)
    let s = sinNearZero(high, low)
    let c = cosNearZero(high, low)
    switch quarter & 3 {
    case 0: return (s, c)
    case 1: return (c, -s)
    case 2: return (-s, -c)
    default: return (-c, s)
    }
  }

  /// x = k π/2 + (high + low), |high| ≤ π/4. π/2 is given in four parts, the first three of 33 bits: k has at most
  /// 20, so their products are exact, and what is lost is below 2⁻¹³⁰ (Cody and Waite's scheme).
  private static func reduced(_ x: Double) -> (quarter: Int, high: Double, low: Double) {
    guard x.magnitude > 0x1.921f_b544_42d1_8p-1 else { return (0, x, 0) }
    let k = (x * 0x1.45f3_06dc_9c88_3p-1).rounded()
    let first = x - k * 0x1.921f_b544p+0
    let (second, lostSecond) = sum(first, -k * 0x1.0b46_11a6p-34)
    let (third, lostThird) = sum(second, -k * 0x1.3198_a2ep-69)
    let rest = lostSecond + (lostThird - k * 0x1.b839_a252_049c_1p-104)
    let (high, low) = sum(third, rest)
    return (Int(k), high, low)
  }

  /// a + b as a rounded sum and what the rounding lost (Knuth's two-sum).
  private static func sum(_ a: Double, _ b: Double) -> (Double, Double) {
    let s = a + b
    let bPart = s - a
    return (s, (a - (s - bPart)) + (b - bPart))
  }

  /// Taylor to x¹⁹ for |x| ≤ π/4 (the rest is below 2⁻⁶⁶); `y` is the part of the argument below its last bit.
  private static func sinNearZero(_ x: Double, _ y: Double) -> Double {
    let z = x * x
    var p = -1.0 / 121_645_100_408_832_000
    p = p * z + 1.0 / 355_687_428_096_000
    p = p * z - 1.0 / 1_307_674_368_000
    p = p * z + 1.0 / 6_227_020_800
    p = p * z - 1.0 / 39_916_800
    p = p * z + 1.0 / 362_880
    p = p * z - 1.0 / 5_040
    p = p * z + 1.0 / 120
    p = p * z - 1.0 / 6
    return x + (x * z * p + y * (1 - z / 2))
  }

  /// Taylor to x¹⁸ for |x| ≤ π/4.
  private static func cosNearZero(_ x: Double, _ y: Double) -> Double {
    let z = x * x
    var p = -1.0 / 6_402_373_705_728_000
    p = p * z + 1.0 / 20_922_789_888_000
    p = p * z - 1.0 / 87_178_291_200
    p = p * z + 1.0 / 479_001_600
    p = p * z - 1.0 / 3_628_800
    p = p * z + 1.0 / 40_320
    p = p * z - 1.0 / 720
    p = p * z + 1.0 / 24
    let half = z / 2
    let w = 1 - half
    return w + (((1 - w) - half) + (z * (z * p) - x * y))
  }

  /// The angle of the point (x, y) in −π...π; 0 at the origin, NaN where a coordinate is not finite.
  ///
  /// t = smaller / larger coordinate; with c the nearest eighth, atan t = atan c + atan((t − c) / (1 + t c)), whose
  /// last argument is at most 1/16, and its Taylor series to the 15th power (the rest is below 2⁻⁶⁷).
  public static func atan2(_ y: Double, _ x: Double) -> Double {
    guard x.isFinite, y.isFinite else { return .nan }
    let (width, height) = (x.magnitude, y.magnitude)
    guard width > 0 || height > 0 else { return 0 }
    let steep = height > width
    let t = steep ? width / height : height / width
    let eighths = (t * 8).rounded()
    let c = eighths / 8
    let u = (t - c) / (1 + t * c)
    let z = u * u
    var p = -1.0 / 15
    p = p * z + 1.0 / 13
    p = p * z - 1.0 / 11
    p = p * z + 1.0 / 9
    p = p * z - 1.0 / 7
    p = p * z + 1.0 / 5
    p = p * z - 1.0 / 3
    let (high, low) = arcTangent(ofEighths: Int(eighths))
    let correction = low + u * z * p
    let angle: Double
    switch (steep, x < 0) {
    case (false, false): angle = high + (u + correction)
    case (false, true): angle = (0x1.921f_b544_42d1_8p+1 - high) - (u + (correction - 0x1.1a62_6331_45c0_7p-53))
    case (true, false): angle = (0x1.921f_b544_42d1_8p+0 - high) - (u + (correction - 0x1.1a62_6331_45c0_7p-54))
    case (true, true): angle = (0x1.921f_b544_42d1_8p+0 + high) + (u + (correction + 0x1.1a62_6331_45c0_7p-54))
    }
    return y < 0 ? -angle : angle
  }

  /// atan(i / 8) as a double and the part below its last bit.
  private static func arcTangent(ofEighths i: Int) -> (Double, Double) {
    switch i {
    case 0: (0, 0)
    case 1: (0x1.fd5b_a9aa_c2f6_ep-4, -0x1.cd37_6867_60c1_7p-59)
    case 2: (0x1.f5b7_5f92_c80d_dp-3, 0x1.8ab6_e3cf_7afb_dp-57)
    case 3: (0x1.6f61_941e_4def_1p-2, -0x1.c63a_ae6f_6e91_8p-56)
    case 4: (0x1.dac6_7056_1bb4_fp-2, 0x1.a2b7_f222_f65e_2p-56)
    case 5: (0x1.1e00_babd_efeb_4p-1, -0x1.928d_f287_a668_fp-58)
    case 6: (0x1.4978_fa32_69ee_1p-1, 0x1.2419_a87f_2a45_8p-56)
    case 7: (0x1.700a_7c57_8463_4p-1, -0x1.8c34_d25a_adef_6p-56)
    default: (0x1.921f_b544_42d1_8p-1, 0x1.1a62_6331_45c0_7p-55)
    }
  }
}
