internal import CRunnelKernels

/// One LSTM layer (Hochreiter and Schmidhuber 1997, with the forget gate of Gers et al. 2000), gates in PyTorch's
/// order i f g o, packed for one kernel set:
///
///     i, f, o = σ(W x + b_ih + b_hh + R h), g = tanh(likewise), c' = f c + i g, h' = o tanh(c')
public final class PackedLSTM: @unchecked Sendable {
  public let inputs: Int
  public let hidden: Int
  /// Floats from one row of h or c to the next.
  public let stride: Int
  private let table: UnsafePointer<runnel_kernels>
  private let weights: PackedWeights
  private let bias: PackedWeights
  private let layer: runnel_lstm

  /// - Parameters:
  ///   - inputWeight: `weight_ih` (4H, D)
  ///   - hiddenWeight: `weight_hh` (4H, H)
  ///   - bias: `bias_ih` + `bias_hh`, rounded once (4H)
  public init(
    inputWeight: [Float], hiddenWeight: [Float], bias: [Float], inputs: Int, hidden: Int, kernels: KernelSet
  ) {
    precondition(
      inputWeight.count == 4 * hidden * inputs && hiddenWeight.count == 4 * hidden * hidden
        && bias.count == 4 * hidden, "weights have the shape of their layer")
    self.inputs = inputs
    self.hidden = hidden
    let block = KernelSet.block
    let padded = KernelSet.padded(hidden)
    stride = padded
    table = kernels.table
    weights = PackedWeights(count: padded * 4 * (inputs + hidden)) { packed in
      for unit in 0..<hidden {
        for gate in 0..<4 {
          let row = gate * hidden + unit
          func place(_ k: Int) -> Int { ((unit / block * (inputs + hidden) + k) * 4 + gate) * block + unit % block }
          for k in 0..<inputs { packed[place(k)] = inputWeight[row * inputs + k] }
          for k in 0..<hidden { packed[place(inputs + k)] = hiddenWeight[row * hidden + k] }
        }
      }
    }
    self.bias = PackedWeights(count: padded * 4) { packed in
      for unit in 0..<hidden {
        for gate in 0..<4 { packed[(unit / block * 4 + gate) * block + unit % block] = bias[gate * hidden + unit] }
      }
    }
    layer = runnel_lstm(inputs: Int32(inputs), hidden: Int32(hidden), weights: weights.base, bias: self.bias.base)
  }

  /// Row r reads row `from[r]` of h and c and writes row `to[r]`, never the same; h' goes to y as well.
  /// x (rows, xStride ≥ inputs), h and c (·, stride) → y (rows, yStride ≥ stride).
  public func step(
    rows: Int, _ x: UnsafePointer<Float>, xStride: Int, h: UnsafeMutablePointer<Float>,
    c: UnsafeMutablePointer<Float>, from: UnsafePointer<Int32>, to: UnsafePointer<Int32>,
    _ y: UnsafeMutablePointer<Float>, yStride: Int
  ) {
    withUnsafePointer(to: layer) { layer in
      table.pointee.lstm(layer, Int32(rows), x, Int64(xStride), h, c, from, to, y, Int64(yStride))
    }
  }
}
