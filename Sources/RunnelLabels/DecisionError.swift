/// A decision rule that cannot be carried out on this head, with its remedy.
public enum DecisionError: Error, Sendable, Hashable, CustomStringConvertible {
  case noLabels
  /// `peaks` and `events` need to know which class stands for "nothing here".
  case noneMissing(none: String, labels: [String])
  /// The head has no class beside `none`.
  case onlyNone(String)
  case leaveAboveEnter(enter: Double, leave: Double)
  /// Not a number, or outside 0...1 where `peaks` compares 1 − score(none).
  case threshold(key: String, value: Double)
  /// Negative, not a number, or more steps than an index can hold.
  case time(key: String, seconds: Double)
  case widthZero
  case smoothingTooLong(seconds: Double, steps: Int64)
  case majority(needed: Int, of: Int)
  /// A majority decides a class, not a score.
  case majorityOfScores(emit: String)
  case rate(Double)
  case hop(Int)

  public var description: String {
    switch self {
    case .noLabels: "the head has no labels; give each of its outputs a name in the model file"
    case .noneMissing(let none, let labels):
      "the head has no class \"\(none)\" among \(labels.joined(separator: ", ")); name the class that stands for "
        + "nothing with `none`, or use `emit: every` or `emit: change`"
    case .onlyNone(let none): "the head has no class beside \"\(none)\"; use `emit: every`"
    case .leaveAboveEnter(let enter, let leave):
      "leave (\(leave)) is above enter (\(enter)), so an event would end as it begins; set leave to at most enter"
    case .threshold(let key, let value): "\(key) is \(value); give a number from 0 to 1"
    case .time(let key, let seconds): "\(key) is \(seconds) s; give a time of 0 s or more that steps can count"
    case .widthZero: "max_width is 0 s, so no peak could ever open; give the widest peak, for example 1s"
    case .smoothingTooLong(let seconds, let steps):
      "smoothing over \(seconds) s (\(steps) steps) is too long; at most \(DecisionPlan.longestSmoothing) s and "
        + "\(DecisionPlan.mostSmoothedSteps) steps are kept"
    case .majority(let needed, let of):
      "smooth is \"\(needed) of \(of)\"; the first number must be 1 or more and the second at least the first and "
        + "at most \(DecisionPlan.mostSmoothedSteps)"
    case .majorityOfScores(let emit):
      "smooth by majority gives a class and no score, which `emit: \(emit)` needs; use `smooth: mean 50ms`"
    case .rate(let rate): "steps at \(rate) Hz cannot measure time; the model's rate must be above 0"
    case .hop(let hop): "hop is \(hop); give 1 step or more"
    }
  }
}
