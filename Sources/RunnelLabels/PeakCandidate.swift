/// A bump of s = 1 − score(none) that may become a point event.
///
///     s       ▁▂▅▇▆▅▂▁
///     enter   ──┊┄┄┄┄┄      opens at the first step with s ≥ enter
///     leave   ──┊┄┄┄┄┊      closes at the first step with s < leave, which is not part of it
///               first last
struct PeakCandidate: Sendable, Equatable {
  private(set) var isOpen = false
  /// First step the smoothed scores of its first step rest on.
  private(set) var restsFrom: Int64 = 0
  private(set) var first: Int64 = 0
  private(set) var last: Int64 = 0
  /// Step of the largest s, the earliest on a tie, less the lag of smoothing there.
  private(set) var position: Int64 = 0
  /// That step itself.
  private(set) var peak: Int64 = 0
  private var height: Float = 0
  /// Scores summed over the candidate, K values, f64 in the order of the steps.
  private var sums: [Double]
  /// The mean of each class, made when it is asked for.
  var means: [Float]

  init(classes: Int) {
    sums = Array(repeating: 0, count: classes)
    means = Array(repeating: 0, count: classes)
  }

  var width: Int64 { last - first + 1 }

  mutating func open(step: Int64, restsFrom: Int64) {
    isOpen = true
    self.restsFrom = restsFrom
    first = step
    height = -.infinity
  }

  mutating func extend(step: Int64, lag: Int64, s: Float, scores: UnsafeBufferPointer<Float>) {
    last = step
    if s > height {
      height = s
      peak = step
      position = step - lag
    }
    for k in sums.indices { sums[k] += Double(scores[k]) }
  }

  mutating func computeMeans() {
    for k in sums.indices { means[k] = Float(sums[k] / Double(width)) }
  }

  /// Zeros, so that equal memories compare equal.
  mutating func close() {
    (isOpen, restsFrom, first, last, position, peak, height) = (false, 0, 0, 0, 0, 0, 0)
    for k in sums.indices { (sums[k], means[k]) = (0, 0) }
  }
}
