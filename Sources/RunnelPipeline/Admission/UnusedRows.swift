/// Which rows came and were not used, being dropped where they waited or in a message that was rejected: where their
/// session misses them, they were not lost on the way. In a format without an index, the numbers of such messages.
///
/// Of the last 64 stretches; a gap where an older one lay counts as lost.
struct UnusedRows {
  /// Those of an epoch in the order of their rows, none next to another.
  private var stretches: [(epoch: UInt64?, rows: Range<Int64>)] = []
  private static let most = 64

  mutating func note(_ rows: Range<Int64>, of epoch: UInt64?) {
    guard !rows.isEmpty else { return }
    var (lower, upper) = (rows.lowerBound, rows.upperBound)
    stretches.removeAll { known in
      guard known.epoch == epoch, known.rows.lowerBound <= upper, lower <= known.rows.upperBound else { return false }
      (lower, upper) = (min(lower, known.rows.lowerBound), max(upper, known.rows.upperBound))
      return true
    }
    let place = stretches.firstIndex { $0.epoch == epoch && $0.rows.lowerBound > lower } ?? stretches.count
    stretches.insert((epoch, lower..<upper), at: place)
    if stretches.count > Self.most { stretches.removeFirst() }
  }

  /// Tells the parts of a gap that never came. The session stands behind the gap now: what lay before its end is forgotten.
  mutating func takeUnseen(of gap: Range<Int64>, epoch: UInt64?, _ tell: (Range<Int64>) -> Void) {
    var next = gap.lowerBound
    for stretch in stretches where stretch.epoch == epoch && stretch.rows.overlaps(gap) {
      if next < stretch.rows.lowerBound { tell(next..<stretch.rows.lowerBound) }
      next = stretch.rows.upperBound
    }
    if next < gap.upperBound { tell(next..<gap.upperBound) }
    stretches.removeAll { $0.epoch == epoch && $0.rows.upperBound <= gap.upperBound }
  }

  mutating func forget(_ epoch: UInt64?) { stretches.removeAll { $0.epoch == epoch } }
}
