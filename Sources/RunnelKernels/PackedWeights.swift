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

  /// (units / 16, words of every matrix, gates, 16): of one block the columns of the first matrix, then those of the
  /// next; of a column, or of two as bf16, the gates side by side, 16 units each. All matrices have equally many gates.
  convenience init(units: Int, _ matrices: [Matrix], _ precision: WeightPrecision = .float32) {
    let block = KernelSet.block
    let gates = matrices[0].gates.count
    let words = matrices.reduce(0) { $0 + precision.words($1.columns) }
    self.init(count: KernelSet.padded(units) * gates * words) { packed in
      var first = 0
      for matrix in matrices {
        matrix.values.withUnsafeBufferPointer { values in
          for unit in 0..<units {
            for (place, gate) in matrix.gates.enumerated() {
              let row = (gate * units + unit) * matrix.columns
              for k in 0..<matrix.columns {
                let word = first + (precision == .bf16 ? k / 2 : k)
                let index = ((unit / block * words + word) * gates + place) * block + unit % block
                Self.put(values[row + k], precision, isSecond: k % 2 == 1, into: packed + index)
              }
            }
          }
        }
        first += precision.words(matrix.columns)
      }
    }
  }

  private static func put(
    _ weight: Float, _ precision: WeightPrecision, isSecond: Bool, into word: UnsafeMutablePointer<Float>
  ) {
    switch precision {
    case .float32: word.pointee = weight
    case .bf16:
      let half = UInt32(WeightPrecision.half(weight))
      word.withMemoryRebound(to: UInt32.self, capacity: 1) { $0.pointee |= isSecond ? half << 16 : half }
    }
  }

  deinit { UnsafeMutableRawPointer(base).deallocate() }
}
