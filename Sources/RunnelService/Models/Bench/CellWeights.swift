import RunnelCore

/// Numbers for cells of a shape, in PyTorch's shapes and gate order: as a model file has them.
public struct CellWeights: Sendable {
  /// One cell.
  public struct Level: Sendable {
    /// (G H, D)
    public var input: [Float]
    /// (G H, H)
    public var hidden: [Float]
    /// (G H)
    public var inputBias: [Float]
    public var hiddenBias: [Float]
  }

  /// From the lowest.
  public var levels: [Level]

  /// Uniform within ±1/√H as PyTorch begins: such cells forget, so that states stay small whatever the steps.
  public init(_ shape: CellShape, seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    let bound = 1 / Double(shape.hidden).squareRoot()
    self.init(shape) { count in (0..<count).map { _ in Float(bound * (2 * random.uniform() - 1)) } }
  }

  /// - Parameter next: so many more numbers, of each level W, R, b_ih, b_hh.
  public init(_ shape: CellShape, next: (Int) -> [Float]) {
    let rows = shape.cell.gates * shape.hidden
    levels = (0..<shape.layers).map { level in
      Level(
        input: next(rows * shape.features(of: level)), hidden: next(rows * shape.hidden), inputBias: next(rows),
        hiddenBias: next(rows))
    }
  }
}
