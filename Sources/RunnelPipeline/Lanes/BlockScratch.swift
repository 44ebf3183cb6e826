/// Where the lanes of a pipeline read their rows, one lane after the other: D planar columns of physical samples, a fault
/// byte beside each.
final class BlockScratch {
  /// Rows that there is room for.
  static let rows = 1024

  let physical: UnsafeMutablePointer<Float>
  let faults: UnsafeMutablePointer<UInt8>

  /// - Parameter inputs: D.
  init(inputs: Int) {
    physical = .allocate(capacity: Self.rows * inputs)
    faults = .allocate(capacity: Self.rows * inputs)
  }

  deinit {
    physical.deallocate()
    faults.deallocate()
  }
}
