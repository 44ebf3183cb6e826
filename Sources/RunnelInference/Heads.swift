import RunnelKernels

/// What makes scores of the last layer's output: each head's activation over its part.
struct Heads: Sendable {
  private struct Part: Sendable {
    var activation: ModelDescription.Head.Activation
    var first: Int
    var count: Int
  }

  private let kernels: KernelSet
  /// K
  private let outputs: Int
  private var parts: [Part] = []

  /// - Parameter heads: none for logits as they are.
  init(_ heads: [ModelDescription.Head], outputs: Int, kernels: KernelSet) {
    (self.outputs, self.kernels) = (outputs, kernels)
    var first = 0
    for head in heads {
      parts.append(Part(activation: head.activation, first: first, count: head.labels.count))
      first += head.labels.count
    }
    precondition(heads.isEmpty || first == outputs, "heads share the output among them")
  }

  /// Logits (K) → scores (K), apart.
  func score(_ logits: UnsafePointer<Float>, _ scores: UnsafeMutablePointer<Float>) {
    score(rows: 1, logits, stride: outputs, scores)
  }

  /// Logits (rows, K) → scores (rows, K), apart.
  func score(rows: Int, _ logits: UnsafePointer<Float>, stride: Int, _ scores: UnsafeMutablePointer<Float>) {
    guard !parts.isEmpty else { return copy(rows: rows, width: outputs, logits, stride: stride, scores) }
    // By number: to iterate over an array allocates in debug builds.
    for number in parts.indices {
      let part = parts[number]
      let (x, y) = (logits + part.first, scores + part.first)
      switch part.activation {
      case .softmax: kernels.softmax(rows: rows, width: part.count, x, xStride: stride, y, yStride: outputs)
      case .sigmoid:
        kernels.activate(.sigmoid, rows: rows, width: part.count, x, xStride: stride, y, yStride: outputs)
      case .linear: copy(rows: rows, width: part.count, x, stride: stride, y)
      }
    }
  }

  private func copy(
    rows: Int, width: Int, _ x: UnsafePointer<Float>, stride: Int, _ y: UnsafeMutablePointer<Float>
  ) {
    for row in 0..<rows { (y + row * outputs).update(from: x + row * stride, count: width) }
  }
}
