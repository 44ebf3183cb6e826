import RunnelLabels

/// A piece of a record in which labels and truth are at odds, as the report draws it.
struct Stretch: Sendable {
  enum Content: Sendable {
    case beats([BeatPairing.Pair])
    case episodes(EpisodeComparison)
  }

  var record: ScoredRecord
  var rows: Range<Int64>
  /// Why it is among the worst: `5 of 14 beats wrong: 3 V called N, 2 missed`.
  var reason: String
  /// Larger is worse: wrong beats, or wrong seconds.
  var weight: Double
  var content: Content

  /// Stretches of one report, and of one record.
  static let most = 12
  static let mostOfRecord = 3

  /// The worst of all records, the worst first.
  static func worst(of records: [ScoredRecord]) -> [Stretch] {
    let all = records.flatMap { record in
      switch record.outcome {
      case .beats(let pairing): beats(of: record, pairing)
      case .episodes(let comparison): episodes(of: record, comparison)
      }
    }
    let ordered = all.enumerated().sorted { ($1.element.weight, $0.offset) < ($0.element.weight, $1.offset) }
    return ordered.prefix(most).map(\.element)
  }
}

// MARK: beats

extension Stretch {
  /// Seconds.
  private static let length = 10.0

  /// Windows with the most wrong beats, apart from each other.
  private static func beats(of record: ScoredRecord, _ pairing: BeatPairing) -> [Stretch] {
    var wrong = pairing.pairs.filter(\.isWrong).map(\.place).sorted()
    let rows = Int64((length * record.rate).rounded())
    var stretches: [Stretch] = []
    while stretches.count < mostOfRecord, let densest = densest(wrong, within: rows) {
      let (early, late) = (wrong[densest.lowerBound], wrong[densest.upperBound - 1])
      let middle = (early + late) / 2
      let end = record.rows.map { max(rows, $0) } ?? .max
      let first = max(0, min(middle - rows / 2, end - rows))
      let range = first..<first + rows
      let pairs = pairing.pairs.filter { range.contains($0.place) }
      stretches.append(
        Stretch(
          record: record, rows: range, reason: reason(pairs), weight: Double(pairs.count { $0.isWrong }),
          content: .beats(pairs)))
      wrong.removeAll { ($0 >= first - rows) && $0 < first + 2 * rows }
    }
    return stretches
  }

  /// Which of these places lie closest together; the first such group.
  private static func densest(_ places: [Int64], within rows: Int64) -> Range<Int>? {
    var (best, begin) = (0..<0, 0)
    for end in places.indices {
      while places[end] - places[begin] >= rows * 9 / 10 { begin += 1 }
      if end + 1 - begin > best.count { best = begin..<end + 1 }
    }
    return best.isEmpty ? nil : best
  }

  private static func reason(_ pairs: [BeatPairing.Pair]) -> String {
    let wrong = pairs.filter(\.isWrong)
    var kinds: [String: Int] = [:]
    for pair in wrong { kinds[pair.words, default: 0] += 1 }
    let listed = kinds.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map { "\($0.value) \($0.key)" }
    return "\(wrong.count) of \(pairs.count) beats wrong: \(listed.joined(separator: ", "))"
  }
}

extension BeatPairing.Pair {
  var isWrong: Bool { truth != test }
  /// Where it is drawn.
  var place: Int64 { truthAt ?? testAt ?? 0 }

  /// `V called N`
  var words: String {
    if !test.isBeat { return "\(truth.rawValue) missed" }
    return truth.isBeat ? "\(truth.rawValue) called \(test.rawValue)" : "\(test.rawValue) where none is"
  }
}

// MARK: episodes

extension Stretch {
  /// The longest times in which one side says a label and the other does not.
  private static func episodes(of record: ScoredRecord, _ comparison: EpisodeComparison) -> [Stretch] {
    let wrong =
      difference(comparison.truth, without: comparison.test).map { ($0, "\($0.label) missed for", "") }
      + difference(comparison.test, without: comparison.truth).map {
        ($0, "\($0.label) called for", " where there is none")
      }
    var stretches: [Stretch] = []
    for (episode, words, rest) in wrong.sorted(by: { ($1.0.count, $0.0.onset) < ($0.0.count, $1.0.onset) }) {
      let rows = framed(episode, record, comparison)
      guard stretches.count < mostOfRecord else { break }
      if stretches.contains(where: { $0.rows.overlaps(rows) }) { continue }
      let seconds = Double(episode.count) / record.rate
      stretches.append(
        Stretch(
          record: record, rows: rows, reason: "\(words) \(HTMLText.decimal(seconds, 1)) s\(rest)", weight: seconds,
          content: .episodes(comparison)))
    }
    return stretches
  }

  /// What of the episodes of one side lies in none of the other's of that label.
  private static func difference(_ episodes: [Episode], without others: [Episode]) -> [Episode] {
    episodes.flatMap { episode -> [Episode] in
      let holes = others.filter { $0.label == episode.label }.flatMap(\.pieces)
      let rest = episode.clipped(to: episode.onset..<episode.end, without: holes)
      return rest?.pieces.map { Episode(episode.label, $0) } ?? []
    }
  }

  /// With a quarter more on either side, five seconds at least.
  private static func framed(_ episode: Episode, _ record: ScoredRecord, _ comparison: EpisodeComparison) -> Range<
    Int64
  > {
    let margin = max(Int64((5 * record.rate).rounded()), (episode.end - episode.onset) / 4)
    let end = max(record.rows ?? comparison.rows.upperBound, episode.end)
    return max(0, episode.onset - margin)..<min(end, episode.end + margin)
  }
}
