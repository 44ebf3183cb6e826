import RunnelKernels

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
