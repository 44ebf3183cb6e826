/// How large something is that has a place for every row, so that a gap takes as much as rows would.
public struct FilledSize: Sendable {
  /// Rows that are there.
  public let rows: Int
  public let gapRows: Int
  private let bitsPerRow: Int

  public init(rows: Int, gapRows: Int, bitsPerRow: Int) {
    (self.rows, self.gapRows, self.bitsPerRow) = (rows, gapRows, bitsPerRow)
  }

  public var bytes: UInt64 { bytes(of: rows + gapRows) }

  /// The sentence where it would be little but gaps; nil where it is not.
  public var excess: String? {
    let bytes = bytes(of: gapRows)
    guard gapRows / 16 > rows, bytes > 64 << 20 else { return nil }
    return "\(gapRows) rows of gaps would take \(bytes >> 20) MiB beside \(rows) rows that are there"
  }

  /// At most 2^53 rows of 4096 channels: 2^70 bits, which are counted as the most there are.
  private func bytes(of rows: Int) -> UInt64 {
    let (product, overflow) = UInt64(rows).multipliedReportingOverflow(by: UInt64(bitsPerRow))
    return (overflow ? .max : product) / 8
  }
}
