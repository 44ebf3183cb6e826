import RunnelInference
import RunnelKernels

/// A model ready to step: what its file says, and its weights packed for the kernels of this machine. Shared by every
/// lane of every pipeline that uses it.
public struct Model: Sendable {
  public let file: ModelFile
  public let network: Network
  /// The second network, of models with an event stage.
  public let eventStage: Network?

  public init(_ file: ModelFile, kernels: KernelSet = .best, precision: WeightPrecision = .float32) {
    self.file = file
    network = file.makeNetwork(kernels: kernels, precision: precision)
    eventStage = file.makeEventStage(kernels: kernels, precision: precision)
  }

  public var description: ModelDescription { file.description }
  public var digest: String { file.digest }
}
