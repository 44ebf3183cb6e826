/// The episodes of a set of records: each, all together (gross: counts added), and the mean over records.
public struct EpisodeReport: Sendable {
  public struct Record: Sendable {
    public var name: String
    public var statistics: [String: EpisodeStatistics]
    public var matrix: TimeMatrix

    public init(name: String, statistics: [String: EpisodeStatistics], matrix: TimeMatrix = TimeMatrix()) {
      self.name = name
      self.statistics = statistics
      self.matrix = matrix
    }

    public init(name: String, comparison: EpisodeComparison) {
      self.init(name: name, statistics: comparison.statistics, matrix: comparison.matrix)
    }
  }

  public enum Figure: String, Sendable, CaseIterable {
    case sensitivity
    case positivePredictivity = "positive_predictivity"
    case durationSensitivity = "duration_sensitivity"
    case durationPredictivity = "duration_positive_predictivity"

    /// A fraction; nil where it is undefined.
    public func of(_ statistics: EpisodeStatistics) -> Double? {
      switch self {
      case .sensitivity: statistics.sensitivity
      case .positivePredictivity: statistics.positivePredictivity
      case .durationSensitivity: statistics.durationSensitivity
      case .durationPredictivity: statistics.durationPredictivity
      }
    }
  }

  public let scoring: EpisodeScoring
  /// In the order they were scored.
  public private(set) var records: [Record] = []
  public private(set) var gross: [String: EpisodeStatistics] = [:]
  public private(set) var matrix = TimeMatrix()

  public init(scoring: EpisodeScoring = EpisodeScoring(), records: [Record] = []) {
    self.scoring = scoring
    for record in records { append(record) }
  }

  public mutating func append(_ record: Record) {
    records.append(record)
    for (label, statistics) in record.statistics { gross[label, default: EpisodeStatistics()] += statistics }
    matrix += record.matrix
  }

  /// In the order of the alphabet.
  public var labels: [String] { gross.keys.sorted() }

  /// Over the records with at least `fewestForMean` episodes of the label where the figure is defined; every record weighs
  /// the same. Nil where there is none.
  public func mean(_ figure: Figure, of label: String) -> Double? {
    let values = records.compactMap { record -> Double? in
      guard let statistics = record.statistics[label], statistics.truthCount >= scoring.fewestForMean else {
        return nil
      }
      return figure.of(statistics)
    }
    return values.isEmpty ? nil : values.reduce(0, +) / Double(values.count)
  }
}
