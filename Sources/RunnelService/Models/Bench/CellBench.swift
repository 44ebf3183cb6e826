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
    let limits = MachineLimits(kernels: kernels, clock: clock, seconds: effort.secondsForLimits)
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

/// How much time a bench may take.
public struct BenchEffort: Sendable, Hashable {
  public var secondsPerPoint: Double
  public var secondsForLimits: Double

  public init(secondsPerPoint: Double, secondsForLimits: Double) {
    self.secondsPerPoint = secondsPerPoint
    self.secondsForLimits = secondsForLimits
  }

  public static let usual = BenchEffort(secondsPerPoint: 1, secondsForLimits: 1)
  public static let quick = BenchEffort(secondsPerPoint: 0.1, secondsForLimits: 0.2)

  /// What reading so many weights takes on this machine.
  func secondsToRead(_ bytes: Int, _ clock: Clock) -> Double {
    MachineLimits.secondsToRead(bytes, Stopwatch(clock, seconds: secondsForLimits / 5))
  }

  public static let rowLimit = 65536
  public static let usualRows = [1, 4, 16, 64, 256]

  /// Row counts as an option gives them: `1,8,64`.
  ///
  /// - Throws: `ServiceError` (64).
  public static func rows(_ text: String) throws(ServiceError) -> [Int] {
    var counts: [Int] = []
    for word in text.split(separator: ",", omittingEmptySubsequences: false) {
      guard let count = Int(word), (1...rowLimit).contains(count) else {
        throw ServiceError(.usage, "--rows \(text): give counts of 1 to \(rowLimit) with commas between, as in 1,8,64")
      }
      counts.append(count)
    }
    return counts
  }
}
