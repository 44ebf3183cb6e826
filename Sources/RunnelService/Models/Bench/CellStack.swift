import RunnelCore
import RunnelKernels

/// Cells on top of each other and the states of so many rows, stepped as a bank steps them: each row has two places for
/// h and c, reads one and writes the other. No other engine's cell does more, so that figures compare.
///
/// A step of 16 units takes as long as a dozen reference counts, so none is touched: what a step needs are pointers, and
/// their owners live as long as the stack.
public final class CellStack {
  public let shape: CellShape
  public let rows: Int
  private let levels: [Level]
  private let owners: [AnyObject]
  /// (rows, inputs)
  private let x: AlignedFloats
  /// Rows 2r and rows 2r + 1.
  private let places: [[Int32]]
  private var turn = 0

  fileprivate struct Level {
    var cell: Cell
    /// (2 rows, stride), (2 rows, cStride)
    var h: UnsafeMutablePointer<Float>
    var c: UnsafeMutablePointer<Float>
    /// (rows, stride)
    var y: UnsafeMutablePointer<Float>
    var stride: Int
    var scratch: UnsafeMutablePointer<Float>
  }

  fileprivate enum Cell {
    case rnn(Unmanaged<PackedRNN>)
    case gru(Unmanaged<PackedGRU>)
    case lstm(Unmanaged<PackedLSTM>)
  }

  /// - Parameter frames: (rows, inputs), the same at every step.
  public init(_ shape: CellShape, weights: CellWeights, frames: [Float], rows: Int, kernels: KernelSet) {
    precondition(rows > 0 && frames.count == rows * shape.inputs, "a frame for each row, and one row at least")
    self.shape = shape
    self.rows = rows
    var (levels, owners): ([Level], [AnyObject]) = ([], [])
    for (level, numbers) in weights.levels.enumerated() {
      let packed = PackedCell(shape, numbers, inputs: shape.features(of: level), kernels: kernels)
      let h = AlignedFloats(count: 2 * rows * packed.hStride)
      let c = AlignedFloats(count: 2 * rows * packed.cStride)
      let y = AlignedFloats(count: rows * packed.hStride)
      let scratch = AlignedFloats(count: rows * packed.scratchPerRow)
      owners += [packed.owner, h, c, y, scratch]
      levels.append(
        Level(
          cell: packed.cell, h: h.base, c: c.base, y: y.base, stride: packed.hStride, scratch: scratch.base))
    }
    (self.levels, self.owners) = (levels, owners)
    x = AlignedFloats(count: frames.count)
    for (index, value) in frames.enumerated() { x.base[index] = value }
    places = [(0..<Int32(rows)).map { 2 * $0 }, (0..<Int32(rows)).map { 2 * $0 + 1 }]
  }

  /// Random weights and frames.
  public convenience init(_ shape: CellShape, rows: Int, kernels: KernelSet, seed: UInt64 = 1) {
    var random = SeededGenerator(seed: seed + 1)
    let frames = (0..<rows * shape.inputs).map { _ in Float(2 * random.uniform() - 1) }
    self.init(shape, weights: CellWeights(shape, seed: seed), frames: frames, rows: rows, kernels: kernels)
  }

  /// Back to zeros.
  public func reset() {
    for owner in owners {
      if let buffer = owner as? AlignedFloats { buffer.base.update(repeating: 0, count: buffer.count) }
    }
  }

  /// So many steps of every row, on one frame: what it costs does not depend on the numbers.
  public func step(_ steps: Int) {
    let (rows, inputs, first) = (rows, shape.inputs, UnsafePointer(x.base))
    levels.withUnsafeBufferPointer { levels in
      places[0].withUnsafeBufferPointer { even in
        places[1].withUnsafeBufferPointer { odd in
          guard var from = even.baseAddress, var to = odd.baseAddress else { return }
          if turn == 1 { swap(&from, &to) }
          for _ in 0..<steps {
            var (input, stride) = (first, inputs)
            for level in levels {
              level.step(rows: rows, input, xStride: stride, from: from, to: to)
              (input, stride) = (UnsafePointer(level.y), level.stride)
            }
            swap(&from, &to)
          }
        }
      }
    }
    turn = (turn + steps) % 2
  }

  /// h of every row and unit, of the highest cell (rows, H).
  public var outputs: [Float] {
    guard let top = levels.last else { return [] }
    return (0..<rows).flatMap { row in (0..<shape.hidden).map { top.y[row * top.stride + $0] } }
  }
}

extension CellStack.Level {
  @inline(__always)
  fileprivate func step(
    rows: Int, _ x: UnsafePointer<Float>, xStride: Int, from: UnsafePointer<Int32>, to: UnsafePointer<Int32>
  ) {
    switch cell {
    case .rnn(let cell):
      cell._withUnsafeGuaranteedRef {
        $0.step(
          rows: rows, x, xStride: xStride, h: h, from: from, to: to, scratch: scratch, y, yStride: stride)
      }
    case .gru(let cell):
      cell._withUnsafeGuaranteedRef {
        $0.step(
          rows: rows, x, xStride: xStride, h: h, from: from, to: to, scratch: scratch, y, yStride: stride)
      }
    case .lstm(let cell):
      cell._withUnsafeGuaranteedRef {
        $0.step(
          rows: rows, x, xStride: xStride, h: h, c: c, from: from, to: to, scratch: scratch, y, yStride: stride)
      }
    }
  }
}

extension CellStack {
  /// Weights in the kernels' order, and what must be kept for them.
  private struct PackedCell {
    var cell: Cell
    var owner: AnyObject
    var hStride: Int
    var cStride = 0
    var scratchPerRow: Int

    init(_ shape: CellShape, _ numbers: CellWeights.Level, inputs: Int, kernels: KernelSet) {
      let hidden = shape.hidden
      let bias = zip(numbers.inputBias, numbers.hiddenBias).map { $0 + $1 }
      let precision = shape.precision
      switch shape.cell {
      case .rnn:
        let rnn = PackedRNN(
          inputWeight: numbers.input, hiddenWeight: numbers.hidden, bias: bias, inputs: inputs, hidden: hidden,
          precision: precision, kernels: kernels)
        (cell, owner, hStride, scratchPerRow) = (.rnn(.passUnretained(rnn)), rnn, rnn.hStride, rnn.scratchPerRow)
      case .gru:
        let gru = PackedGRU(
          inputWeight: numbers.input, hiddenWeight: numbers.hidden, inputBias: numbers.inputBias,
          hiddenBias: numbers.hiddenBias, inputs: inputs, hidden: hidden, precision: precision, kernels: kernels)
        (cell, owner, hStride, scratchPerRow) = (.gru(.passUnretained(gru)), gru, gru.hStride, gru.scratchPerRow)
      case .lstm:
        let lstm = PackedLSTM(
          inputWeight: numbers.input, hiddenWeight: numbers.hidden, bias: bias, inputs: inputs, hidden: hidden,
          precision: precision, kernels: kernels)
        (cell, owner, hStride, scratchPerRow) = (.lstm(.passUnretained(lstm)), lstm, lstm.hStride, lstm.scratchPerRow)
        cStride = lstm.cStride
      }
    }
  }
}
