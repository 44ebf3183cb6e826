/// A sigmoid or a tanh as the quotient that cells make of it, operation by operation as body_activations.h has them.
struct Quotient {
  let over: Float
  let under: Float

  /// Adding it rounds to an integer, to which the bias of the exponent is added.
  private static let magic: Float = 0x1.8p23 + 127

  private static func cut(_ x: Float, _ low: Float, _ high: Float) -> Float {
    let x = x < low ? low : x
    return x > high ? high : x
  }

  private static func power(_ shifted: Float) -> Float { Float(bitPattern: shifted.bitPattern << 23) }

  static func sigmoid(_ x: Float) -> Quotient {
    let x = cut(x, -64, 88)
    let shifted = magic.addingProduct(x, -0x1.715476p0)
    let n = shifted - magic
    let r = (-x).addingProduct(n, -0x1.63p-1).addingProduct(n, 0x1.bd0106p-13)
    let z = r * r
    let t = r.addingProduct(r * z, Float(-0x1.554ff0p-4).addingProduct(0x1.0c8252p-7, z))
    return Quotient(over: 2 - t, under: (2 - t).addingProduct(power(shifted), 2 + t))
  }

  static func tanh(_ x: Float) -> Quotient {
    let x = cut(x, -10, 10)
    let shifted = magic.addingProduct(x, 0x1.715476p1)
    let r = x.addingProduct(shifted - magic, -0x1.62e430p-2)
    let z = r * r
    let p = Float(-0x1.55554ep-2).addingProduct(Float(0x1.1105d0p-3).addingProduct(-0x1.aff21ap-5, z), z)
    let t = r.addingProduct(r * z, p)
    let (less, more) = (power(shifted) - 1, power(shifted) + 1)
    return Quotient(over: less.addingProduct(t, more), under: more.addingProduct(t, less))
  }
}
