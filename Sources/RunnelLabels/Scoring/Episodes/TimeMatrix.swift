/// Time shared out: rows are what the truth says, columns what the test does, nil where a side says nothing.
public struct TimeMatrix: Sendable, Hashable {
  public struct Place: Sendable, Hashable {
    public var truth: String?
    public var test: String?
  }

  /// Seconds.
  private var seconds: [Place: Double] = [:]

  public init() {}

  public subscript(truth: String?, test: String?) -> Double { seconds[Place(truth: truth, test: test)] ?? 0 }

  /// Of either side, in the order of the alphabet.
  public var labels: [String] { Set(seconds.keys.flatMap { [$0.truth, $0.test] }.compactMap { $0 }).sorted() }

  public static func += (sum: inout TimeMatrix, other: TimeMatrix) {
    sum.seconds.merge(other.seconds) { $0 + $1 }
  }

  init(_ comparison: EpisodeComparison, rate: Double) {
    var rows: [Place: Int64] = [:]
    var bounds = Set([comparison.rows.lowerBound, comparison.rows.upperBound])
    for piece in (comparison.truth + comparison.test).flatMap(\.pieces) + comparison.ignored {
      bounds.formUnion([piece.lowerBound, piece.upperBound])
    }
    let ordered = bounds.sorted()
    var (truth, test) = (Speaker(comparison.truth), Speaker(comparison.test))
    for (from, to) in zip(ordered, ordered.dropFirst()) {
      if comparison.ignored.contains(where: { $0.contains(from) }) { continue }
      rows[Place(truth: truth.label(at: from), test: test.label(at: from)), default: 0] += to - from
    }
    seconds = rows.mapValues { Double($0) / rate }
  }
}

/// Who speaks at a moment: of the episodes there the one that began last. Asked from front to back.
private struct Speaker {
  private let episodes: [Episode]
  private var next = 0
  private var open: [Episode] = []

  init(_ episodes: [Episode]) { self.episodes = episodes.sorted { $0.onset < $1.onset } }

  mutating func label(at row: Int64) -> String? {
    while next < episodes.count, episodes[next].onset <= row {
      open.append(episodes[next])
      next += 1
    }
    open.removeAll { $0.end <= row }
    return open.last { $0.pieces.contains { $0.contains(row) } }?.label
  }
}
