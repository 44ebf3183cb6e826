/// The episodes of one record held against each other.
///
///     truth    ──AFIB────────           ──AFIB──                  sensitivity 1 of 2
///     test          ──AFIB──────                  ──AFIB──        predictivity 1 of 2, onset late by 5
///
/// Both are cut to the test period, from the end of the learning period to the end of the record; what ends before it is
/// none. The matrix shares out that time, less what is ignored: each moment counts once, under the label of the truth and
/// the label of the test; where one side has several, the one that began last speaks.
public struct EpisodeComparison: Sendable {
  /// By label; those of either side, in the order of the alphabet.
  public private(set) var statistics: [String: EpisodeStatistics] = [:]
  public private(set) var matrix = TimeMatrix()
  /// As they were compared.
  public let truth: [Episode]
  public let test: [Episode]
  /// The test period, and what of it is ignored.
  public let rows: Range<Int64>
  public let ignored: [Range<Int64>]

  /// - Parameters:
  ///   - rate: rows a second.
  ///   - length: rows of the record; nil where nobody knows, and then the last episode of the truth is the end.
  public init(
    truth: [Episode], test: [Episode], rate: Double, length: Int64?, scoring: EpisodeScoring = EpisodeScoring()
  ) {
    precondition(rate > 0, "a record has a rate")
    let start = scoring.rows(scoring.learning, at: rate)
    let end = length ?? truth.map(\.end).max() ?? start
    let rows = start..<max(start, end)
    let compared = scoring.compared(truth)
    let ignored = compared.filter { scoring.ignored.contains($0.label) }.map { $0.onset..<$0.end }
    let cut = { (episodes: [Episode]) in
      episodes.filter { !scoring.ignored.contains($0.label) }.compactMap { $0.clipped(to: rows, without: ignored) }
    }
    self.rows = rows
    self.ignored = ignored.map { $0.clamped(to: rows) }.filter { !$0.isEmpty }
    self.truth = cut(compared)
    self.test = cut(scoring.compared(test))
    for label in Set((self.truth + self.test).map(\.label)) {
      statistics[label] = Self.statistics(
        self.truth.filter { $0.label == label }, self.test.filter { $0.label == label }, rate, scoring)
    }
    matrix = TimeMatrix(self, rate: rate)
  }

  private static func statistics(
    _ truth: [Episode], _ test: [Episode], _ rate: Double, _ scoring: EpisodeScoring
  ) -> EpisodeStatistics {
    let shortest = scoring.rows(scoring.shortest, at: rate)
    let (forward, back) = (Overlaps(of: truth, with: test), Overlaps(of: test, with: truth))
    let (longTruth, longTest) = (forward.counts.map { $0 >= shortest }, back.counts.map { $0 >= shortest })
    var statistics = EpisodeStatistics()
    for number in truth.indices where longTruth[number] {
      statistics.truthCount += 1
      statistics.truthFound += forward.isFound(number, coverage: scoring.coverage) ? 1 : 0
      statistics.truthSeconds += Double(forward.counts[number]) / rate
      statistics.truthCovered += Double(forward.rows[number]) / rate
      guard let first = forward.first[number], back.first[first] == number, longTest[first], !truth[number].isCut,
        !test[first].isCut
      else { continue }
      statistics.onsetErrors.append(Double(test[first].onset - truth[number].onset) / rate)
    }
    for number in test.indices where longTest[number] {
      statistics.testCount += 1
      statistics.testRight += back.isFound(number, coverage: scoring.coverage) ? 1 : 0
      statistics.testSeconds += Double(back.counts[number]) / rate
      statistics.testCovered += Double(back.rows[number]) / rate
    }
    return statistics
  }
}

/// Of each episode of one side how much the other side's cover, and which is the first that does.
private struct Overlaps {
  var rows: [Int64] = []
  var first: [Int?] = []
  let counts: [Int64]

  /// Both in order, and those of one side apart from each other.
  init(of episodes: [Episode], with others: [Episode]) {
    counts = episodes.map(\.count)
    var begin = 0
    for episode in episodes {
      while begin < others.count, others[begin].end <= episode.onset { begin += 1 }
      var (sum, first, index) = (Int64(0), Int?.none, begin)
      while index < others.count, others[index].onset < episode.end {
        let overlap = episode.overlap(others[index])
        if overlap > 0, first == nil { first = index }
        sum += overlap
        index += 1
      }
      rows.append(sum)
      self.first.append(first)
    }
  }

  func isFound(_ number: Int, coverage: Double) -> Bool {
    rows[number] > 0 && Double(rows[number]) >= coverage * Double(counts[number])
  }
}
