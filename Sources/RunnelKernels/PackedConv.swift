internal import CRunnelKernels

/// A causal one-dimensional convolution, stepped frame by frame over a ring of past frames:
/// y[n] = activation(b + Σ_j W[j] x[n − (kernel − 1 − j) · dilation]), packed for one kernel set.
public final class PackedConv: @unchecked Sendable {
  public let inputs: Int
  public let outputs: Int
  /// Frames of a ring: the past that the oldest tap needs, and the place of the frame that is coming.
  public let ring: Int
  private let activation: Activation
  private let table: UnsafePointer<runnel_kernels>
  private let weights: PackedWeights
  private let bias: PackedWeights
  private let layer: runnel_conv

  /// - Parameters:
  ///   - weight: (outputs, inputs, kernel), as PyTorch stores it; tap 0 is the oldest.
  ///   - bias: (outputs)
  public init(
    weight: [Float], bias: [Float], inputs: Int, outputs: Int, kernel: Int, dilation: Int, activation: Activation,
    kernels: KernelSet
  ) {
    precondition(
      weight.count == inputs * outputs * kernel && bias.count == outputs, "weights have the shape of their layer")
    self.inputs = inputs
    self.outputs = outputs
    self.activation = activation
    ring = (kernel - 1) * dilation + 1
    table = kernels.table
    let padded = KernelSet.padded(outputs)
    weights = PackedWeights(count: padded * inputs * kernel) { packed in
      for output in 0..<outputs {
        let (block, place) = output.quotientAndRemainder(dividingBy: KernelSet.block)
        for tap in 0..<kernel {
          for k in 0..<inputs {
            packed[((block * kernel + tap) * inputs + k) * KernelSet.block + place] =
              weight[(output * inputs + k) * kernel + tap]
          }
        }
      }
    }
    self.bias = PackedWeights(count: padded) { packed in
      for output in 0..<outputs { packed[output] = bias[output] }
    }
    layer = runnel_conv(
      inputs: Int32(inputs), outputs: Int32(outputs), kernel: Int32(kernel), dilation: Int32(dilation),
      ring: Int32(ring), weights: weights.base, bias: self.bias.base)
  }

  /// Row r puts its frame at place `at[r]` of ring `slot[r]`, over the oldest, which no tap needs any more.
  /// x (rows, xStride ≥ inputs), rings (slots, ring, inputs) → y (rows, yStride ≥ padded outputs).
  public func step(
    rows: Int, _ x: UnsafePointer<Float>, xStride: Int, rings: UnsafeMutablePointer<Float>,
    slot: UnsafePointer<Int32>, at: UnsafePointer<Int32>, _ y: UnsafeMutablePointer<Float>, yStride: Int
  ) {
    withUnsafePointer(to: layer) { layer in
      table.pointee.conv(
        layer, Int32(rows), x, Int64(xStride), rings, slot, at, activation.code, y, Int64(yStride))
    }
  }
}
