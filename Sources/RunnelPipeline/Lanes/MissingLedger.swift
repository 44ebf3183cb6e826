import RunnelCore

/// Which input rows of a lane were missing lately, so that a label can say how many lie in its range and what that
/// does to its quality. Bounded: the oldest ranges are merged, which can only make an old label look worse.
struct MissingLedger: Sendable, Equatable {
  private struct Entry: Sendable, Equatable {
    var first: Int64
    var end: Int64
    var missing: Int64
    var quality: Quality
  }

  private static let capacity = 128
  /// Empty without a cost: most lanes miss little, and there may be many thousand of them.
  private var entries: [Entry] = []

  /// Rows `range` are missing; ranges come in order.
  mutating func add(_ range: Range<Int64>, quality: Quality) {
    if let last = entries.last, last.end == range.lowerBound, last.quality == quality {
      entries[entries.count - 1].end = range.upperBound
      entries[entries.count - 1].missing += Int64(range.count)
      return
    }
    entries.append(
      Entry(first: range.lowerBound, end: range.upperBound, missing: Int64(range.count), quality: quality))
    if entries.count > Self.capacity {
      entries[1].first = entries[0].first
      entries[1].missing += entries[0].missing
      entries[1].quality = max(entries[0].quality, entries[1].quality)
      entries.removeFirst()
    }
  }

  mutating func clear() { entries.removeAll(keepingCapacity: true) }

  /// Every range that is known, oldest first, and what it does to a label's quality.
  var ranges: [(rows: Range<Int64>, quality: Quality)] { entries.map { ($0.first..<$0.end, $0.quality) } }

  /// Missing rows in the range, and the worst quality they bring.
  func missing(in range: ClosedRange<Int64>) -> (rows: Int64, quality: Quality) {
    var rows: Int64 = 0
    var quality = Quality.ok
    for entry in entries.reversed() where entry.first <= range.upperBound {
      if entry.end <= range.lowerBound { break }
      let overlap = min(entry.end, range.upperBound + 1) - max(entry.first, range.lowerBound)
      rows += min(overlap, entry.missing)
      quality = max(quality, entry.quality)
    }
    return (rows, quality)
  }
}
