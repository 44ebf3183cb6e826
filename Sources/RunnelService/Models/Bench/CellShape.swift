import RunnelKernels

/// Recurrent cells on top of each other, as sizes only: what is measured where there is no model.
public struct CellShape: Sendable, Hashable {
  public enum Cell: String, Sendable, CaseIterable {
    case rnn
    case gru
    case lstm

    /// Rows of a weight in units of H.
    public var gates: Int {
      switch self {
      case .rnn: 1
      case .gru: 3
      case .lstm: 4
      }
    }
  }

  public var cell: Cell
  /// H
  public var hidden: Int
  /// D, of the lowest cell.
  public var inputs: Int
  public var layers: Int
  public var precision: WeightPrecision

  public static let sizeLimit = 8192
  public static let layerLimit = 16

  /// - Throws: `ServiceError` (64) for what no kernel computes.
  public init(
    _ cell: Cell, hidden: Int, inputs: Int, layers: Int = 1, precision: WeightPrecision = .float32
  ) throws(ServiceError) {
    for (option, value, limit) in [
      ("--hidden", hidden, Self.sizeLimit), ("--inputs", inputs, Self.sizeLimit), ("--layers", layers, Self.layerLimit),
    ] where !(1...limit).contains(value) {
      throw ServiceError(.usage, "\(option) \(value): give 1 to \(limit)")
    }
    self.cell = cell
    self.hidden = hidden
    self.inputs = inputs
    self.layers = layers
    self.precision = precision
  }

  /// Features that go into a level.
  public func features(of level: Int) -> Int { level == 0 ? inputs : hidden }

  /// Of one row; a multiply-add is a weight and a value.
  public var multiplyAdds: Int {
    (0..<layers).reduce(0) { $0 + cell.gates * hidden * (features(of: $1) + hidden) }
  }
  /// Of the matrices; the biases are a part too small to count.
  public var weightBytes: Int { multiplyAdds * precision.size }
}
