import RunnelCore
import RunnelKernels

/// Cells with random weights and the states of so many rows, stepped as a bank steps them: each row has two places for h
/// and c, reads one and writes the other. No other engine's cell does more, so that figures compare.
///
/// The weights are uniform within ±1/√H as PyTorch begins, which forgets: states stay small, whatever the steps.
final class CellStack {
  let shape: CellShape
  let rows: Int
  private let levels: [Level]
  /// (rows, inputs)
  private let x: AlignedFloats
  /// Rows 2r and rows 2r + 1.
  private let places: [[Int32]]
  private var turn = 0

  private struct Level {
    var cell: PackedLevel
    /// (2 rows, hStride), (2 rows, cStride)
    var h: AlignedFloats
    var c: AlignedFloats
    /// (rows, hStride)
    var y: AlignedFloats
    var scratch: AlignedFloats
  }

  init(_ shape: CellShape, rows: Int, kernels: KernelSet, seed: UInt64 = 1) {
    precondition(rows > 0, "one row at least")
    var random = SeededGenerator(seed: seed)
    self.shape = shape
    self.rows = rows
    levels = (0..<shape.layers).map { level in
      let cell = PackedLevel(shape, inputs: shape.features(of: level), kernels: kernels, &random)
      return Level(
        cell: cell, h: AlignedFloats(count: 2 * rows * cell.hStride), c: AlignedFloats(count: 2 * rows * cell.cStride),
        y: AlignedFloats(count: rows * cell.hStride), scratch: AlignedFloats(count: rows * cell.scratchPerRow))
    }
    x = AlignedFloats(count: rows * shape.inputs)
    for index in 0..<x.count { x.base[index] = Float(2 * random.uniform() - 1) }
    places = [(0..<Int32(rows)).map { 2 * $0 }, (0..<Int32(rows)).map { 2 * $0 + 1 }]
  }

  /// So many steps of every row, on one frame: what it costs does not depend on the numbers.
  func step(_ steps: Int) {
    places[0].withUnsafeBufferPointer { even in
      places[1].withUnsafeBufferPointer { odd in
        guard let even = even.baseAddress, let odd = odd.baseAddress else { return }
        for _ in 0..<steps {
          step(from: turn == 0 ? even : odd, to: turn == 0 ? odd : even)
          turn = 1 - turn
        }
      }
    }
  }

  private func step(from: UnsafePointer<Int32>, to: UnsafePointer<Int32>) {
    var (input, stride) = (UnsafePointer(x.base), shape.inputs)
    for level in levels {
      level.cell.step(
        rows: rows, input, xStride: stride, h: level.h.base, c: level.c.base, from: from, to: to,
        scratch: level.scratch.base, level.y.base)
      (input, stride) = (UnsafePointer(level.y.base), level.cell.hStride)
    }
  }

  /// h of every row and unit, of the highest cell (rows, H).
  var outputs: [Float] {
    guard let top = levels.last else { return [] }
    return (0..<rows).flatMap { row in (0..<shape.hidden).map { top.y.base[row * top.cell.hStride + $0] } }
  }
}

/// One cell with random weights.
private struct PackedLevel {
  private enum Kind {
    case rnn(PackedRNN)
    case gru(PackedGRU)
    case lstm(PackedLSTM)
  }

  private let kind: Kind
  let hStride: Int
  /// 0 where there is no c.
  let cStride: Int
  let scratchPerRow: Int

  init(_ shape: CellShape, inputs: Int, kernels: KernelSet, _ random: inout SeededGenerator) {
    let (hidden, rows) = (shape.hidden, shape.cell.gates * shape.hidden)
    let bound = 1 / Double(hidden).squareRoot()
    func weights(_ count: Int) -> [Float] { (0..<count).map { _ in Float(bound * (2 * random.uniform() - 1)) } }
    let (input, recurrent, bias) = (weights(rows * inputs), weights(rows * hidden), weights(rows))
    switch shape.cell {
    case .rnn:
      let rnn = PackedRNN(
        inputWeight: input, hiddenWeight: recurrent, bias: bias, inputs: inputs, hidden: hidden, kernels: kernels)
      (kind, hStride, cStride, scratchPerRow) = (.rnn(rnn), rnn.hStride, 0, rnn.scratchPerRow)
    case .gru:
      let gru = PackedGRU(
        inputWeight: input, hiddenWeight: recurrent, inputBias: bias, hiddenBias: weights(rows), inputs: inputs,
        hidden: hidden, kernels: kernels)
      (kind, hStride, cStride, scratchPerRow) = (.gru(gru), gru.hStride, 0, gru.scratchPerRow)
    case .lstm:
      let lstm = PackedLSTM(
        inputWeight: input, hiddenWeight: recurrent, bias: bias, inputs: inputs, hidden: hidden, kernels: kernels)
      (kind, hStride, cStride, scratchPerRow) = (.lstm(lstm), lstm.hStride, lstm.cStride, lstm.scratchPerRow)
    }
  }

  func step(
    rows: Int, _ x: UnsafePointer<Float>, xStride: Int, h: UnsafeMutablePointer<Float>,
    c: UnsafeMutablePointer<Float>, from: UnsafePointer<Int32>, to: UnsafePointer<Int32>,
    scratch: UnsafeMutablePointer<Float>, _ y: UnsafeMutablePointer<Float>
  ) {
    switch kind {
    case .rnn(let cell):
      cell.step(rows: rows, x, xStride: xStride, h: h, from: from, to: to, scratch: scratch, y, yStride: hStride)
    case .gru(let cell):
      cell.step(rows: rows, x, xStride: xStride, h: h, from: from, to: to, scratch: scratch, y, yStride: hStride)
    case .lstm(let cell):
      cell.step(rows: rows, x, xStride: xStride, h: h, c: c, from: from, to: to, scratch: scratch, y, yStride: hStride)
    }
  }
}
