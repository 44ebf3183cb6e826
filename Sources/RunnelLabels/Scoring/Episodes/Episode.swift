/// A stretch of a recording that one side gives one label.
///
/// What a comparison leaves out may lie inside it: then it is still one episode, of several pieces.
public struct Episode: Sendable, Hashable {
  public var label: String
  /// Not empty, in order, apart from each other.
  public private(set) var pieces: [Range<Int64>]
  /// Whether it began before the comparison did, so that nothing is known of its onset.
  public private(set) var isCut = false

  public init(_ label: String, _ rows: Range<Int64>) {
    precondition(!rows.isEmpty, "an episode lasts")
    self.label = label
    pieces = [rows]
  }

  public var onset: Int64 { pieces[0].lowerBound }
  public var end: Int64 { pieces[pieces.count - 1].upperBound }
  /// Rows in it.
  public var count: Int64 { pieces.reduce(0) { $0 + Int64($1.count) } }

  /// Rows that both have.
  public func overlap(_ other: Episode) -> Int64 {
    var (rows, i, j) = (Int64(0), 0, 0)
    while i < pieces.count, j < other.pieces.count {
      let (a, b) = (pieces[i], other.pieces[j])
      rows += Int64(a.clamped(to: b).count)
      if a.upperBound < b.upperBound { i += 1 } else { j += 1 }
    }
    return rows
  }

  /// What of it lies in some rows and outside of others; nil where nothing does.
  public func clipped(to rows: Range<Int64>, without holes: [Range<Int64>]) -> Episode? {
    var rest = pieces.map { $0.clamped(to: rows) }.filter { !$0.isEmpty }
    for hole in holes {
      rest = rest.flatMap { piece -> [Range<Int64>] in
        guard piece.overlaps(hole) else { return [piece] }
        return [
          piece.lowerBound..<max(piece.lowerBound, hole.lowerBound),
          min(piece.upperBound, hole.upperBound)..<piece.upperBound,
        ].filter { !$0.isEmpty }
      }
    }
    guard let first = rest.first else { return nil }
    var clipped = self
    clipped.pieces = rest
    clipped.isCut = isCut || first.lowerBound != onset
    return clipped
  }
}

extension [Episode] {
  /// Those of each label, in order; what overlaps or touches is one.
  func joined() -> [Episode] {
    var joined: [Episode] = []
    for (label, episodes) in Dictionary(grouping: self, by: \.label) {
      var current: Range<Int64>?
      for episode in episodes.sorted(by: { $0.onset < $1.onset }) {
        if let open = current, episode.onset <= open.upperBound {
          current = open.lowerBound..<Swift.max(open.upperBound, episode.end)
        } else {
          if let open = current { joined.append(Episode(label, open)) }
          current = episode.onset..<episode.end
        }
      }
      if let current { joined.append(Episode(label, current)) }
    }
    return joined.sorted { ($0.onset, $0.label) < ($1.onset, $1.label) }
  }
}
