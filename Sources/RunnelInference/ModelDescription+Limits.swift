import RunnelKernels

/// What a description may make this machine allocate, whatever the file's size: checked before anything is.
extension ModelDescription {
  /// Floats of a layer's weights as the kernels want them: 1 GiB.
  private static let weightLimit = 1 << 28

  /// A lane carries at most 64 MiB, a window needs at most 512 MiB, a layer packs into at most 1 GiB.
  func checkSizes() throws(ModelDescriptionError) {
    let graphs = [(graph, "layers"), (decoder?.graph, "decoder.layers"), (eventStage?.graph, "event_stage.layers")]
    for case (let graph?, let path) in graphs {
      for (place, node) in graph.nodes.enumerated() where node.layer.packedWeights > Self.weightLimit {
        throw ModelDescriptionError(
          "\(path)[\(place)]",
          "layer '\(node.layer.name)' has \(node.layer.packedWeights >> 18) MiB of weights; at most \(Self.weightLimit >> 18)"
        )
      }
      let carried = StateLayout(graph).valueCount
      guard carried <= StateLayout.limit else {
        throw ModelDescriptionError(
          path, "a lane would carry \(carried >> 18) MiB; at most \(StateLayout.limit >> 18): shorten what looks back")
      }
    }
    guard let window else { return }
    let floats = graph.floats(ofWindow: window.length)
    guard floats <= LayerwiseSizes.limit else {
      throw ModelDescriptionError(
        "window.length",
        "a window of \(window.length) frames needs \(floats >> 18) MiB between its layers; at most \(LayerwiseSizes.limit >> 18)"
      )
    }
  }

  /// Tensors are named after layers, so no two of the file share a name.
  func checkNames() throws(ModelDescriptionError) {
    var names = Set(layers.map(\.name))
    for (list, path) in [(decoder?.layers, "decoder.layers"), (eventStage?.layers, "event_stage.layers")] {
      for (place, layer) in (list ?? []).enumerated() where !names.insert(layer.name).inserted {
        throw ModelDescriptionError(
          "\(path)[\(place)].name", "'\(layer.name)' names two layers; their tensors would have one name")
      }
    }
  }
}

extension NetworkGraph {
  /// At most so many floats lie between the layers of a window.
  fileprivate func floats(ofWindow length: Int) -> Int {
    let lengths = lengths(of: length)
    var sum = 0
    for (place, node) in nodes.enumerated() {
      sum += lengths[place] * KernelSet.padded(node.layer.output)
      if case .recurrent = node.layer.kind { sum += 2 * lengths[place] * KernelSet.padded(node.layer.output) }
      guard let span = node.layer.span else { continue }
      let before = node.sources.map { $0 == Self.frame ? length : lengths[$0] }.min() ?? 0
      sum += span.roundedToRings(before + span.right) * node.layer.input
    }
    return sum
  }
}

extension LayerDescription {
  /// Floats of its weights in whole blocks of outputs.
  fileprivate var packedWeights: Int {
    switch kind {
    case .linear: KernelSet.padded(output) * input
    case .conv1d(let span, let groups, _, _): KernelSet.padded(output) * (input / groups) * span.kernel
    case .embedding(let classes): classes * output
    case .recurrent(let recurrent):
      KernelSet.padded(recurrent.hidden) * recurrent.gates * (max(input, output) + recurrent.width)
        * recurrent.depth * recurrent.suffixes.count
    default: 0
    }
  }
}
