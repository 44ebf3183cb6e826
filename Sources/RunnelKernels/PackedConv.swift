internal import CRunnelKernels

/// A causal one-dimensional convolution, stepped frame by frame over a ring of past frames:
/// y[n] = activation(b + Σ_j W[j] x[n − (kernel − 1 − j) · dilation]), packed for one kernel set.
///
/// Each of `groups` groups of outputs sees its own inputs / groups features, and costs multiply-adds of those alone.
/// The frames come into the ring by `KernelSet.push`, before the step that reads them.
public final class PackedConv: @unchecked Sendable {
  public let inputs: Int
  public let outputs: Int
  /// Frames of a ring: the newest, and the past that the oldest tap needs, (kernel − 1) · dilation + 1.
  public let ring: Int
  private let activation: Activation
  private let table: UnsafePointer<runnel_kernels>
  private let weights: PackedWeights
  private let bias: PackedWeights
  private let layer: FixedAddress<runnel_conv>
  /// The same over terms that lie side by side already.
  private let linear: FixedAddress<runnel_linear>
  /// Whether frames that lie one after the other in memory bring the terms of an output side by side.
  public let takesFramesInOrder: Bool

  /// - Parameters:
  ///   - weight: (outputs, inputs / groups, kernel), as PyTorch stores it; tap 0 is the oldest.
  ///   - bias: (outputs)
  ///   - groups: divides inputs and outputs; groups = inputs is a depthwise convolution.
  public init(
    weight: [Float], bias: [Float], inputs: Int, outputs: Int, kernel: Int, dilation: Int = 1, groups: Int = 1,
    activation: Activation, kernels: KernelSet
  ) {
    precondition(
      groups > 0 && inputs.isMultiple(of: groups) && outputs.isMultiple(of: groups), "groups divide both sides")
    let features = inputs / groups
    precondition(
      weight.count == outputs * features * kernel && bias.count == outputs, "weights have the shape of their layer")
    self.inputs = inputs
    self.outputs = outputs
    self.activation = activation
    ring = (kernel - 1) * dilation + 1
    table = kernels.table
    weights = PackedWeights(count: KernelSet.padded(outputs) * features * kernel) { packed in
      for output in 0..<outputs {
        let (block, place) = output.quotientAndRemainder(dividingBy: KernelSet.block)
        for tap in 0..<kernel {
          for k in 0..<features {
            packed[((block * kernel + tap) * features + k) * KernelSet.block + place] =
              weight[(output * features + k) * kernel + tap]
          }
        }
      }
    }
    self.bias = PackedWeights(units: outputs, [.init(values: bias, columns: 1, gates: [0])])
    layer = FixedAddress(
      runnel_conv(
        inputs: Int32(inputs), outputs: Int32(outputs), groups: Int32(groups), kernel: Int32(kernel),
        dilation: Int32(dilation), ring: Int32(ring), weights: weights.base, bias: self.bias.base))
    takesFramesInOrder = dilation == 1 && groups == 1 && kernel * inputs <= Int(RUNNEL_TAPS)
    linear = FixedAddress(
      runnel_linear(
        inputs: Int32(kernel * inputs), outputs: Int32(outputs), weights: weights.base, bias: self.bias.base,
        precision: WeightPrecision.float32.code, scales: nil))
  }

  /// Row r reads its taps from ring `slot[r]`, whose newest frame lies at `at[r]`.
  /// rings (slots, ring, inputs) → y (rows, yStride ≥ padded outputs).
  public func step(
    rows: Int, rings: UnsafePointer<Float>, slot: UnsafePointer<Int32>, at: UnsafePointer<Int32>,
    _ y: UnsafeMutablePointer<Float>, yStride: Int
  ) {
    var past = runnel_past(ring: layer.pointer.pointee.ring, rings: rings, slot: slot, at: at)
    table.pointee.conv(layer.pointer, Int32(rows), &past, activation.function, y, Int64(yStride))
  }

  /// Frames in order: `count` outputs, the oldest taps of which are the first frame, the one `stride` floats behind it and
  /// so on. They have the bits of `step`. frames (·, inputs) → y (count, yStride ≥ padded outputs).
  public func step(
    outputs count: Int, frames: UnsafePointer<Float>, stride: Int, _ y: UnsafeMutablePointer<Float>, yStride: Int
  ) {
    precondition(takesFramesInOrder, "the terms of an output lie side by side")
    table.pointee.linear(
      linear.pointer, Int32(count), frames, Int64(stride), activation.function, y, Int64(yStride))
  }
}
