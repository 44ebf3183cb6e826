/// The scores of the last w steps, for smoothing. // (w, K), row = step mod w
///
/// The mean is summed anew at each step, in f64, from the oldest row to the newest. A running sum (add the new, take
/// away the old) would be w times cheaper, but what it holds depends on everything it ever held: a lane restored
/// from a checkpoint or reset on the way would differ from one that was not in its last bits. w·K additions at a few
/// hundred steps a second are nothing, and `DecisionPlan` bounds w.
struct ScoreRing: Sendable, Equatable {
  private var rows: [Float]
  private let width: Int
  private let classes: Int
  /// Rows that hold a score since the last `clear`, at most w.
  private(set) var filled = 0
  private var newest: Int64 = 0

  init(width: Int, classes: Int) {
    self.width = width
    self.classes = classes
    rows = Array(repeating: 0, count: width > 1 ? width * classes : 0)
  }

  /// How many steps the mean lags behind its newest row: its centre, rounded to the newer step.
  var lag: Int64 { Int64(max(0, filled - 1) / 2) }

  /// First step that the mean rests on.
  var firstStep: Int64 { newest - Int64(max(1, filled) - 1) }

  /// Forgets every row; zeros, so that equal memories compare equal.
  mutating func clear() {
    for index in rows.indices { rows[index] = 0 }
    filled = 0
    newest = 0
  }

  mutating func push(step: Int64, scores: UnsafeBufferPointer<Float>) {
    filled = min(width, filled + 1)
    newest = step
    guard width > 1 else { return }
    let start = row(of: step)
    for k in 0..<classes { rows[start + k] = scores[k] }
  }

  /// The mean of each class over the rows held.
  func mean(into means: inout [Float]) {
    rows.withUnsafeBufferPointer { rows in
      for k in 0..<classes {
        var sum = 0.0
        var index = row(of: newest - Int64(filled - 1)) + k
        for _ in 0..<filled {
          sum += Double(rows[index])
          index += classes
          if index >= rows.count { index = k }
        }
        means[k] = Float(sum / Double(filled))
      }
    }
  }

  /// The class that leads in most of the rows held, if in at least `needed`; the first class on a tie.
  func majority(needed: Int, votes: inout [Int32]) -> Int? {
    for k in votes.indices { votes[k] = 0 }
    rows.withUnsafeBufferPointer { rows in
      for age in 0..<filled {
        let start = row(of: newest - Int64(age))
        let scores = UnsafeBufferPointer(rebasing: rows[start..<start + classes])
        if let leader = scores.indexOfLargest() { votes[leader] += 1 }
      }
    }
    var best: Int?
    for k in votes.indices where votes[k] >= needed && (best == nil || votes[k] > votes[best!]) { best = k }
    return best
  }

  private func row(of step: Int64) -> Int { Int(step % Int64(width)) * classes }
}

extension UnsafeBufferPointer<Float> {
  /// The index of the largest value, the first on a tie; NaN never leads, so nil where all are NaN.
  public func indexOfLargest(besides excluded: Int? = nil) -> Int? {
    var best: Int?
    for index in indices where index != excluded && !self[index].isNaN {
      if best == nil || self[index] > self[best!] { best = index }
    }
    return best
  }
}
