import RunnelCore
import RunnelLabels

/// What `runnel diff` says: two files of labels, what they have in common and what not.
public struct LabelComparison: Sendable {
  public let a: MarkFile
  public let b: MarkFile
  public let difference: LabelDifference
  private let tolerance: LabelDifference.Tolerance

  /// - Parameters:
  ///   - tolerance: how far apart in place two labels may be; a time needs a rate.
  ///   - rate: rows a second, for files that count in seconds.
  public init(
    _ a: String, _ b: String, tolerance: RecordingPosition = .index(0), score: Float = 0, rate: Double? = nil
  ) throws(ServiceError) {
    let rows: Int64
    switch tolerance {
    case .index(let index): rows = Int64(index)
    case .seconds(let seconds):
      guard let rate else {
        throw ServiceError(
          .usage, "a tolerance of \(tolerance) needs the rows a second: give --rate 360Hz, or a number of samples")
      }
      rows = Int64(nearest: seconds * rate)
    }
    self.tolerance = LabelDifference.Tolerance(rows: rows, score: score)
    self.a = try MarkFile(a, rate: rate)
    self.b = try MarkFile(b, rate: rate)
    difference = LabelDifference(self.a.marks, self.b.marks, tolerance: self.tolerance)
  }

  public var isSame: Bool { difference.isEmpty }

  // MARK: for people

  /// A line each, in the order of places: `-` only in A, `+` only in B, `~` in both and not the same.
  public var lines: [String] {
    var lines: [(at: Int64, text: String)] = []
    for mark in difference.onlyA { lines.append((mark.at, "- " + Self.words(mark))) }
    for mark in difference.onlyB { lines.append((mark.at, "+ " + Self.words(mark))) }
    for pair in difference.differing { lines.append((pair.a.at, "~ " + Self.words(pair))) }
    return lines.enumerated().sorted { ($0.element.at, $0.offset) < ($1.element.at, $1.offset) }.map(\.element.text)
  }

  /// `1980 the same, 3 differ, 5 only in a.jsonl, 4 only in b.csv`
  public var summary: String {
    let (onlyA, onlyB) = (difference.onlyA.count, difference.onlyB.count)
    if isSame { return "the same: \(difference.same) labels" }
    return "\(difference.same) the same, \(difference.differing.count) differ, \(onlyA) only in \(a.path), "
      + "\(onlyB) only in \(b.path)"
  }

  /// `  29924  MLII  V  0.97`
  private static func words(_ mark: LabelMark) -> String {
    let at = "\(mark.at)"
    var words = [String(repeating: " ", count: max(0, 10 - at.count)) + at]
    if let channel = mark.lane.channel { words.append(Printable.text(channel.unicodeScalars)) }
    words.append(Printable.text(mark.label.unicodeScalars))
    if mark.length > 0 { words.append("\(mark.length) rows") }
    if let p = mark.p { words.append("\(p)") }
    return words.joined(separator: "  ")
  }

  private static func words(_ pair: LabelDifference.Pair) -> String {
    let what = LabelDifference.Difference.allCases.filter(pair.differences.contains).map(\.rawValue)
    return "\(words(pair.a))  →  \(words(pair.b).drop { $0 == " " })  (\(Phrase.list(what, "and")))"
  }

  // MARK: for programs

  ///     {"a": "a.jsonl", "b": "b.csv", "tolerance_rows": 0, "same": 1980,
  ///      "only_a": [{"at": 18, "label": "N", "channel": "MLII", "p": 0.9}, …], "only_b": […],
  ///      "differing": [{"differences": ["label"], "a": {…}, "b": {…}}, …]}
  public var json: String {
    var json = JSONWriter()
    json.beginObject()
    json.pair("a", a.path)
    json.pair("b", b.path)
    json.pair("tolerance_rows", tolerance.rows)
    json.pair("tolerance_score", tolerance.score)
    json.pair("same", difference.same)
    json.list("only_a", difference.onlyA) { Self.write($0, into: &$1) }
    json.list("only_b", difference.onlyB) { Self.write($0, into: &$1) }
    json.list("differing", difference.differing) { pair, json in
      json.beginObject()
      json.list("differences", LabelDifference.Difference.allCases.filter(pair.differences.contains)) {
        $1.write($0.rawValue)
      }
      json.key("a")
      Self.write(pair.a, into: &json)
      json.key("b")
      Self.write(pair.b, into: &json)
      json.endObject()
    }
    json.endObject()
    return json.text
  }

  private static func write(_ mark: LabelMark, into json: inout JSONWriter) {
    json.beginObject()
    json.pair("at", mark.at)
    if mark.length > 0 { json.pair("rows", mark.length) }
    json.pair("stream", mark.lane.stream)
    json.pair("pipeline", mark.lane.pipeline)
    json.pair("channel", mark.lane.channel)
    json.pair("label", mark.label)
    json.pair("p", mark.p)
    json.endObject()
  }
}
