extension FixedWidthInteger {
  /// The sum, or the largest number where it does not fit. For counts of what somebody else says, such as how much was lost:
  /// no header of a message is to stop a program.
  ///
  /// - Parameter other: 0 or more, or what takes back a part of this.
  @inlinable public func addingClamped(_ other: Self) -> Self {
    let (sum, overflows) = addingReportingOverflow(other)
    return overflows ? .max : sum
  }
}
