/// The scores of a set of records: each, all together (gross: matrices added), and the mean over records.
public struct ScoreReport: Sendable {
  public struct Record: Sendable {
    public var name: String
    public var matrix: BeatMatrix
    /// Unmatched detections inside flutter, which count neither way.
    public var ignoredInFlutter: Int

    public init(name: String, matrix: BeatMatrix, ignoredInFlutter: Int) {
      self.name = name
      self.matrix = matrix
      self.ignoredInFlutter = ignoredInFlutter
    }

    public init(name: String, pairing: BeatPairing) {
      self.init(name: name, matrix: pairing.matrix, ignoredInFlutter: pairing.ignoredInFlutter)
    }
  }

  /// Means over the records with at least `fewestForMean` beats of the kind; every record weighs the same.
  public struct Mean: Sendable, Hashable {
    /// nil where there is no such record.
    public var sensitivity: Double?
    /// Over those of them where anything was called so.
    public var positivePredictivity: Double?
    /// Records with enough beats of the kind.
    public var records: Int
  }

  public let scoring: BeatScoring
  /// In the order they were scored.
  public private(set) var records: [Record] = []
  public private(set) var gross = BeatMatrix()
  public private(set) var ignoredInFlutter = 0

  public init(scoring: BeatScoring = BeatScoring(), records: [Record] = []) {
    self.scoring = scoring
    for record in records { append(record) }
  }

  public mutating func append(_ record: Record) {
    records.append(record)
    gross += record.matrix
    ignoredInFlutter += record.ignoredInFlutter
  }

  public func mean(_ question: BeatStatistics.Question) -> Mean {
    let enough = records.map { BeatStatistics(question, of: $0.matrix) }.filter {
      $0.truthCount >= scoring.fewestForMean
    }
    return Mean(
      sensitivity: Self.mean(enough.compactMap(\.sensitivity)),
      positivePredictivity: Self.mean(enough.compactMap(\.positivePredictivity)), records: enough.count)
  }

  private static func mean(_ values: [Double]) -> Double? {
    values.isEmpty ? nil : values.reduce(0, +) / Double(values.count)
  }
}
