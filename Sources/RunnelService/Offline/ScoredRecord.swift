import RunnelCore
import RunnelLabels

/// One record, compared: what each side said of it, and what came of that.
public struct ScoredRecord: Sendable {
  public enum Outcome: Sendable {
    case beats(BeatPairing)
    case episodes(EpisodeComparison)
  }

  public var name: String
  public var path: String
  /// Rows a second, and how many there are; nil where nobody knows.
  public var rate: Double
  public var rows: Int64?
  /// Whose labels were compared; nil where nobody knows.
  public var channel: String?
  /// The beats of each side, where beats were compared.
  public var truth: [Annotation] = []
  public var test: [Annotation] = []
  public var outcome: Outcome
  /// What is probably not meant, a sentence each.
  public var remarks: [String] = []
}

extension ScoreReport {
  /// The beats of records, in their order.
  public init(scoring: BeatScoring, of records: [ScoredRecord]) {
    self.init(scoring: scoring)
    for record in records {
      guard case .beats(let pairing) = record.outcome else { continue }
      append(Record(name: record.name, pairing: pairing))
    }
  }
}

extension EpisodeReport {
  /// The episodes of records, in their order.
  public init(scoring: EpisodeScoring, of records: [ScoredRecord]) {
    self.init(scoring: scoring)
    for record in records {
      guard case .episodes(let comparison) = record.outcome else { continue }
      append(Record(name: record.name, comparison: comparison))
    }
  }
}
