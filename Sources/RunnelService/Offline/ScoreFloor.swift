import RunnelLabels

/// A figure that a report must reach: `V.sensitivity=0.8`.
public struct ScoreFloor: Sendable, Hashable {
  public enum Figure: String, Sendable, CaseIterable {
    case sensitivity
    case positivePredictivity = "positive_predictivity"
  }

  public var question: BeatStatistics.Question
  public var figure: Figure
  /// A fraction.
  public var least: Double

  /// A list with commas between.
  public static func list(_ text: String) throws(ServiceError) -> [ScoreFloor] {
    var floors: [ScoreFloor] = []
    for part in text.split(separator: ",") { floors.append(try ScoreFloor(part)) }
    return floors
  }

  init(_ text: Substring) throws(ServiceError) {
    let trimmed = text.filter { $0 != " " }
    let sides = trimmed.split(separator: "=", omittingEmptySubsequences: false)
    let names = (sides.first ?? "").split(separator: ".", omittingEmptySubsequences: false).map(String.init)
    guard sides.count == 2, names.count == 2 else {
      throw Self.mistake(trimmed, "write CLASS.FIGURE=FRACTION")
    }
    guard let question = BeatStatistics.Question(rawValue: names[0]) else {
      throw Self.mistake(trimmed, "'\(names[0])' is none of \(Self.questions)")
    }
    guard let figure = Figure(rawValue: names[1]) else {
      let figures = Figure.allCases.map(\.rawValue)
      let near = Suggestion.nearest(to: names[1], among: figures).map { "; did you mean '\($0)'?" } ?? ""
      throw Self.mistake(trimmed, "'\(names[1])' is not \(Phrase.list(figures, "or"))\(near)")
    }
    guard let least = Double(sides[1]), (0...1).contains(least) else {
      throw Self.mistake(trimmed, "'\(sides[1])' is no fraction from 0 to 1")
    }
    self.question = question
    self.figure = figure
    self.least = least
  }

  /// Why the gross figures of a report do not reach it, or nil. A figure that is undefined reaches nothing.
  public func shortfall(of report: ScoreReport) -> String? {
    let statistics = BeatStatistics(question, of: report.gross)
    let found = figure == .sensitivity ? statistics.sensitivity : statistics.positivePredictivity
    if let found, found >= least { return nil }
    let shown = found.map { Float($0).description } ?? "undefined, there being no such beats"
    return "\(question.rawValue).\(figure.rawValue) is \(shown), and at least \(Phrase.number(least)) is asked for"
  }

  private static let questions = Phrase.list(BeatStatistics.Question.allCases.map(\.rawValue), "and")

  private static func mistake(_ text: String, _ problem: String) -> ServiceError {
    ServiceError(
      .usage, "--fail-under \(text): \(problem), for example V.sensitivity=0.8,QRS.positive_predictivity=0.99")
  }
}
