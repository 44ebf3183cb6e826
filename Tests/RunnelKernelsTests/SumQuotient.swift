import RunnelKernels

/// A sigmoid or a tanh as the quotient that cells make of it, operation by operation as body_activations.h has them. Sums
/// are in units of their activation.
enum SumQuotient {
  typealias Quotient = (over: Float, under: Float)

  /// What brings a sum into the unit of an activation: 1 / (4 ln 2), 1 / (2 ln 2).
  static func factor(_ activation: Activation) -> Double {
    switch activation.kind {
    case .sigmoid: 0x1.71547652b82fep-2
    case .tanh: 0x1.71547652b82fep-1
    default: 1
    }
  }

  /// Adding it rounds to a quarter, or to an integer, and then the bias of the exponent stands beside it in the low bits.
  private static let quarters: Float = 0x1.8p21 + 127.0 / 4
  private static let whole: Float = 0x1.8p23 + 127

  private static func cut(_ x: Float, _ limit: Float) -> Float {
    let x = x < -limit ? -limit : x
    return x > limit ? limit : x
  }

  private static func power(_ shifted: Float) -> Float { Float(bitPattern: shifted.bitPattern << 23) }

  private static func odd(_ r: Float, _ p2: Float, _ p1: Float, _ p0: Float) -> Float {
    let z = r * r
    return r.addingProduct(r, p0.addingProduct(p1.addingProduct(p2, z), z))
  }

  private static func tanh(_ power: Float, _ t: Float) -> Quotient {
    let (less, more) = (power - 1, power + 1)
    return (less.addingProduct(t, more), more.addingProduct(t, less))
  }

  static func sigmoid(_ s: Float) -> Quotient {
    let s = cut(s, 23)
    let shifted = quarters - s
    let t = odd(s + (shifted - quarters), 0x1.20be58p-1, -0x1.7f98b0p-1, 0x1.5b842cp-3)
    let wider: Float = 27.0 / 32
    return (wider + t, (wider + t).addingProduct(power(shifted), wider - t))
  }

  static func tanh(_ s: Float) -> Quotient {
    let s = cut(s, 7.25)
    let shifted = s + quarters
    return tanh(power(shifted), odd(s - (shifted - quarters), 0x1.573efcp-1, -0x1.c6a72ap-1, 0x1.8b90bcp-2))
  }

  static func tanhOfState(_ x: Float) -> Quotient {
    let x = cut(x, 10)
    let shifted = whole.addingProduct(x, 0x1.715476p1)
    let r = x.addingProduct(shifted - whole, -0x1.62e430p-2)
    return tanh(power(shifted), odd(r, 0x1.0c280ep-3, -0x1.554e4ap-2, -0x1.80ca92p-25))
  }
}
