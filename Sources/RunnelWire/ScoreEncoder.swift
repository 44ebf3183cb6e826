import RunnelCore

/// Writes decisions in binary, as readers of sample messages have them (docs/wire-format.md §10): the 64-byte header,
/// channels being classes and samples decisions, then the scores in f32.
///
///     topic l/bed7/beats/MLII/, header (seq, first = at, t_ns), scores (S, K)
///
/// S is 1, or the steps of a label that is a sequence. What has no scores (a status, a heartbeat) has no such message,
/// nor has a decision about what lay before the first row. The rate is 0: decisions come when they come. Once warm it
/// allocates nothing.
public struct ScoreEncoder: Sendable {
  private var header = [UInt8](repeating: 0, count: SampleHeader.size)

  public init() {}

  /// Lends header and scores; nil where the message has none.
  public mutating func encode<R, E: Error>(
    _ message: LabelMessage, _ body: (UnsafeRawBufferPointer, UnsafeRawBufferPointer) throws(E) -> R
  ) throws(E) -> R? {
    let scores = message.steps?.scores ?? message.scores
    guard message.isDecision, !scores.isEmpty, let at = message.at, at >= 0 else { return nil }
    let fields = SampleHeader(
      kind: .samples, element: .float32, layout: .interleaved, discontinuity: false, epoch: message.epoch ?? 0,
      sequence: message.sequence, first: at, timestamp: message.timestamp, rate: 0,
      channels: message.steps?.classes ?? scores.count, rows: message.steps?.count ?? 1)
    header.withUnsafeMutableBytes { fields.write(to: $0) }
    return try header.withUnsafeBufferPointer { (header: UnsafeBufferPointer<UInt8>) throws(E) -> R in
      try scores.withUnsafeBufferPointer { (scores: UnsafeBufferPointer<Float>) throws(E) -> R in
        try body(UnsafeRawBufferPointer(header), UnsafeRawBufferPointer(scores))
      }
    }
  }
}
