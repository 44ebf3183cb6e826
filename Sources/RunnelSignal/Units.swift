/// What brings a value in one unit into another of the same dimension.
///
/// ```swift
/// Units.factor(from: "uV", to: "mV")  // 0.001
/// Units.factor(from: "mV", to: "g")   // nil
/// ```
///
/// A short table of what biosignal and machine recordings declare; units with an offset (°C to °F) are not in it.
/// A unit that is not in the table converts to itself only.
public enum Units {
  /// `value in to = value in from × factor`; nil where the two have different dimensions or one is unknown.
  public static func factor(from declared: String, to wanted: String) -> Double? {
    if declared == wanted { return 1 }
    guard let a = table[declared], let b = table[wanted], a.dimension == b.dimension else { return nil }
    // The mantissas first, then one exact power of ten: µV to mV is then 1/1000 correctly rounded.
    let ratio = a.mantissa / b.mantissa
    let shift = a.exponent - b.exponent
    return shift >= 0 ? ratio * power(ofTen: shift) : ratio / power(ofTen: -shift)
  }

  /// Whether the table knows this unit at all.
  public static func isKnown(_ unit: String) -> Bool { table[unit] != nil }

  private enum Dimension { case voltage, current, acceleration, pressure, angularRate, temperature, one }

  /// One of this unit is mantissa × 10^exponent of the dimension's first.
  private struct Scale {
    var dimension: Dimension
    var mantissa = 1.0
    var exponent = 0
  }

  /// Exact up to 10²².
  private static func power(ofTen n: Int) -> Double {
    var power = 1.0
    for _ in 0..<n { power *= 10 }
    return power
  }

  // "µ" exists twice in Unicode: the micro sign U+00B5 and the Greek letter U+03BC.
  private static let table: [String: Scale] = {
    var table: [String: Scale] = [
      "g": Scale(dimension: .acceleration, mantissa: 9.80665),
      "mg": Scale(dimension: .acceleration, mantissa: 9.80665, exponent: -3),
      "mmHg": Scale(dimension: .pressure, mantissa: 133.322387415),
      "cmH2O": Scale(dimension: .pressure, mantissa: 98.0665),
      "bar": Scale(dimension: .pressure, exponent: 5),
      "mbar": Scale(dimension: .pressure, exponent: 2),
      "hPa": Scale(dimension: .pressure, exponent: 2),
      "kPa": Scale(dimension: .pressure, exponent: 3),
      "%": Scale(dimension: .one, exponent: -2),
      "deg/s": Scale(dimension: .angularRate),
      "rad/s": Scale(dimension: .angularRate, mantissa: 57.29577951308232),
    ]
    for (symbol, dimension) in [("V", Dimension.voltage), ("A", .current)] {
      let prefixes = [("", 0), ("m", -3), ("u", -6), ("\u{B5}", -6), ("\u{3BC}", -6), ("n", -9), ("k", 3)]
      for (prefix, exponent) in prefixes {
        table[prefix + symbol] = Scale(dimension: dimension, exponent: exponent)
      }
    }
    for metres in ["m/s2", "m/s^2", "m/s²", "m/s/s"] { table[metres] = Scale(dimension: .acceleration) }
    table["Pa"] = Scale(dimension: .pressure)
    for celsius in ["degC", "°C", "C"] { table[celsius] = Scale(dimension: .temperature) }
    for one in ["1", "none", "-", "ratio"] { table[one] = Scale(dimension: .one) }
    return table
  }()
}
