import Glibc

/// Memory of a fixed size, 64-byte aligned, freed with its last owner.
///
/// Zeros come from the system, which gives memory only to pages that somebody has touched: what a bank has room for and
/// does not use costs nothing.
final class FixedBuffer<Element: BitwiseCopyable>: @unchecked Sendable {
  let base: UnsafeMutablePointer<Element>
  let count: Int
  /// What the system gave, before it was aligned.
  private let memory: UnsafeMutableRawPointer

  init(count: Int, zero: Element) {
    self.count = count
    guard let memory = calloc(1, max(count, 1) * MemoryLayout<Element>.stride + 64) else {
      preconditionFailure("out of memory")
    }
    self.memory = memory
    base = memory.alignedUp(toMultipleOf: 64).bindMemory(to: Element.self, capacity: max(count, 1))
    let isZero = withUnsafeBytes(of: zero) { bytes in bytes.allSatisfy { $0 == 0 } }
    if !isZero { base.initialize(repeating: zero, count: count) }
  }

  /// A copy of these values.
  convenience init(_ values: [Element]) {
    guard let first = values.first else {
      preconditionFailure("a buffer of no values has no zero")
    }
    self.init(count: values.count, zero: first)
    for index in values.indices { base[index] = values[index] }
  }

  /// A longer buffer that begins with the values of this one.
  func grown(to count: Int, zero: Element) -> FixedBuffer {
    let longer = FixedBuffer(count: count, zero: zero)
    longer.base.update(from: base, count: min(self.count, count))
    return longer
  }

  deinit { free(memory) }
}
