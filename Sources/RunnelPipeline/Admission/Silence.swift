/// How long a session has said nothing, and when that becomes worth telling. Times are monotonic nanoseconds.
///
/// Never before the first sample: a stream that has not begun is not silent. Being stale changes no state; the next
/// message ends it.
struct Silence: Sendable, Equatable {
  /// When the session was last heard; nil before.
  private(set) var lastHeard: Int64?
  private(set) var isStale = false
  /// What usually passes between two messages, smoothed over about eight of them.
  private var usual: Int64 = 0
  /// What passed between the session's last two messages, however long; 0 before.
  private var latest: Int64 = 0

  /// Silence that is told of at the earliest, where the configuration does not say.
  private static let least: Int64 = 2_000_000_000

  /// Another session begins.
  mutating func begin(at now: Int64) {
    hear(at: now)
    latest = 0
  }

  mutating func hear(at now: Int64) {
    if let lastHeard {
      let interval = max(now - lastHeard, 0)
      // A pause is not what usually passes, but where the interval before was as long.
      if !isStale || interval <= 4 * latest { usual = usual == 0 ? interval : usual + (interval - usual) / 8 }
      latest = interval
    }
    lastHeard = now
    isStale = false
  }

  /// Nanoseconds since the session was last heard; 0 before it was.
  func lasts(at now: Int64) -> Int64 { lastHeard.map { max(now - $0, 0) } ?? 0 }

  /// Whether that is as long as `limit`, and no habit: as long as four intervals like the last.
  func outlasts(_ limit: Int64, at now: Int64) -> Bool { lasts(at: now) >= max(limit, 4 * latest) }

  /// True once, when the silence has lasted longer than `limit`, or than the larger of 2 s and four usual intervals.
  mutating func becomesStale(at now: Int64, after limit: Int64?) -> Bool {
    guard lastHeard != nil, !isStale, lasts(at: now) > limit ?? max(Self.least, 4 * usual) else { return false }
    isStale = true
    return true
  }
}
