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

  /// A matrix as PyTorch stores it, (gates · units, columns), and which of its gates stand side by side.
  struct Matrix {
    var values: [Float]
    var columns: Int
    var gates: [Int]
  }

  /// (units / 16, columns of every matrix, gates, 16): of one block the columns of the first matrix, then those of the
  /// next; of a column the gates side by side, 16 units each. All matrices have equally many gates.
  convenience init(units: Int, _ matrices: [Matrix]) {
    let block = KernelSet.block
    let gates = matrices[0].gates.count
    let columns = matrices.reduce(0) { $0 + $1.columns }
    self.init(count: KernelSet.padded(units) * gates * columns) { packed in
      var first = 0
      for matrix in matrices {
        matrix.values.withUnsafeBufferPointer { values in
          for unit in 0..<units {
            for (place, gate) in matrix.gates.enumerated() {
              let row = (gate * units + unit) * matrix.columns
              for k in 0..<matrix.columns {
                let column = (unit / block * columns + first + k) * gates + place
                packed[column * block + unit % block] = values[row + k]
              }
            }
          }
        }
        first += matrix.columns
      }
    }
  }

  deinit { UnsafeMutableRawPointer(base).deallocate() }
}
