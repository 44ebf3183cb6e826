/// Where the lanes of a pipeline read their rows, one lane after the other: D planar columns of physical samples, a fault
/// byte beside each. And where they count: a sum that each lane kept would have to be gathered from all of them.
final class BlockScratch {
  /// Rows that there is room for.
  static let rows = 1024

  let physical: UnsafeMutablePointer<Float>
  let faults: UnsafeMutablePointer<UInt8>
  /// Of all lanes since somebody asked.
  let counts: UnsafeMutablePointer<LaneCounts>

  /// - Parameter inputs: D.
  init(inputs: Int) {
    physical = .allocate(capacity: Self.rows * inputs)
    faults = .allocate(capacity: Self.rows * inputs)
    counts = .allocate(capacity: 1)
    counts.initialize(to: LaneCounts())
  }

  deinit {
    physical.deallocate()
    faults.deallocate()
    counts.deallocate()
  }
}
