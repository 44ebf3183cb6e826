import RunnelCore
import RunnelLabels

extension Annotation {
  /// Labels of one lane as annotations in the MIT format says them:
  ///
  /// - points called N, S, V, F or Q are beats, and `unknown` an unclassifiable one;
  /// - other points are comments with the label as their text;
  /// - states are rhythm changes, `(NAME` where one begins and `(none` where none is left. A label that says what the one
  ///   before it said is no change.
  static func list(of marks: [LabelMark]) -> [Annotation] {
    var annotations: [Annotation] = []
    var state: String?
    var end: Int64?
    for mark in marks.enumerated().sorted(by: { ($0.element.at, $0.offset) < ($1.element.at, $1.offset) }).map(
      \.element)
    {
      if let last = end, mark.at >= last, mark.extent != .point {
        // A state that begins where the other ends follows it at once.
        if mark.at > last {
          annotations.append(change(at: last, to: none))
          state = nil
        }
        end = nil
      }
      switch mark.extent {
      case .point:
        annotations.append(
          BeatLabels.code(of: mark.label).map { Annotation(at: mark.at, code: $0) }
            ?? Annotation(at: mark.at, code: .comment, text: mark.label))
        continue
      case .untilNext, .open: end = nil
      case .rows(let count): end = mark.at + count
      }
      if mark.label != state { annotations.append(change(at: mark.at, to: mark.label)) }
      state = mark.label
    }
    if let end { annotations.append(change(at: end, to: none)) }
    return annotations.enumerated().sorted { ($0.element.at, $0.offset) < ($1.element.at, $1.offset) }.map(\.element)
  }

  private static let none = "none"

  private static func change(at: Int64, to label: String) -> Annotation {
    Annotation(at: at, code: .rhythm, text: "(\(label)")
  }
}
