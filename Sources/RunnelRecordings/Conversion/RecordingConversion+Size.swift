/// How large a file of WFDB or EDF becomes: they have no index, so that a gap takes as much as rows would.
extension RecordingConversion {
  /// Rows that are not there and take their place in the file.
  var gapRows: Int {
    switch target {
    case .mcap, .csv: 0
    case .wfdb, .edf, .bdf: described.end - origin - described.rowCount
    }
  }

  /// Bytes of the samples of such a file, gaps among them; 0 of the others, which hold what is there.
  public var filledBytes: UInt64 {
    switch target {
    case .mcap, .csv: 0
    case .wfdb, .edf, .bdf: bytes(of: described.end - origin)
    }
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

  /// A file that would be little but gaps, said; nil where it is not.
  var excessOfGaps: String? {
    let bytes = bytes(of: gapRows)
    guard gapRows / 16 > described.rowCount, bytes > 64 << 20 else { return nil }
    return "\(gapRows) rows of gaps would take \(bytes >> 20) MiB beside \(described.rowCount) rows that are there "
      + "(.mcap and .csv keep a gap as a gap)"
  }

  /// At most 2^53 rows of 4096 channels: 2^70 bits, which are counted as the most there are.
  private func bytes(of rows: Int) -> UInt64 {
    let bits = target == .wfdb ? wfdbFormat.bits : target.bits
    let (product, overflow) = UInt64(rows).multipliedReportingOverflow(by: UInt64(described.channels.count * bits))
    return (overflow ? .max : product) / 8
  }
}
