/// Which topics get their heartbeat when: each once a round, in slices spread over it, for those of many thousand topics at
/// once would hold up the labels.
///
///     round 0                      round 1
///     │ 0..<64 │ 64..<128 │ 128..<150 │ 0..<64 │ …     150 topics
///
/// Topics that come while a round is under way have theirs in the next.
struct HeartbeatRound {
  /// Monotonic ns at which something is due.
  private(set) var next: Int64
  /// Nanoseconds from round to round.
  private let interval: Int64
  private var start: Int64
  /// Topics of the round under way, and how many of them have had theirs.
  private var topics = 0
  private var done = 0

  /// Topics of a slice: a tenth of a millisecond's work.
  static let slice = 64
  /// Slices that a caller who comes late gets at once.
  private static let mostAtOnce = 4

  /// - Parameters:
  ///   - seconds: from round to round.
  ///   - start: monotonic ns of the first.
  init(every seconds: Double, from start: Int64) {
    interval = Int64(seconds * 1e9)
    (self.start, next) = (start, start)
  }

  /// The topics that are due, of `count` that there are.
  mutating func take(now: Int64, topics count: Int) -> Range<Int> {
    guard now >= next else { return done..<done }
    if done == topics { (start, topics, done) = (now, count, 0) }
    let first = done
    for _ in 0..<Self.mostAtOnce where done < topics && now >= due { done = min(done + Self.slice, topics) }
    next = done < topics ? due : start + interval
    return first..<done
  }

  /// When the slice that begins at `done` is.
  private var due: Int64 {
    let slices = (topics + Self.slice - 1) / Self.slice
    return start + interval / Int64(slices) * Int64(done / Self.slice)
  }
}
