internal import CRunnelKernels

/// Filters and resampling of one channel in f64: the inner loop of conditioning, the same bits on every processor.
///
/// Sections of second order come one after another: coefficients (sections, 5) b0 b1 b2 a1 a2, memories (sections, 2),
/// which are moved on; neither is looked at where there are no sections.
public enum ConditioningKernel {
  /// From rate to rate by p / q, and where it stands.
  public struct Resampling {
    public var p: Int64
    public var q: Int64
    public var taps: Int
    /// (p, taps), the oldest first.
    public var rows: UnsafePointer<Double>?
    /// (taps), a ring, moved on.
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

  /// Samples (count) → a frame of each, `stride` apart.
  public static func filter(
    _ samples: UnsafePointer<Float>, count: Int, sections: Int, _ coefficients: UnsafePointer<Double>?,
    _ memories: UnsafeMutablePointer<Double>?, into frames: UnsafeMutablePointer<Float>, stride: Int
  ) {
    runnel_filter(Int32(sections), coefficients, memories, Int64(count), samples, frames, Int64(stride))
  }

  /// Samples (count) → the frames that are due, `stride` apart.
  public static func resample(
    _ samples: UnsafePointer<Float>, count: Int, sections: Int, _ coefficients: UnsafePointer<Double>?,
    _ memories: UnsafeMutablePointer<Double>?, _ resampling: Resampling, into frames: UnsafeMutablePointer<Float>,
    stride: Int
  ) {
    var by = runnel_resampling(
      p: resampling.p, q: resampling.q, taps: Int64(resampling.taps), rows: resampling.rows,
      history: resampling.history, place: Int64(resampling.place), phase: resampling.phase, wait: resampling.wait)
    runnel_resample(
      Int32(sections), coefficients, memories, &by, Int64(count), samples, frames, Int64(stride))
  }
}
