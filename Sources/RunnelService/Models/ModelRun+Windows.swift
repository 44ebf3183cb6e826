import RunnelInference

extension ModelRun {
  /// Windows that are evaluated at a time where nothing else is asked for, as long as they are short.
  private static let blockWindows = 64
  private static let blockValues = 1 << 22

  func runWindows(
    _ array: InputArray, output path: String, _ progress: (Double) -> Void
  ) throws(ServiceError) -> Written {
    let (windows, hop) = try windows(of: array)
    let size = file.description.window?.length ?? 1
    let block = options.chunk ?? max(1, min(Self.blockWindows, Self.blockValues / (size * array.features)))
    let evaluator = file.makeEvaluator(
      kernels: kernels, precision: precision, windows: max(1, min(block, windows)), logits: !options.givesScores)
    let output = try OutputArray(path)
    var frames: [Float] = []
    var one: [Float] = []
    var scores = [Float](repeating: 0, count: evaluator.windows * evaluator.scoresPerWindow)
    var first = 0
    while first < windows {
      let count = min(evaluator.windows, windows - first)
      frames.removeAll(keepingCapacity: true)
      for window in first..<first + count {
        if array.sequences == nil {
          try array.read(window * hop..<window * hop + size, of: 0, into: &one)
        } else {
          try array.read(0..<size, of: window, into: &one)
        }
        frames += one
      }
      _ = evaluator.evaluate(count: count, frames: frames, scores: &scores)
      if let failed = (0..<count).first(where: { evaluator.failed(window: $0) }) {
        throw ServiceError(
          .data,
          "\(self.path): in window \(first + failed) the network's state is no longer finite: the input is far from what it was trained on, or the weights are wrong"
        )
      }
      try output.append(Array(scores[..<(count * evaluator.scoresPerWindow)]))
      first += count
      progress(Double(first) / Double(windows))
    }
    let isOne = file.description.pattern == .manyToOne
    let shape = [windows] + (isOne ? [] : [evaluator.steps]) + [evaluator.outputs]
    try output.finish(shape)
    return Written(input: array.reader.shape, output: shape)
  }

  /// How many windows there are, and how far apart in a stream.
  private func windows(of array: InputArray) throws(ServiceError) -> (count: Int, hop: Int) {
    let (name, length, hop) = (
      file.description.name, file.description.window?.length ?? 1, file.description.hop
    )
    guard let sequences = array.sequences else {
      guard array.frames >= length else {
        throw ServiceError(
          .data, "\(array.reader.path): \(array.frames) frames are less than a window of \(name), which has \(length)")
      }
      return ((array.frames - length) / hop + 1, hop)
    }
    guard array.frames == length else {
      throw ServiceError(
        .data,
        "\(array.reader.path): windows of \(array.frames) frames, and \(name) takes \(length): give (B, \(length), \(array.features)), or a stream (T, \(array.features)) that is cut every \(hop)"
      )
    }
    return (sequences, length)
  }
}
