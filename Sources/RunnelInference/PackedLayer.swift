import RunnelKernels

/// A node of the graph, ready to run: immutable, shared by every lane and thread, the same in stepping and layer by
/// layer.
enum PackedLayer: Sendable {
  case pointwise(PointwiseLayer)
  case span(SpanLayer)
  /// Levels from the bottom, of each its directions; and what they point at.
  case recurrent([[PackedCell]], owners: [any AnyObject & Sendable])
  /// Add, multiply or concat, told apart by the node.
  case join
  /// What it reads, from this feature on: nothing is computed.
  case view(first: Int)
  case globalPool(LayerDescription.PoolOperation)
  case final

  /// The layers of a graph, one for each node. A batch norm is folded into the linear layer or convolution that it
  /// alone reads, where that has no activation and no one else looks (`kept`).
  static func all(
    _ graph: NetworkGraph, weights: [LayerWeights], kept: Int?, precision: WeightPrecision, kernels: KernelSet
  ) -> [PackedLayer] {
    var weights = weights
    var isFolded = [Bool](repeating: false, count: graph.nodes.count)
    for (place, node) in graph.nodes.enumerated() {
      guard case .batchNorm(let norm) = weights[place], graph.folds(place), node.sources[0] != kept,
        case .dense(let weight, let bias) = weights[node.sources[0]]
      else { continue }
      let folded = norm.folded(into: weight, bias)
      weights[node.sources[0]] = .dense(weight: folded.weight, bias: folded.bias)
      isFolded[place] = true
    }
    return graph.nodes.indices.map {
      isFolded[$0] ? .view(first: 0) : PackedLayer(graph.nodes[$0].layer, weights[$0], precision, kernels)
    }
  }

  private init(
    _ layer: LayerDescription, _ weights: LayerWeights, _ precision: WeightPrecision, _ kernels: KernelSet
  ) {
    switch (layer.kind, weights) {
    case (.linear(let activation, _), .dense(let weight, let bias)):
      self = .linear(layer, weight, bias, activation, precision, kernels)
    case (.conv1d(_, _, let activation, _), .dense(let weight, let bias)) where !layer.needsRing:
      self = .linear(layer, weight, bias, activation, .float32, kernels)
    case (.conv1d(let span, let groups, let activation, _), .dense(let weight, let bias)):
      self = .span(
        .conv(
          PackedConv(
            weight: weight, bias: bias, inputs: layer.input, outputs: layer.output, kernel: span.kernel,
            dilation: span.dilation, groups: groups, activation: activation, kernels: kernels)))
    case (.recurrent(let recurrent), .recurrent(let levels)):
      var owners: [any AnyObject & Sendable] = []
      let cells = levels.enumerated().map { k, directions in
        directions.map {
          PackedCell(
            recurrent, $0, inputs: k == 0 ? layer.input : layer.output, precision: precision, kernels: kernels,
            owners: &owners)
        }
      }
      self = .recurrent(cells, owners: owners)
    case (.batchNorm, .batchNorm(let norm)):
      self = .pointwise(
        .affine(
          scale: FixedBuffer(norm.scale.map { Float($0) }), shift: FixedBuffer(norm.shift.map { Float($0) })))
    case (.layerNorm(let epsilon, _), .layerNorm(let weight, let bias)):
      self = .pointwise(
        .layerNorm(epsilon: epsilon, weight: weight.map { FixedBuffer($0) }, bias: bias.map { FixedBuffer($0) }))
    case (.pool(let span, let operation), _):
      self =
        layer.needsRing
        ? .span(.pool(operation, kernel: span.kernel, dilation: span.dilation)) : .view(first: 0)
    case (.embedding(let classes), .table(let table)):
      self = .pointwise(.embedding(classes: classes, table: FixedBuffer(table)))
    case (.activation(let activation), _): self = .pointwise(.activation(activation))
    case (.prelu, .prelu(let alpha)): self = .pointwise(.prelu(FixedBuffer(alpha)))
    case (.softmax, _): self = .pointwise(.softmax)
    case (.add, _), (.multiply, _), (.concat, _): self = .join
    case (.select(let first), _): self = .view(first: first)
    case (.globalPool(let operation), _): self = .globalPool(operation)
    case (.final, _): self = .final
    default: preconditionFailure("weights are of the kind of their layer")
    }
  }

  private static func linear(
    _ layer: LayerDescription, _ weight: [Float], _ bias: [Float], _ activation: Activation,
    _ precision: WeightPrecision, _ kernels: KernelSet
  ) -> PackedLayer {
    .pointwise(
      .linear(
        PackedLinear(
          weight: weight, bias: bias, inputs: layer.input, outputs: layer.output, activation: activation,
          precision: precision, kernels: kernels)))
  }
}

extension LayerDescription {
  /// Whether its weights can be stored reduced: those of linear and recurrent layers.
  var isReducible: Bool {
    switch kind {
    case .linear, .recurrent: true
    default: false
    }
  }

  /// Whether it must see more than the step that is there. One tap without stride and groups is a linear layer; its
  /// sums have the same order.
  var needsRing: Bool {
    switch kind {
    case .conv1d(let span, let groups, _, _): span.past > 0 || span.stride > 1 || groups > 1
    case .pool(let span, _): span.past > 0 || span.stride > 1
    default: false
    }
  }
}

extension NetworkGraph {
  /// Whether the batch norm at `place` can be part of what it reads.
  func folds(_ place: Int) -> Bool {
    guard case .batchNorm = nodes[place].layer.kind, nodes[place].sources[0] != Self.frame else { return false }
    let source = nodes[place].sources[0]
    guard nodes.indices.allSatisfy({ $0 == place || !nodes[$0].sources.contains(source) }) else { return false }
    switch nodes[source].layer.kind {
    case .linear(let activation, _), .conv1d(_, _, let activation, _): return activation == .none
    default: return false
    }
  }
}
