import RunnelKernels

/// Another program's outputs beside this machine's. What they are is found by trying, head by head: frameworks end in
/// logits, in scores, or, where they were trained with a negative log likelihood, in logarithms of a softmax.
extension ModelDraft {
  /// The golden scores out of what another program gave, which may be more steps than a stream brings: the last of
  /// those need frames that were padded on.
  ///
  /// - Throws: `ModelDraftError.differs`, with what comes nearest of the three.
  func agreed(
    _ given: [Float], scores: [Float], logits: [Float], _ shape: [Int]
  ) throws(ModelDraftError) -> [Float] {
    let outputs = description.outputs
    guard given.count % outputs == 0, given.count >= scores.count,
      description.window == nil || given.count == scores.count
    else { throw .count(expected: shape, found: given.count) }
    var golden = Array(given[..<scores.count])
    let (logarithms, activated) = (logarithms(logits), activated(golden))
    for columns in columnsOfHeads {
      // A head without activation has scores that are its logits.
      var nearest = difference(golden, logits, columns)
      var areScores = false
      for (other, isScores) in [(logarithms, false), (scores, true)] {
        let difference = difference(golden, other, columns)
        if difference.relative < nearest.relative { (nearest, areScores) = (difference, isScores) }
      }
      guard nearest.relative <= Self.tolerance else { throw .differs(nearest.place) }
      if !areScores { copy(columns, of: activated, to: &golden) }
    }
    return golden
  }

  /// What cannot be scores of its head, activated: so a diagnosis looks for mistakes of the network alone.
  func scored(_ given: [Float]) -> [Float] {
    var scores = given
    let activated = activated(given)
    for (head, columns) in zip(description.heads, columnsOfHeads) {
      let rows = stride(from: 0, to: given.count, by: description.outputs).map { row in
        columns.map { given[row + $0] }
      }
      let areScores = rows.allSatisfy { row in
        row.allSatisfy { (0...1).contains($0) } && (head.activation != .softmax || abs(row.reduce(-1, +)) < 1e-3)
      }
      if !areScores { copy(columns, of: activated, to: &scores) }
    }
    return scores
  }

  /// Largest difference in the columns of a head, of max(1e-3, largest value there), and where.
  private func difference(
    _ given: [Float], _ computed: [Float], _ columns: Range<Int>
  ) -> (relative: Double, place: ModelDraftError.Difference) {
    var scale = 1e-3
    var worst = 0.0
    var place = ModelDraftError.Difference(row: 0, output: columns.lowerBound, expected: 0, found: 0)
    for row in 0..<given.count / description.outputs {
      for column in columns {
        let (x, y) = (given[row * description.outputs + column], computed[row * description.outputs + column])
        scale = max(scale, abs(Double(x)))
        let error = abs(Double(x) - Double(y))
        if !(error <= worst) {
          worst = error.isNaN ? .infinity : error
          place = .init(row: row, output: column, expected: x, found: y)
        }
      }
    }
    return (worst / scale, place)
  }

  /// The logits of each softmax as logarithms of its scores, x − log Σ eˣ; those of other heads as they are.
  private func logarithms(_ logits: [Float]) -> [Float] {
    var values = logits
    for (head, columns) in zip(description.heads, columnsOfHeads) where head.activation == .softmax {
      for row in stride(from: 0, to: logits.count, by: description.outputs) {
        let part = logits[row + columns.lowerBound..<row + columns.upperBound]
        let largest = Double(part.reduce(-.infinity, max))
        let shift = largest + Exact.log(part.reduce(0) { $0 + Exact.exp(Double($1) - largest) })
        for place in part.indices { values[place] = Float(Double(logits[place]) - shift) }
      }
    }
    return values
  }

  /// Logits, or logarithms of a softmax, of which its scores are the softmax again.
  private func activated(_ logits: [Float]) -> [Float] {
    let heads = Heads(description.heads, outputs: description.outputs, kernels: .best)
    var scores = logits
    for row in stride(from: 0, to: logits.count, by: description.outputs) {
      logits.withUnsafeBufferPointer { x in
        scores.withUnsafeMutableBufferPointer { y in
          guard let x = x.baseAddress, let y = y.baseAddress else { return }
          heads.score(x + row, y + row)
        }
      }
    }
    return scores
  }

  // MARK: heads

  private var columnsOfHeads: [Range<Int>] {
    var first = 0
    return description.heads.map { head in
      defer { first += head.labels.count }
      return first..<first + head.labels.count
    }
  }

  private func copy(_ columns: Range<Int>, of source: [Float], to target: inout [Float]) {
    for row in stride(from: 0, to: target.count, by: description.outputs) {
      for column in columns { target[row + column] = source[row + column] }
    }
  }
}
