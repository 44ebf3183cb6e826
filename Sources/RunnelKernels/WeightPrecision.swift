internal import CRunnelKernels

/// How the weights of a layer are stored. Biases, states and all that is computed are f32.
public enum WeightPrecision: String, Sendable, CaseIterable {
  case float32
  /// The upper half of an f32, rounded to nearest, ties to even, when weights are packed; widened exactly when they are
  /// read, and summed in the order of f32. So it gives what f32 weights of those values give, bit for bit. Half the
  /// bytes: quicker where reading weights takes the time, which is one row from 64 units on.
  case bf16

  /// Bytes of a weight.
  public var size: Int {
    switch self {
    case .float32: 4
    case .bf16: 2
    }
  }

  /// What of a weight is kept. A finite one stays finite.
  public func rounded(_ weight: Float) -> Float {
    switch self {
    case .float32: weight
    case .bf16: Float(bitPattern: UInt32(Self.half(weight)) << 16)
    }
  }

  static func half(_ weight: Float) -> UInt16 {
    let bits = weight.bitPattern
    guard weight.isFinite else { return UInt16(bits >> 16) | (weight.isNaN ? 0x40 : 0) }
    let half = UInt16((bits + 0x7fff + (bits >> 16 & 1)) >> 16)
    return half & 0x7fff == 0x7f80 ? half - 1 : half
  }

  /// Words of 32 bits for so many weights that follow each other.
  func words(_ count: Int) -> Int {
    switch self {
    case .float32: count
    case .bf16: (count + 1) / 2
    }
  }

  /// As the kernels take it.
  var code: Int32 {
    switch self {
    case .float32: Int32(RUNNEL_FLOAT32)
    case .bf16: Int32(RUNNEL_BF16)
    }
  }
}
