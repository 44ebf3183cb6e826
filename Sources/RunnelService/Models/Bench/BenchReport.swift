import RunnelKernels

/// What a bench measured on one core: its points and the machine's limits, taken in the same run.
///
/// A step has to make its multiply-adds, and to read every weight once, whatever the rows: whichever takes longer is its
/// limit. What else a step does (activations, states, calls) is not in it, so that no step reaches 1.
public struct BenchReport: Sendable, Hashable {
  /// So many rows together.
  public struct Point: Sendable, Hashable {
    /// Lanes, or windows, that are computed together.
    public var rows: Int
    /// Steps of every row in one call: 1, or the frames of a window that is evaluated whole.
    public var steps = 1
    /// Of one call.
    public var timing: Timing
    /// Of one call: all rows and steps.
    public var multiplyAdds: Double

    public init(rows: Int, steps: Int = 1, timing: Timing, multiplyAdds: Double) {
      self.rows = rows
      self.steps = steps
      self.timing = timing
      self.multiplyAdds = multiplyAdds
    }

    private var rowSteps: Double { Double(rows * steps) }
    /// At the best repeat, and at the one in the middle.
    public var microsecondsPerStepRow: Double { timing.best * 1e6 / rowSteps }
    public var medianPerStepRow: Double { timing.median * 1e6 / rowSteps }
    /// Of a row, at the best repeat.
    public var stepsPerSecond: Double { rowSteps / timing.best }
    public var multiplyAddsPerSecond: Double { multiplyAdds / timing.best }
  }

  /// What was measured.
  public enum Subject: Sendable, Hashable {
    case cells(CellShape)
    case model(ModelSubject)
  }

  /// A model, as far as figures need it.
  public struct ModelSubject: Sendable, Hashable {
    public var name: String
    public var digest: String
    /// Of its frames, Hz.
    public var rate: Double
    /// Steps of a row that one channel takes in a second.
    public var stepsPerChannelSecond: Double
    /// Frames of a window, of a windowed model that is evaluated whole.
    public var window: Int?
    public var precision = WeightPrecision.float32
  }

  public var subject: Subject
  public var kernels: KernelSet
  /// Read once for all rows of a step.
  public var weightBytes: Int
  /// What reading them takes, measured with as many bytes.
  public var weightSeconds: Double
  public var limits: MachineLimits
  public var points: [Point]

  public init(
    _ subject: Subject, kernels: KernelSet, weightBytes: Int, weightSeconds: Double, limits: MachineLimits,
    points: [Point]
  ) {
    self.subject = subject
    self.kernels = kernels
    self.weightBytes = weightBytes
    self.weightSeconds = weightSeconds
    self.limits = limits
    self.points = points
  }

  // MARK: against the limits

  public func fractionOfPeak(_ point: Point) -> Double {
    point.multiplyAddsPerSecond / limits.multiplyAddsPerSecond
  }

  /// The least that a call can take, and what takes it.
  public struct Bound: Sendable, Hashable {
    public var seconds: Double
    /// `multiply-adds`, or the level that the weights are read from.
    public var name: String
  }

  /// Each step of the call reads the weights again.
  public func bound(_ point: Point) -> Bound {
    let adding = point.multiplyAdds / limits.multiplyAddsPerSecond
    let reading = weightSeconds * Double(point.steps)
    return adding >= reading
      ? Bound(seconds: adding, name: "multiply-adds")
      : Bound(seconds: reading, name: limits.level(of: weightBytes).name)
  }

  public func fractionOfLimit(_ point: Point) -> Double { bound(point).seconds / point.timing.best }

  /// Channels at the model's rate that one core can step, if it did nothing else; nil without a model.
  public func channelsPerCore(_ point: Point) -> Double? {
    guard case .model(let model) = subject, model.stepsPerChannelSecond > 0 else { return nil }
    return point.stepsPerSecond / model.stepsPerChannelSecond
  }
}
