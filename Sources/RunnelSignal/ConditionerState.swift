/// All that conditioning carries from sample to sample, of channels side by side, as one value: copy it for a checkpoint,
/// compare it in a test.
public struct ConditionerState: Sendable, Equatable {
  /// Two per filter section and channel. // (sections, 2, D)
  var memories: [Double]
  /// What the resampler still needs; sample m stands in row m mod taps. // (taps, D)
  var history: [Double]
  /// One per channel. // (D)
  var moments: [Normaliser.Moments]
  /// False until the first sample after a start, a gap or a reset: filters and resampler then start in the steady
  /// state of that sample.
  var primed = false

  /// D
  public var channels: Int { moments.count }

  /// Bytes of filter memories and of the resampler's history.
  public var byteCount: Int { 8 * (memories.count + history.count) }
}
