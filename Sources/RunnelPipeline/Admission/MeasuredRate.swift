/// The rate at which rows really come, to be shown beside the one that is declared; nothing is decided by it. Arrival
/// is bursty, so it is the mean over the whole session, lost rows included, and unknown for the first second.
struct MeasuredRate: Sendable, Equatable {
  private var start: Int64?
  private var last: Int64 = 0
  /// Rows that came, or were lost, after the first message.
  private var rows: Int64 = 0

  mutating func hear(rows count: Int64, at now: Int64) {
    if start == nil { start = now } else { rows += count }
    last = now
  }

  /// Hz.
  var value: Double? {
    guard let start, last - start >= 1_000_000_000 else { return nil }
    return Double(rows) * 1e9 / Double(last - start)
  }
}
