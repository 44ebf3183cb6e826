import RunnelCore
import RunnelPipeline

extension SampleSource {
  /// The session that admission would make of this source's publication.
  ///
  /// - Parameter rate: what the configuration says, where it does.
  /// - Throws: `ServiceError` (65) where that is not the source's.
  func session(input: String, rate configured: Double?) throws(ServiceError) -> Session {
    if let configured, !StreamShape.agree(configured, rate) {
      throw ServiceError(
        .data,
        """
        '\(description.stream)' has \(Phrase.number(rate)) Hz where streams.\(input).rate says \
        \(Phrase.number(configured)) Hz: correct the one that is wrong
        """)
    }
    return Session(
      stream: StreamIdentity(input: input, endpoint: "file", stream: description.stream),
      cause: first == 0 ? .first : .joinedMidStream, start: first, rate: configured ?? rate,
      channels: description.channels, level: .sequenced, subject: description.subject,
      synthetic: description.synthetic ?? false)
  }

  /// When row `index` was sampled, in Unix ns.
  func time(of index: Int64) -> Int64? { start.flatMap { Pace.time(of: index, rate: rate, start: $0) } }
}
