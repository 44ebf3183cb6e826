import RunnelKernels

#if canImport(Glibc)
  import Glibc
#endif

/// The activations in f64, as their papers and frameworks write them, of the platform's functions.
enum ReferenceActivation {
  /// The kinds with numbers of their own appear with those of Keras 2 and others.
  static let all: [Activation] =
    Activation.Kind.allCases.map { Activation($0) } + [
      Activation(.hardSigmoid, alpha: 0.2, beta: 0.5), Activation(.clip, alpha: 0, beta: 6),
      Activation(.scaledTanh, alpha: 1.7159, beta: 0.6667), Activation(.affine, alpha: -0.5, beta: 2),
      Activation(.leakyRelu, alpha: 0.3), Activation(.elu, alpha: 0.5), Activation(.thresholdedRelu, alpha: 0.1),
    ]

  static func value(_ activation: Activation, _ x: Double) -> Double {
    let (a, b) = (Double(activation.alpha), Double(activation.beta))
    switch activation.kind {
    case .none: return x
    case .relu: return max(x, 0)
    case .tanh: return tanh(x)
    case .sigmoid: return 1 / (1 + exp(-x))
    case .leakyRelu: return x < 0 ? a * x : x
    case .elu: return x < 0 ? a * expm1(x) : x
    case .selu: return 1.0507009873554805 * (x < 0 ? 1.6732632423543772 * expm1(x) : x)
    case .softplus: return max(x, 0) + log1p(exp(-abs(x)))
    case .softsign: return x.isInfinite ? (x < 0 ? -1 : 1) : x / (1 + abs(x))
    case .silu: return x == -.infinity ? 0 : x / (1 + exp(-x))
    case .gelu: return x == -.infinity ? 0 : 0.5 * x * erfc(-x / 2.0.squareRoot())
    case .hardSigmoid: return min(max(a * x + b, 0), 1)
    case .clip: return min(max(x, a), b)
    case .scaledTanh: return a * tanh(b * x)
    case .affine: return a * x + b
    case .thresholdedRelu: return x > a ? x : 0
    case .exp: return exp(x)
    }
  }

  /// The stated bound of the error, in units of the exact value's own size where that is large.
  static func bound(_ activation: Activation, _ x: Double, exact: Double) -> Double {
    switch activation.kind {
    case .none, .relu, .clip, .thresholdedRelu: 0
    case .tanh, .sigmoid, .elu: 3e-7
    case .exp: 2 * Double(Float(exact).ulp)
    case .selu, .softplus, .softsign, .silu, .gelu: 3e-7 * max(1, abs(x))
    case .leakyRelu: Double(Float(exact).ulp)
    case .scaledTanh: 3e-7 * Double(activation.alpha)
    case .hardSigmoid, .affine: Double(Float(exact).ulp)
    }
  }
}
