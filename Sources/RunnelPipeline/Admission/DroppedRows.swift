/// Which rows that waited were dropped: they came, so where their session misses them they were not lost on the way.
///
/// Of the last 64 stretches; a gap where an older one lay counts as lost.
struct DroppedRows {
  private var stretches: [(epoch: UInt64, rows: Range<Int64>)] = []
  private static let most = 64

  mutating func note(_ rows: Range<Int64>, of epoch: UInt64) {
    var (lower, upper) = (rows.lowerBound, rows.upperBound)
    stretches.removeAll { known in
      guard known.epoch == epoch, known.rows.lowerBound <= upper, lower <= known.rows.upperBound else { return false }
      (lower, upper) = (min(lower, known.rows.lowerBound), max(upper, known.rows.upperBound))
      return true
    }
    stretches.append((epoch, lower..<upper))
    if stretches.count > Self.most { stretches.removeFirst() }
  }

  /// The parts of a gap that never came. The session stands behind the gap now: what lay before its end is forgotten.
  mutating func takeUnseen(of gap: Range<Int64>, epoch: UInt64?) -> [Range<Int64>] {
    let seen = stretches.lazy.filter { $0.epoch == epoch && $0.rows.overlaps(gap) }.map(\.rows)
    var unseen: [Range<Int64>] = []
    var next = gap.lowerBound
    for rows in seen.sorted(by: { $0.lowerBound < $1.lowerBound }) {
      if next < rows.lowerBound { unseen.append(next..<rows.lowerBound) }
      next = rows.upperBound
    }
    if next < gap.upperBound { unseen.append(next..<gap.upperBound) }
    stretches.removeAll { $0.epoch == epoch && $0.rows.upperBound <= gap.upperBound }
    return unseen
  }

  mutating func forget(_ epoch: UInt64) { stretches.removeAll { $0.epoch == epoch } }
}
