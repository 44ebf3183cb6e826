import RunnelKernels

/// How long a step of recurrent cells takes, without a model: `runnel model bench --cell`.
///
///     let report = CellBench(shape, kernels: .best, effort: .usual).run(rows: [1, 64])
///
/// What is measured is the step of the cells on carried states, as other engines' cells are measured; what the bank does
/// around it is in the figures of a model (`ModelBench`).
public struct CellBench: Sendable {
  public var shape: CellShape
  public var kernels: KernelSet
  public var effort: BenchEffort

  public init(_ shape: CellShape, kernels: KernelSet = .best, effort: BenchEffort = .usual) {
    self.shape = shape
    self.kernels = kernels
    self.effort = effort
  }

  /// - Parameter progress: hears what is being done.
  public func run(rows: [Int], clock: Clock = .system, progress: (String) -> Void = { _ in }) -> BenchReport {
    progress("limits of this machine")
    let limits = MachineLimits(
      kernels: kernels, precision: shape.precision, clock: clock, seconds: effort.secondsForLimits)
    let reading = effort.secondsToRead(shape.weightBytes, clock)
    let points = rows.map { rows in
      progress("\(rows) rows")
      return point(rows: rows, clock: clock)
    }
    return BenchReport(
      .cells(shape), kernels: kernels, weightBytes: shape.weightBytes, weightSeconds: reading, limits: limits,
      points: points)
  }

  /// One point by itself.
  public func point(rows: Int, clock: Clock = .system) -> BenchReport.Point {
    let stack = CellStack(shape, rows: rows, kernels: kernels)
    return BenchReport.Point(
      rows: rows, timing: Stopwatch(clock, seconds: effort.secondsPerPoint).time { stack.step($0) },
      multiplyAdds: Double(shape.multiplyAdds * rows))
  }
}
