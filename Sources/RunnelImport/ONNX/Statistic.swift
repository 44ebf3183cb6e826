/// A mean or a variance over the features of a step, on its way to becoming a layer norm: exporters that have no
/// LayerNormalization write it as seven nodes.
///
///     x → ReduceMean → Sub → Pow 2 → ReduceMean → Add ε → Sqrt → Div → (Mul → Add)
struct Statistic {
  enum Stage: Equatable {
    /// Mean of x.
    case mean
    /// x − mean
    case centred
    /// (x − mean)²
    case squares
    case variance
    /// variance + ε
    case shifted(Float)
    /// √(variance + ε)
    case deviation(Float)
    /// 1 / √(variance + ε)
    case inverse(Float)
    /// −mean
    case negativeMean
    /// γ / √(variance + ε)
    case scale(Float)
    /// x · scale
    case product(Float)
    /// −mean · scale + β
    case offset(Float)
  }

  /// The x of it.
  var flow: Flow
  /// Where its features lie.
  var axis: Int
  var stage: Stage
  var gamma: [Float]?
  var beta: [Float]?

  func with(_ stage: Stage) -> Statistic {
    var next = self
    next.stage = stage
    return next
  }

  /// The second ReduceMean.
  func mean(_ node: ONNXNode, axes: [Int]?) throws(ImportError) -> Statistic {
    guard stage == .squares, node.operation != "ReduceMax", node.integer("keepdims") ?? 1 == 1,
      let axes, try node.axes(axes, rank: flow.layout.rank) == [axis]
    else { throw node.error("reduces a mean or variance in a way that is no LayerNorm") }
    return with(.variance)
  }
}
