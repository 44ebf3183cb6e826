/// Where a session stands: which index and which sequence come next, and what a message says against that.
///
/// An index makes losses exact in samples; a sequence alone makes them exact in messages; with neither, rows are
/// counted as they come and loss cannot be seen.
struct StreamOrder: Sendable, Equatable {
  /// The index of the next new row.
  private(set) var nextIndex: Int64
  /// The sequence of the next new message; nil before the first, or where the format has none.
  private(set) var nextSequence: UInt64?
  /// Whether any row was taken, or missed, yet.
  private(set) var hasBegun = false
  private var lastRows: Int64 = 1

  struct Verdict: Equatable {
    /// Rows that the publisher sent and that are missing: lost on the way, or dropped where they waited.
    var gap: Range<Int64>?
    /// Numbers of messages that are missing, where only a sequence tells: a gap of unknown length.
    var missedMessages: Range<Int64>?
    /// The rows of the chunk that are new: the leading others are duplicates.
    var fresh: Range<Int>
    /// The session index of the first new row.
    var firstIndex: Int64
    /// Nothing of the message came before, so what it says of the place before its first row is news.
    var beginsNew = true
  }

  init(nextIndex: Int64 = 0, sequence: UInt64? = nil) {
    self.nextIndex = nextIndex
    nextSequence = sequence
  }

  /// What of a message of `rows` rows is new; the position moves past it.
  mutating func take(first: Int64?, sequence: UInt64?, rows: Int) -> Verdict {
    defer {
      if rows > 0 {
        hasBegun = true
        lastRows = Int64(rows)
      }
    }
    if let first { return take(first: first, sequence: sequence, rows: rows) }
    guard let sequence, let expected = nextSequence else {
      nextSequence = (sequence ?? nextSequence).map { $0 + 1 }
      return advance(rows, missed: nil)
    }
    guard sequence >= expected else {
      return Verdict(fresh: rows..<rows, firstIndex: nextIndex, beginsNew: false)
    }
    nextSequence = sequence + 1
    return advance(rows, missed: sequence > expected ? Int64(expected)..<Int64(sequence) : nil)
  }

  private mutating func take(first: Int64, sequence: UInt64?, rows: Int) -> Verdict {
    let isRepeat = first < nextIndex || (rows == 0 && sequence ?? .max < nextSequence ?? 0)
    if let sequence, sequence >= nextSequence ?? 0 { nextSequence = sequence + 1 }
    if first > nextIndex { hasBegun = true }
    let end = first + Int64(rows)
    let gap = first > nextIndex ? nextIndex..<first : nil
    let known = min(max(nextIndex - first, 0), Int64(rows))
    let firstIndex = max(first, nextIndex)
    nextIndex = max(nextIndex, end)
    return Verdict(gap: gap, fresh: Int(known)..<rows, firstIndex: firstIndex, beginsNew: !isRepeat)
  }

  private mutating func advance(_ rows: Int, missed: Range<Int64>?) -> Verdict {
    let firstIndex = nextIndex
    nextIndex += Int64(rows)
    return Verdict(missedMessages: missed, fresh: 0..<rows, firstIndex: firstIndex)
  }

  /// The publisher says that everything before `index` was sent; what of it was not seen is a gap.
  mutating func skip(to index: Int64, sequence: UInt64) -> Range<Int64>? {
    if sequence > nextSequence ?? 0 { nextSequence = sequence }
    guard index > nextIndex else { return nil }
    hasBegun = true
    defer { nextIndex = index }
    return nextIndex..<index
  }

  /// Whether a message lies so far back that its publisher must have started anew.
  func wentBack(first: Int64?, sequence: UInt64?, byMoreThan reach: Int64) -> Bool {
    if let first { return nextIndex - first > max(reach, 0) }
    guard let sequence, let expected = nextSequence, sequence < expected else { return false }
    let messages = Int64(clamping: expected - sequence)
    return messages.multipliedReportingOverflow(by: lastRows).overflow || messages * lastRows > max(reach, 0)
  }
}
