/// The last N frames of a lane in one contiguous span, so that whoever looks at them needs no wrap-around.
/// Every value is written twice, N apart; the span slides over the pair.
///
/// Frames whose grid indexes follow each other are a run, and a gap or a reset begins another. Windows are made of the
/// newest run alone; whoever wants to see what the network saw has what is left of those before it too.
public struct RollingWindow: Sendable, Equatable {
  public let length: Int  // N
  public let features: Int  // D
  private var storage: [Float]
  private var next = 0
  /// Frames of the newest run, up to N.
  public private(set) var count = 0
  /// The grid index of the frame that would continue it.
  public private(set) var nextStep: Int64 = 0
  /// Grid indexes of what is left of the runs before it, oldest first.
  private var older: [Range<Int64>] = []
  private var olderCount = 0

  /// Runs that are told apart; of a signal with more gaps than these the oldest frames are forgotten.
  static let mostRuns = 64

  public init(length: Int, features: Int) {
    precondition(length > 0 && features > 0, "a window has room")
    self.length = length
    self.features = features
    storage = Array(repeating: 0, count: 2 * length * features)
  }

  /// Adds frames (count, D) that follow each other.
  ///
  /// - Parameter step: the grid index of the first.
  public mutating func push(_ frames: UnsafePointer<Float>, count added: Int = 1, step: Int64) {
    if step != nextStep { breakOff() }
    nextStep = step + Int64(added)
    var place = next
    storage.withUnsafeMutableBufferPointer { storage in
      for t in 0..<added {
        for d in 0..<features {
          storage[place * features + d] = frames[t * features + d]
          storage[(place + length) * features + d] = frames[t * features + d]
        }
        place = place + 1 == length ? 0 : place + 1
      }
    }
    next = place
    count = min(length, count + added)
    while count + olderCount > length { forgetOldest() }
  }

  /// The newest run ends here: what follows is not joined to it.
  public mutating func breakOff() {
    guard count > 0 else { return }
    older.append(nextStep - Int64(count)..<nextStep)
    olderCount += count
    count = 0
    if older.count >= Self.mostRuns { olderCount -= older.removeFirst().count }
  }

  private mutating func forgetOldest() {
    let oldest = older[0].dropFirst()
    older[0] = oldest
    olderCount -= 1
    if oldest.isEmpty { older.removeFirst() }
  }

  /// The newest `count` frames, oldest first: (count, D).
  public func withNewest<R>(_ body: (UnsafeBufferPointer<Float>) -> R) -> R { withLast(count, body) }

  /// The grid indexes of all frames, run by run, oldest first.
  public var runs: [Range<Int64>] { count > 0 ? older + [nextStep - Int64(count)..<nextStep] : older }

  /// The frames of those runs, one behind the other: (T, D).
  public func withAll<R>(_ body: (UnsafeBufferPointer<Float>) -> R) -> R { withLast(count + olderCount, body) }

  /// What is left of these frames in the run that has the frame `around`: their grid indexes and values, (T, D).
  func frames(of wanted: Range<Int64>, around: Int64) -> (steps: Range<Int64>, values: [Float]) {
    var place = 0
    for run in runs {
      guard run.contains(around) else {
        place += run.count
        continue
      }
      let steps = wanted.clamped(to: run)
      let start = (place + Int(steps.lowerBound - run.lowerBound)) * features
      return (steps, withAll { Array($0[start..<start + steps.count * features]) })
    }
    let nothing = max(wanted.lowerBound, 0)
    return (nothing..<nothing, [])
  }

  private func withLast<R>(_ frames: Int, _ body: (UnsafeBufferPointer<Float>) -> R) -> R {
    storage.withUnsafeBufferPointer { all in
      let end = next == 0 ? length : next + length
      return body(UnsafeBufferPointer(rebasing: all[(end - frames) * features..<end * features]))
    }
  }
}
