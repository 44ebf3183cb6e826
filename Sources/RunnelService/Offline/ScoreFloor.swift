import RunnelCore
import RunnelLabels

/// A figure that a report must reach: `V.sensitivity=0.8`, of episodes `AFIB.duration_sensitivity=0.9`.
public struct ScoreFloor: Sendable, Hashable {
  /// A question of EC57 (QRS, N, S, V), or the label of episodes.
  public var label: String
  /// As the JSON of the report calls it.
  public var figure: String
  /// A fraction.
  public var least: Double

  /// What is judged.
  public enum Kind: Sendable {
    case beats, episodes

    var figures: [String] {
      switch self {
      case .beats: ["sensitivity", "positive_predictivity"]
      case .episodes: EpisodeReport.Figure.allCases.map(\.rawValue)
      }
    }

    /// Nil where any will do.
    var labels: [String]? { self == .beats ? BeatStatistics.Question.allCases.map(\.rawValue) : nil }

    var example: String {
      self == .beats ? "V.sensitivity=0.8,QRS.positive_predictivity=0.99" : "AFIB.sensitivity=0.9"
    }
  }

  /// A list with commas between.
  public static func list(_ text: String, of kind: Kind = .beats) throws(ServiceError) -> [ScoreFloor] {
    var floors: [ScoreFloor] = []
    for part in text.split(separator: ",") { floors.append(try ScoreFloor(part, kind)) }
    return floors
  }

  private init(_ text: Substring, _ kind: Kind) throws(ServiceError) {
    func mistake(_ problem: String) -> ServiceError {
      ServiceError(.usage, "--fail-under \(text): \(problem), for example \(kind.example)")
    }
    let sides = text.filter { $0 != " " }.split(separator: "=", omittingEmptySubsequences: false)
    // A label may have a point in it, a figure has none.
    let names = sides.first ?? ""
    guard sides.count == 2, let point = names.lastIndex(of: "."), point != names.startIndex else {
      throw mistake("write CLASS.FIGURE=FRACTION")
    }
    label = String(names[..<point])
    figure = String(names[names.index(after: point)...])
    if let labels = kind.labels, !labels.contains(label) {
      throw mistake("'\(label)' is none of \(Phrase.list(labels, "and"))")
    }
    guard kind.figures.contains(figure) else {
      let near = Suggestion.nearest(to: figure, among: kind.figures).map { "; did you mean '\($0)'?" } ?? ""
      throw mistake("'\(figure)' is not \(Phrase.list(kind.figures, "or"))\(near)")
    }
    guard let least = Double(sides[1]), (0...1).contains(least) else {
      throw mistake("'\(sides[1])' is no fraction from 0 to 1")
    }
    self.least = least
  }

  /// Why the gross figures of a report do not reach it, or nil. A figure that is undefined reaches nothing.
  public func shortfall(of report: ScoreReport) -> String? {
    guard let question = BeatStatistics.Question(rawValue: label) else { return shortfall(nil) }
    let statistics = BeatStatistics(question, of: report.gross)
    return shortfall(figure == "sensitivity" ? statistics.sensitivity : statistics.positivePredictivity, "beats")
  }

  public func shortfall(of report: EpisodeReport) -> String? {
    shortfall(report.gross[label].flatMap { EpisodeReport.Figure(rawValue: figure)?.of($0) }, "episodes")
  }

  private func shortfall(_ found: Double?, _ things: String = "beats") -> String? {
    if let found, found >= least { return nil }
    let shown = found.map { Float($0).description } ?? "undefined, there being no such \(things)"
    return "\(label).\(figure) is \(shown), and at least \(Phrase.number(least)) is asked for"
  }
}
