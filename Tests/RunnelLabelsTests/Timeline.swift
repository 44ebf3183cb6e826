import RunnelCore
import RunnelLabels

/// Timelines as text. One character is one step.
///
///     0...9   the score of class A in tenths; `none` has the rest
///     *       A scores 1
///     .       a step that is skipped: a gap that was carried
///     !       a reset before the next step
///
/// What comes out is one line per decision: `point A@4 3...5 #0 p=0.7` (kind, class, position, range, event, score
/// in tenths), and `discarded 1+0` for a reset that threw away one candidate and no event.
struct Timeline {
  var plan: DecisionPlan
  var state: DecisionState
  var lines: [String] = []
  var step: Int64 = 0

  /// Ten steps a second, so that 0.1 s is one step.
  init(_ rule: DecisionRule, labels: [String] = ["none", "A"], hop: Int = 1) throws {
    plan = try DecisionPlan(rule: rule, labels: labels, rate: 10, hop: hop)
    state = plan.makeState()
  }

  /// One text per class other than `none`, all of one length.
  mutating func play(_ texts: String...) {
    let rows = texts.map(Array.init)
    for column in rows[0].indices {
      switch rows[0][column] {
      case ".": step += 1
      case "!":
        let discarded = plan.reset(&state)
        lines.append("discarded \(discarded.candidates)+\(discarded.events)")
      default:
        let scores = rows.map { $0[column] == "*" ? 1 : Float(String($0[column]))! / 10 }
        settle([1 - scores.reduce(0, +)] + scores)
      }
    }
  }

  mutating func settle(_ scores: [Float]) {
    var lines: [String] = []
    let labels = plan.labels
    scores.withUnsafeBufferPointer {
      plan.settle(step: step, scores: $0, state: &state) { decision, scores in
        lines.append(Self.describe(decision, labels, scores))
      }
    }
    self.lines += lines
    step += 1
  }

  static func describe(_ decision: Decision, _ labels: [String], _ scores: UnsafeBufferPointer<Float>) -> String {
    let name = decision.classIndex.map { labels[$0] } ?? "unknown"
    let event = decision.event.map { " #\($0)" } ?? ""
    let tenths = (decision.score * 10).rounded() / 10
    return "\(decision.kind.rawValue) \(name)@\(decision.position) \(decision.firstStep)...\(decision.lastStep)\(event)"
      + " p=\(tenths)"
  }

  static func played(_ rule: DecisionRule, _ text: String, hop: Int = 1) throws -> [String] {
    var timeline = try Timeline(rule, hop: hop)
    timeline.play(text)
    return timeline.lines
  }
}
