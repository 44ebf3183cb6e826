internal import CRunnelKernels

/// What a layer, or a gate, does to each of its values: a function of one number, with up to two of its own.
public struct Activation: Sendable, Hashable {
  public enum Kind: String, Sendable, CaseIterable {
    /// x
    case none
    /// max(x, 0)
    case relu
    case tanh
    /// 1 / (1 + e⁻ˣ)
    case sigmoid
    /// x < 0 ? αx : x
    case leakyRelu = "leaky_relu"
    /// x < 0 ? α(eˣ − 1) : x
    case elu
    /// 1.0507… · elu with α = 1.6732… (Klambauer et al. 2017)
    case selu
    /// ln(1 + eˣ)
    case softplus
    /// x / (1 + |x|)
    case softsign
    /// x · sigmoid(x)
    case silu
    /// x · Φ(x), Φ the distribution function of the normal distribution
    case gelu
    /// αx + β, cut to 0…1. Keras 3 and PyTorch: α = 1/6, β = 0.5; Keras 2: α = 0.2.
    case hardSigmoid = "hard_sigmoid"
    /// x cut to α…β
    case clip
    /// α · tanh(βx)
    case scaledTanh = "scaled_tanh"
    /// αx + β
    case affine
    /// x > α ? x : 0
    case thresholdedRelu = "thresholded_relu"
    /// eˣ
    case exp

    /// Whether α and β mean something, and what they are where nothing is said.
    public var defaults: (alpha: Float?, beta: Float?) {
      switch self {
      case .leakyRelu: (0.01, nil)
      case .elu: (1, nil)
      case .hardSigmoid: (1 / 6, 0.5)
      case .clip: (-1, 1)
      case .scaledTanh: (1, 1)
      case .affine: (1, 0)
      case .thresholdedRelu: (1, nil)
      default: (nil, nil)
      }
    }
  }

  public var kind: Kind
  /// 0 where the kind has none.
  public var alpha: Float
  public var beta: Float

  public init(_ kind: Kind, alpha: Float? = nil, beta: Float? = nil) {
    self.kind = kind
    self.alpha = alpha ?? kind.defaults.alpha ?? 0
    self.beta = beta ?? kind.defaults.beta ?? 0
  }

  public static let none = Activation(.none)
  public static let relu = Activation(.relu)
  public static let tanh = Activation(.tanh)
  public static let sigmoid = Activation(.sigmoid)

  /// As the kernels take it.
  var function: runnel_activation { runnel_activation(kind: kind.code, alpha: alpha, beta: beta) }

  /// What brings the sum that a cell takes this of into the unit of the kernels.
  var factor: Double {
    switch kind {
    case .sigmoid: RUNNEL_SIGMOID_FACTOR
    case .tanh: RUNNEL_TANH_FACTOR
    default: 1
    }
  }

  /// A bound of what a cell takes this of, in that unit; none is infinity.
  func bound(_ clip: Float?) -> Float { clip.map { Float(Double($0) * factor) } ?? .infinity }
}

extension Activation.Kind {
  fileprivate var code: Int32 {
    switch self {
    case .none: Int32(RUNNEL_NONE)
    case .relu: Int32(RUNNEL_RELU)
    case .tanh: Int32(RUNNEL_TANH)
    case .sigmoid: Int32(RUNNEL_SIGMOID)
    case .leakyRelu: Int32(RUNNEL_LEAKY_RELU)
    case .elu: Int32(RUNNEL_ELU)
    case .selu: Int32(RUNNEL_SELU)
    case .softplus: Int32(RUNNEL_SOFTPLUS)
    case .softsign: Int32(RUNNEL_SOFTSIGN)
    case .silu: Int32(RUNNEL_SILU)
    case .gelu: Int32(RUNNEL_GELU)
    case .hardSigmoid: Int32(RUNNEL_HARD_SIGMOID)
    case .clip: Int32(RUNNEL_CLIP)
    case .scaledTanh: Int32(RUNNEL_SCALED_TANH)
    case .affine: Int32(RUNNEL_AFFINE)
    case .thresholdedRelu: Int32(RUNNEL_THRESHOLDED_RELU)
    case .exp: Int32(RUNNEL_EXP)
    }
  }
}
