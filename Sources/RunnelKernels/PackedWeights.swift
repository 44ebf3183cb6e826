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

  /// A matrix as PyTorch stores it, (gates · units, columns), which of its gates stand side by side, and what each of them is
  /// multiplied by.
  struct Matrix {
    var values: [Float]
    var columns: Int
    var gates: [Int]
    var factors: [Double]

    init(values: [Float], columns: Int, gates: [Int] = [0], factors: [Double] = [1]) {
      precondition(factors.count == gates.count, "each gate has a factor")
      (self.values, self.columns, self.gates, self.factors) = (values, columns, gates, factors)
    }

    /// The weights of a unit of the gate that stands at `place`.
    func row(_ place: Int, _ unit: Int, of units: Int) -> [Float] {
      let first = (gates[place] * units + unit) * columns
      let row = values[first..<first + columns]
      return factors[place] == 1 ? Array(row) : row.map { Float(Double($0) * factors[place]) }
    }
  }

  /// (units / 16, words of every matrix, gates, 16): of one block the columns of the first matrix, then those of the
  /// next; of a column, of two as bf16 or of four as int8, the gates side by side, 16 units each. All matrices have
  /// equally many gates.
  convenience init(units: Int, _ matrices: [Matrix], _ precision: WeightPrecision = .float32) {
    let block = KernelSet.block
    let gates = matrices[0].gates.count
    let words = matrices.reduce(0) { $0 + precision.words($1.columns) }
    self.init(count: KernelSet.padded(units) * gates * words) { packed in
      var first = 0
      for matrix in matrices {
        precondition(matrix.columns <= precision.columnLimit, "int8 sums of so many columns would not be exact")
        for unit in 0..<units {
          for place in 0..<gates {
            for (word, bits) in precision.packed(matrix.row(place, unit, of: units)).enumerated() {
              let index = ((unit / block * words + first + word) * gates + place) * block + unit % block
              packed[index] = Float(bitPattern: bits)
            }
          }
        }
        first += precision.words(matrix.columns)
      }
    }
  }

  /// Of int8 weights (units / 16, matrices, gates, 16); else nothing.
  convenience init(scalesOf matrices: [Matrix], units: Int, _ precision: WeightPrecision) {
    let block = KernelSet.block
    let gates = matrices[0].gates.count
    self.init(count: precision == .int8 ? KernelSet.padded(units) * matrices.count * gates : 0) { packed in
      guard precision == .int8 else { return }
      for (number, matrix) in matrices.enumerated() {
        for unit in 0..<units {
          for place in 0..<gates {
            let index = ((unit / block * matrices.count + number) * gates + place) * block + unit % block
            packed[index] = WeightPrecision.Scale(matrix.row(place, unit, of: units)).value
          }
        }
      }
    }
  }

  deinit { UnsafeMutableRawPointer(base).deallocate() }
}

extension WeightPrecision {
  /// The weights of one output of a matrix as the words that a kernel reads, the earliest in the lowest bits.
  fileprivate func packed(_ row: [Float]) -> [UInt32] {
    switch self {
    case .float32: return row.map(\.bitPattern)
    case .bf16: return Self.joined(row.map { UInt32(Self.half($0)) }, of: 2)
    case .int8:
      let scale = Scale(row)
      let whole = row.map { scale.whole($0) }
      let first = -128 * whole.reduce(0) { $0 + Int32($1) }
      return [UInt32(bitPattern: first)] + Self.joined(whole.map { UInt32(UInt8(bitPattern: $0)) }, of: 4)
    }
  }

  private static func joined(_ numbers: [UInt32], of count: Int) -> [UInt32] {
    var words = [UInt32](repeating: 0, count: (numbers.count + count - 1) / count)
    for (k, number) in numbers.enumerated() { words[k / count] |= number << UInt32(k % count * 32 / count) }
    return words
  }
}
