/// The steps of a label that is a sequence: a label per step of a window, or what a decoder made of one.
///
///     "label":"V","id":2,"p":0.8,"labels":["N","V"],"ids":[1,2],"ps":[0.9,0.8],
///     "scores":[[0.05,0.9,0.05],[0.1,0.1,0.8]],"step":3
///
/// Step i stands at place i of each list. `label`, `id` and `p` of the message repeat the last step, so that who knows
/// no sequences reads what holds at `at`; they are absent where the sequence is empty, which a decoder's can be. The
/// message's `first`...`last` is the whole window, not what came since the previous label.
public struct LabelSequence: Sendable, Equatable {
  /// S names; `unknown` where the score was too small.
  public var labels: [String]
  /// S classes; nil is `unknown`, and null in the JSON.
  public var ids: [Int?]
  /// S scores, each that of its label.
  public var ps: [Float]
  /// (S, K), step after step; empty where they are not told.
  public var scores: [Float]
  /// Input samples from one step to the next: step i speaks of `at` − (S − 1 − i) · `step`, rounded half up. Nil where
  /// the steps have no place in time, as a decoder's have none.
  public var step: Double?

  public init(
    labels: [String] = [], ids: [Int?] = [], ps: [Float] = [], scores: [Float] = [], step: Double? = nil
  ) {
    self.labels = labels
    self.ids = ids
    self.ps = ps
    self.scores = scores
    self.step = step
  }

  /// S.
  public var count: Int { labels.count }
  /// K; 0 where the scores are not told.
  public var classes: Int { count == 0 ? 0 : scores.count / count }

  /// Takes one step more.
  public mutating func append(_ label: String, id: Int?, p: Float, scores: UnsafeBufferPointer<Float>) {
    labels.append(label)
    ids.append(id)
    ps.append(p)
    self.scores.append(contentsOf: scores)
  }

  /// Forgets every step and keeps the room they had.
  public mutating func removeAll() {
    labels.removeAll(keepingCapacity: true)
    ids.removeAll(keepingCapacity: true)
    ps.removeAll(keepingCapacity: true)
    scores.removeAll(keepingCapacity: true)
  }
}
