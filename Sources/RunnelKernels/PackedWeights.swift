/// Weights in the order in which a kernel reads them: blocks of outputs, inside a block all outputs of one k side by
/// side, zeros behind the last output. Made once, never changed, shared by every thread.
final class PackedWeights: @unchecked Sendable {
  let base: UnsafeMutablePointer<Float>
  let count: Int

  /// `count` zeros that `fill` may overwrite.
  init(count: Int, fill: (UnsafeMutablePointer<Float>) -> Void) {
    self.count = count
    let raw = UnsafeMutableRawPointer.allocate(byteCount: max(count, 1) * MemoryLayout<Float>.size, alignment: 64)
    base = raw.bindMemory(to: Float.self, capacity: max(count, 1))
    base.initialize(repeating: 0, count: count)
    fill(base)
  }

  deinit { UnsafeMutableRawPointer(base).deallocate() }
}
