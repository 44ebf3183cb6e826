/// How large a file of WFDB or EDF becomes: they have no index, so that a gap takes as much as rows would.
extension RecordingConversion {
  /// Rows that are not there and take their place in the file.
  var gapRows: Int {
    switch target {
    case .mcap, .csv: 0
    case .wfdb, .edf, .bdf: described.end - origin - described.rowCount
    }
  }

  /// Of the samples of such a file; nil of the others, which hold what is there.
  public var filledSize: FilledSize? {
    guard target != .mcap, target != .csv else { return nil }
    let bits = target == .wfdb ? wfdbFormat.bits : target.bits
    return FilledSize(rows: described.rowCount, gapRows: gapRows, bitsPerRow: described.channels.count * bits)
  }

  /// The smallest format whose numbers hold all values, its own missing one kept free.
  var wfdbFormat: WFDBFormat {
    let ranges = zip(integerPlans, survey.extents).compactMap { plan, extent in
      extent.range.map { [plan.written($0.lowerBound), plan.written($0.upperBound)] }
    }.flatMap { $0 }
    return [WFDBFormat.format212, .format16, .format24].first { format in
      ranges.allSatisfy { $0 > format.missing && format.range.contains($0) }
    } ?? .format32
  }
}
