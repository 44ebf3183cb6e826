/// What a lane decided at one step. All positions are step indexes; the model's delay is not yet subtracted.
///
/// The scores that belong to a decision are handed over beside it as a borrowed buffer of K values, and
/// `score == scores[classIndex]` wherever there is a class: for `every`, `change` and the events the smoothed scores
/// of the deciding step, for a peak the mean of each class over the candidate.
public struct Decision: Sendable, Hashable {
  public enum Kind: String, Sendable, CaseIterable {
    /// Of `every` and `change`.
    case label
    /// The first of two messages with one event number.
    case onset
    /// The second of the two.
    case offset
    /// A point event, one message: a beat.
    case point
  }

  public var kind: Kind
  /// The step that the decision speaks of, the lag of smoothing already subtracted: the peak of a point, the first
  /// step at or above `enter` of an onset, the first step below `leave` of an offset (so offset − onset is the
  /// duration), the deciding step of a label.
  public var position: Int64
  /// The step at which s was largest, from which no lag is subtracted; nil where it is no point.
  public var peak: Int64?
  /// First step the scores rest on.
  public var firstStep: Int64
  /// Last step the scores rest on, inclusive; at most the deciding step.
  public var lastStep: Int64
  /// Index into the head's labels; nil is `unknown`.
  public var classIndex: Int?
  /// Score of the class; of an unknown, the score that was too small.
  public var score: Float
  /// The number that ties onset and offset together; nil for a label.
  public var event: Int64?

  public init(
    kind: Kind, position: Int64, peak: Int64? = nil, firstStep: Int64, lastStep: Int64, classIndex: Int?,
    score: Float, event: Int64? = nil
  ) {
    self.kind = kind
    self.position = position
    self.peak = peak
    self.firstStep = firstStep
    self.lastStep = lastStep
    self.classIndex = classIndex
    self.score = score
    self.event = event
  }
}
