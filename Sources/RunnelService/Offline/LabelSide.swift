import RunnelCore
import RunnelLabels

/// What one side of a comparison says of a record, as it was found.
enum LabelSide: Sendable {
  /// Marks of a file, in rows of the record.
  case annotations([Annotation])
  /// Label messages of one lane; `places` is where each stands, `FILE:LINE`, empty where a network has just made them.
  case labels(MarkList, places: [String])

  var channel: String? { lane?.channel }
  /// Whose labels they say that they are.
  var stream: String? { lane?.stream }
  private var lane: LabelMark.Lane? { if case .labels(let list, _) = self { list.marks.first?.lane } else { nil } }

  /// - Throws: `ServiceError` (65) with the place of a label that is no beat.
  func beats() throws(ServiceError) -> [Annotation] {
    switch self {
    case .annotations(let annotations): return annotations
    case .labels(let list, let places):
      var beats: [Annotation] = []
      for (index, mark) in list.marks.enumerated() {
        do throws(BeatLabels.Mistake) { beats.append(try BeatLabels.beat(mark)) } catch {
          throw ServiceError(.data, (index < places.count ? places[index] + ": " : "") + error.sentence)
        }
      }
      return beats
    }
  }

  /// - Parameter end: of the record; nil where nobody knows, and then the last mark is the end.
  func episodes(end: Int64?) -> (episodes: [Episode], points: Int) {
    let (marks, breaks): ([LabelMark], [Int64]) =
      switch self {
      case .annotations(let annotations): (LabelMark.list(annotations), [])
      case .labels(let list, _): (list.marks, list.breaks.values.flatMap { $0 })
      }
    return Episode.list(of: marks, breaks: breaks, end: end ?? marks.map { $0.at + $0.length }.max() ?? 0)
  }
}
