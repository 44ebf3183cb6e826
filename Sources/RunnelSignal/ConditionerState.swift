/// All that conditioning carries from sample to sample, as one value: copy it for a checkpoint, compare it in a test.
public struct ConditionerState: Sendable, Equatable {
  /// Two per filter section.
  var memories: [Double]
  /// What the resampler still needs; sample m stands at m mod its length.
  var history: [Double]
  var moments: Normaliser.Moments
  /// False until the first sample after a start, a gap or a reset: filters and resampler then start in the steady
  /// state of that sample.
  var primed: Bool

  /// Bytes of filter memories and of the resampler's history.
  public var byteCount: Int { 8 * (memories.count + history.count) }
}
