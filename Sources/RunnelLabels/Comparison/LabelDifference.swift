/// What two lists of labels have in common, and what not.
///
///     A    N@18     V@77              N@203
///     B    N@18     N@78     N@120    N@205        tolerance 2
///          same     differs  only B   same
///
/// Labels are paired within their lane, each at most once, in three rounds: those of one place and one name; then those
/// of one name within the tolerance; then those of any name within it. Within a round two labels are a pair where neither
/// has a nearer partner next to the other. A pair is the same where the names are, the lengths are within the tolerance,
/// and the scores, where both sides have them, within theirs.
public struct LabelDifference: Sendable, Hashable {
  public struct Pair: Sendable, Hashable {
    public var a: LabelMark
    public var b: LabelMark
    public var differences: Set<Difference>
  }

  public enum Difference: String, Sendable, CaseIterable {
    case label, length, score
  }

  /// How far two labels may be apart and still be the same.
  public struct Tolerance: Sendable, Hashable {
    /// Rows.
    public var rows: Int64
    public var score: Float

    public init(rows: Int64 = 0, score: Float = 0) {
      self.rows = rows
      self.score = score
    }
  }

  public private(set) var same = 0
  /// In the order of A's.
  public private(set) var differing: [Pair] = []
  public private(set) var onlyA: [LabelMark] = []
  public private(set) var onlyB: [LabelMark] = []

  public var isEmpty: Bool { differing.isEmpty && onlyA.isEmpty && onlyB.isEmpty }

  public init(_ a: [LabelMark], _ b: [LabelMark], tolerance: Tolerance = Tolerance()) {
    let keys = LaneKeys(a, b)
    let (groupsA, groupsB) = (keys.groups(a), keys.groups(b))
    for key in Set(groupsA.keys).union(groupsB.keys) {
      compare(groupsA[key] ?? [], groupsB[key] ?? [], tolerance)
    }
    differing.sort { Self.precedes($0.a, $1.a) }
    onlyA.sort(by: Self.precedes)
    onlyB.sort(by: Self.precedes)
  }

  private mutating func compare(_ a: [LabelMark], _ b: [LabelMark], _ tolerance: Tolerance) {
    var rest = Rest(a: a.sorted(by: Self.precedes), b: b.sorted(by: Self.precedes))
    var pairs = rest.pair(within: 0, byName: true)
    pairs += rest.pair(within: tolerance.rows, byName: true)
    pairs += rest.pair(within: tolerance.rows, byName: false)
    for (a, b) in pairs {
      let differences = Self.differences(a, b, tolerance)
      if differences.isEmpty { same += 1 } else { differing.append(Pair(a: a, b: b, differences: differences)) }
    }
    onlyA += rest.a
    onlyB += rest.b
  }

  private static func differences(_ a: LabelMark, _ b: LabelMark, _ tolerance: Tolerance) -> Set<Difference> {
    var found: Set<Difference> = []
    if a.label != b.label { found.insert(.label) }
    if abs(a.length - b.length) > tolerance.rows { found.insert(.length) }
    if let p = a.p, let q = b.p, !(abs(p - q) <= tolerance.score) { found.insert(.score) }
    return found
  }

  private static func precedes(_ a: LabelMark, _ b: LabelMark) -> Bool {
    (a.at, a.label, a.lane.channel ?? "") < (b.at, b.label, b.lane.channel ?? "")
  }
}

/// What of a lane's names tells lanes apart in both lists: a name that one of them lacks, or that is a single one in each
/// (a stream called otherwise), does not.
private struct LaneKeys {
  private var parts: [KeyPath<LabelMark.Lane, String?> & Sendable] = []

  init(_ a: [LabelMark], _ b: [LabelMark]) {
    parts = [\.stream, \.pipeline, \.channel].filter { part in
      let (namesA, namesB) = (Set(a.map { $0.lane[keyPath: part] }), Set(b.map { $0.lane[keyPath: part] }))
      let isKnown = !namesA.contains(nil) && !namesB.contains(nil)
      return isKnown && (namesA.count > 1 || namesB.count > 1)
    }
  }

  func groups(_ marks: [LabelMark]) -> [[String?]: [LabelMark]] {
    Dictionary(grouping: marks) { mark in parts.map { mark.lane[keyPath: $0] } }
  }
}

/// Labels of one lane that have no partner yet, by place.
private struct Rest {
  var a: [LabelMark]
  var b: [LabelMark]

  mutating func pair(within tolerance: Int64, byName: Bool) -> [(LabelMark, LabelMark)] {
    let (placesA, placesB) = (Self.places(a, byName: byName), Self.places(b, byName: byName))
    var (takenA, takenB) = (Set<Int>(), Set<Int>())
    var pairs: [(LabelMark, LabelMark)] = []
    for (name, i) in placesA {
      for (x, y) in walk(i, placesB[name] ?? [], within: tolerance) {
        takenA.insert(x)
        takenB.insert(y)
        pairs.append((a[x], b[y]))
      }
    }
    a = a.indices.filter { !takenA.contains($0) }.map { a[$0] }
    b = b.indices.filter { !takenB.contains($0) }.map { b[$0] }
    return pairs
  }

  /// Which labels have which name; all of them under none.
  private static func places(_ marks: [LabelMark], byName: Bool) -> [String?: [Int]] {
    byName ? Dictionary(grouping: marks.indices) { marks[$0].label } : [nil: Array(marks.indices)]
  }

  /// Both lists from their beginnings: the earlier label looks at the other and yields to the one after it where that is
  /// nearer.
  private func walk(_ i: [Int], _ j: [Int], within tolerance: Int64) -> [(Int, Int)] {
    var pairs: [(Int, Int)] = []
    var (x, y) = (0, 0)
    while x < i.count, y < j.count {
      let (p, q) = (a[i[x]].at, b[j[y]].at)
      let isNearest =
        p <= q
        ? !(x + 1 < i.count && abs(a[i[x + 1]].at - q) < q - p)
        : !(y + 1 < j.count && abs(b[j[y + 1]].at - p) < p - q)
      if abs(p - q) <= tolerance, isNearest {
        pairs.append((i[x], j[y]))
        x += 1
        y += 1
      } else if p <= q {
        x += 1
      } else {
        y += 1
      }
    }
    return pairs
  }
}
