internal import CRunnelKernels

/// How the weights of a layer are stored. Biases, states and all that is computed are f32.
public enum WeightPrecision: String, Sendable, CaseIterable {
  case float32
  /// The upper half of an f32, rounded to nearest, ties to even, when weights are packed; widened exactly when they are
  /// read, and summed in the order of f32. So linear layers give what f32 weights of those values give, bit for bit; cells
  /// nearly so, because weights of f32 gates are packed in units of their activation. Half the bytes: quicker where reading
  /// weights takes the time, which is one row from 64 units on.
  case bf16
  /// Whole numbers of −127…127 times a scale that each output of a matrix has; what they are multiplied with is quantised
  /// in the same way, each row by itself, and the products are summed exactly. A quarter of the bytes.
  case int8

  /// Bytes of a weight.
  public var size: Int {
    switch self {
    case .float32: 4
    case .bf16: 2
    case .int8: 1
    }
  }

  /// Columns of a matrix, at most.
  public var columnLimit: Int { self == .int8 ? Int(RUNNEL_INT8_COLUMNS) : .max }

  /// What of the weights of one output of a matrix is kept.
  public func rounded(_ weights: [Float]) -> [Float] {
    switch self {
    case .float32: return weights
    case .bf16: return weights.map { Float(bitPattern: UInt32(Self.half($0)) << 16) }
    case .int8:
      let scale = Scale(weights)
      return weights.map { Float(scale.whole($0)) * scale.value }
    }
  }

  static func half(_ weight: Float) -> UInt16 {
    let bits = weight.bitPattern
    guard weight.isFinite else { return UInt16(bits >> 16) | (weight.isNaN ? 0x40 : 0) }
    let half = UInt16((bits + 0x7fff + (bits >> 16 & 1)) >> 16)
    return half & 0x7fff == 0x7f80 ? half - 1 : half
  }

  /// How int8 weights of one output of a matrix are made.
  struct Scale {
    private let largest: Float

    init(_ weights: some Sequence<Float>) {
      largest = weights.reduce(0) { $1.isFinite ? max($0, $1.magnitude) : .nan }
    }

    /// What a whole number stands for: 0 where all weights are 0, NaN where one is not finite.
    var value: Float { largest / 127 }

    /// 127 weight / largest to the nearest, ties to even.
    func whole(_ weight: Float) -> Int8 {
      largest > 0 ? Int8((127 * Double(weight) / Double(largest)).rounded(.toNearestOrEven)) : 0
    }
  }

  /// Words of 32 bits for so many weights that follow each other.
  func words(_ count: Int) -> Int {
    switch self {
    case .float32: count
    case .bf16: (count + 1) / 2
    case .int8: 1 + (count + 3) / 4
    }
  }

  /// What weights and bias of a gate are multiplied by before they are packed. bf16 keeps weights as they are.
  func factor(_ activation: Activation) -> Double { self == .bf16 ? 1 : activation.factor }

  /// As the kernels take it.
  var code: Int32 {
    switch self {
    case .float32: Int32(RUNNEL_FLOAT32)
    case .bf16: Int32(RUNNEL_BF16)
    case .int8: Int32(RUNNEL_INT8)
    }
  }
}
