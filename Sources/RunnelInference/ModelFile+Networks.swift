import RunnelKernels

/// What runs of a model file: weights packed for one kernel set; every set gives the same bits.
extension ModelFile {
  /// The network of the model's layers, to be stepped: of a carried model frame by frame, of a windowed one window by
  /// window where `description.stepsSideBySide`.
  /// - Parameter logits: whether the heads are left out, so that scores are what goes into them.
  public func makeNetwork(
    kernels: KernelSet = .best, precision: WeightPrecision = .float32, logits: Bool = false
  ) -> Network {
    Network(
      description.graph, weights: weights.layers, heads: logits || description.decoder != nil ? [] : description.heads,
      tap: description.eventStage?.hiddenOf, precision: precision, kernels: kernels)
  }

  /// Of a windowed model: whole windows, decoder included, at most so many at once.
  public func makeEvaluator(
    kernels: KernelSet = .best, precision: WeightPrecision = .float32, windows: Int, logits: Bool = false
  ) -> WindowEvaluator {
    let decoder = description.decoder.map {
      Network($0.graph, weights: decoderWeights.layers, heads: [], precision: precision, kernels: kernels)
    }
    return WindowEvaluator(
      description, network: makeNetwork(kernels: kernels, precision: precision, logits: logits), decoder: decoder,
      windows: windows, logits: logits)
  }

  /// The network that judges events, stepped once for each: its frames are the vectors of `EventFeatures`, its steps
  /// all 0. Nil where the model has none.
  public func makeEventStage(
    kernels: KernelSet = .best, precision: WeightPrecision = .float32, logits: Bool = false
  ) -> Network? {
    description.eventStage.map {
      Network(
        $0.graph, weights: eventWeights.layers, heads: logits ? [] : [$0.head], precision: precision,
        kernels: kernels)
    }
  }
}
