internal import CRunnelKernels

/// y = activation(W x + b), packed for one kernel set.
public final class PackedLinear: @unchecked Sendable {
  public let inputs: Int
  public let outputs: Int
  private let activation: Activation
  private let table: UnsafePointer<runnel_kernels>
  private let weights: PackedWeights
  private let bias: PackedWeights
  private let scales: PackedWeights
  private let layer: FixedAddress<runnel_linear>

  /// - Parameters:
  ///   - weight: (outputs, inputs), as PyTorch stores it.
  ///   - bias: (outputs)
  public init(
    weight: [Float], bias: [Float], inputs: Int, outputs: Int, activation: Activation,
    precision: WeightPrecision = .float32, kernels: KernelSet
  ) {
    precondition(weight.count == inputs * outputs && bias.count == outputs, "weights have the shape of their layer")
    self.inputs = inputs
    self.outputs = outputs
    self.activation = activation
    table = kernels.table(for: precision)
    let matrix = PackedWeights.Matrix(values: weight, columns: inputs, gates: [0])
    weights = PackedWeights(units: outputs, [matrix], precision)
    scales = PackedWeights(scalesOf: [matrix], units: outputs, precision)
    self.bias = PackedWeights(units: outputs, [.init(values: bias, columns: 1, gates: [0])])
    layer = FixedAddress(
      runnel_linear(
        inputs: Int32(inputs), outputs: Int32(outputs), weights: weights.base, bias: self.bias.base,
        precision: precision.code, scales: scales.base))
  }

  /// x (rows, xStride ≥ inputs) → y (rows, yStride ≥ padded outputs).
  public func step(
    rows: Int, _ x: UnsafePointer<Float>, xStride: Int, _ y: UnsafeMutablePointer<Float>, yStride: Int
  ) {
    table.pointee.linear(layer.pointer, Int32(rows), x, Int64(xStride), activation.function, y, Int64(yStride))
  }
}
