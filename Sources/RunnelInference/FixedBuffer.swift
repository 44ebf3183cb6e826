/// Memory of a fixed size, 64-byte aligned, freed with its last owner.
final class FixedBuffer<Element: BitwiseCopyable>: @unchecked Sendable {
  let base: UnsafeMutablePointer<Element>
  let count: Int

  init(count: Int, zero: Element) {
    self.count = count
    let raw = UnsafeMutableRawPointer.allocate(byteCount: max(count, 1) * MemoryLayout<Element>.stride, alignment: 64)
    base = raw.bindMemory(to: Element.self, capacity: max(count, 1))
    base.initialize(repeating: zero, count: count)
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

  deinit { UnsafeMutableRawPointer(base).deallocate() }
}
