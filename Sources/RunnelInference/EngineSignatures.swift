import RunnelKernels

extension Network {
  public func whole(_ frames: [Float], from first: Int64 = 0, state: inout NetworkState) -> [Float]? {
    preconditionFailure("later")
  }
}

public final class WindowEvaluator {
  public let windows: Int
  public let length: Int
  public let inputs: Int
  public let steps: Int
  public let outputs: Int
  init() { preconditionFailure("later") }
  public var floatsPerWindow: Int { length * inputs }
  public var scoresPerWindow: Int { steps * outputs }
  public func evaluate(count: Int, frames: UnsafePointer<Float>, scores: UnsafeMutablePointer<Float>) -> Int {
    preconditionFailure("later")
  }
  public func evaluate(_ frames: [Float]) -> [Float] { preconditionFailure("later") }
  public func failed(window: Int) -> Bool { preconditionFailure("later") }
  public func length(of window: Int) -> Int { preconditionFailure("later") }
}

extension ModelDescription {
  public var stepsSideBySide: Bool { preconditionFailure("later") }
}

extension ModelFile {
  public func makeEvaluator(kernels: KernelSet = .best, windows: Int, logits: Bool = false) -> WindowEvaluator {
    preconditionFailure("later")
  }
  public func makeEventStage(kernels: KernelSet = .best, logits: Bool = false) -> Network? {
    preconditionFailure("later")
  }
}

public struct EventFeatures: Sendable, Equatable {
  public private(set) var vector: [Float] = []
  public var isWaiting: Bool { false }
  public init(stage: EventStageDescription, scores: Int, hidden: Int) { preconditionFailure("later") }
  public mutating func push(
    step: Int64, rate: Double, scores: UnsafeBufferPointer<Float>, hidden: UnsafeBufferPointer<Float>
  ) -> Bool { preconditionFailure("later") }
  public mutating func reset() -> Bool { preconditionFailure("later") }
}

public struct NetworkFigures: Sendable, Equatable {
  public struct Layer: Sendable, Equatable {
    public var name: String
    public var kind: String
    public var parameters: Int
    public var multiplyAdds: Double
    public var stateBytes: Int
  }
  public var layers: [Layer]
  public var parameters: Int { layers.reduce(0) { $0 + $1.parameters } }
  public var multiplyAdds: Double { layers.reduce(0) { $0 + $1.multiplyAdds } }
  public var stateBytes: Int { layers.reduce(0) { $0 + $1.stateBytes } }
  public init(_ graph: NetworkGraph) { preconditionFailure("later") }
}
