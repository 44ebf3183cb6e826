extension Int64 {
  /// The nearest whole number, within ±2⁶²: places computed from what a file says may be anything. NaN is 0.
  public init(nearest value: Double) {
    self = value.isNaN ? 0 : Int64(Swift.max(-0x1p62, Swift.min(0x1p62, value.rounded())))
  }
}
