internal import CRunnelKernels

/// Filters, resampling and normalisation in f64: the inner loops of conditioning, the same bits on every processor.
///
/// Channels lie side by side, and several are taken at a time: each waits for itself, and has time for the others.
public enum ConditioningKernel {
  /// Sections of second order, one after another; where there are none, no pointer is looked at.
  public struct Filtering {
    public var sections: Int
    /// (sections, 5): b0 b1 b2 a1 a2.
    public var coefficients: UnsafePointer<Double>?
    /// (sections, 2, channels), moved on.
    public var memories: UnsafeMutablePointer<Double>?

    @inlinable
    public init(sections: Int, coefficients: UnsafePointer<Double>?, memories: UnsafeMutablePointer<Double>?) {
      (self.sections, self.coefficients, self.memories) = (sections, coefficients, memories)
    }
  }

  /// From rate to rate by p / q, and where it stands.
  public struct Resampling {
    public var p: Int64
    public var q: Int64
    public var taps: Int
    /// (p, taps), the oldest first.
    public var rows: UnsafePointer<Double>?
    /// (taps, channels), a ring, moved on.
    public var history: UnsafeMutablePointer<Double>?
    /// Where the next sample goes in the history.
    public var place: Int
    /// Of the next frame.
    public var phase: Int64
    /// Samples that come before the one with which it is due.
    public var wait: Int64

    @inlinable
    public init(
      p: Int64, q: Int64, taps: Int, rows: UnsafePointer<Double>?, history: UnsafeMutablePointer<Double>?, place: Int,
      phase: Int64, wait: Int64
    ) {
      (self.p, self.q, self.taps, self.rows, self.history) = (p, q, taps, rows, history)
      (self.place, self.phase, self.wait) = (place, phase, wait)
    }
  }

  /// Samples (channels, count), channels `column` apart → frames (n, channels): one of each sample, or those that are due.
  public static func run(
    _ samples: UnsafePointer<Float>, count: Int, column: Int, channels: Int, _ filtering: Filtering,
    _ resampling: Resampling?, into frames: UnsafeMutablePointer<Float>
  ) {
    var filter = runnel_filtering(sections: Int32(filtering.sections), coefficients: filtering.coefficients)
    guard let resampling else {
      return runnel_condition(
        &filter, filtering.memories, nil, nil, Int64(channels), Int64(count), samples, Int64(column), frames)
    }
    var by = runnel_resampling(
      p: resampling.p, q: resampling.q, taps: Int64(resampling.taps), rows: resampling.rows,
      place: Int64(resampling.place), phase: resampling.phase, wait: resampling.wait)
    runnel_condition(
      &filter, filtering.memories, &by, resampling.history, Int64(channels), Int64(count), samples, Int64(column),
      frames)
  }

  /// Running normalisation of frames (count, channels) in place: a = `forgetting`, moments (channels, 2) of mean and variance,
  /// moved on. What is not finite stays as it is, and the moments do not remember it.
  public static func normalise(
    _ frames: UnsafeMutablePointer<Float>, count: Int, channels: Int, forgetting: Double, epsilon: Double,
    moments: UnsafeMutablePointer<Double>
  ) {
    runnel_normalise(forgetting, epsilon, moments, Int64(channels), Int64(count), frames)
  }
}
