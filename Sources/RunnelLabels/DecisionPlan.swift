import RunnelCore

/// A `DecisionRule` compiled once for one head: seconds have become steps, names have become class indexes.
///
///     let plan = try DecisionPlan(rule: rule, labels: ["none", "N", "V"], rate: 120, hop: 1)
///     var state = plan.makeState()
///     plan.settle(step: 0, scores: scores, state: &state) { decision, scores in … }
///
/// The plan is immutable and shared by every lane of a pipeline, an object so that a look at it copies nothing; what a lane
/// carries is its `DecisionState`.
///
/// Times become steps by rounding half up, and a time above 0 is at least 1 step. Thresholds are rounded once to f32
/// and a score equal to one has reached it. The plan knows no clock, no samples and no delay: a step is an output of the
/// network, and the pipeline knows where each of them lies among the input samples.
public final class DecisionPlan: Sendable {
  /// Smoothing sums its whole window anew at each step (see `ScoreRing`), so that window is bounded.
  public static let longestSmoothing: Double = 10
  public static let mostSmoothedSteps: Int64 = 4096

  enum Smoothing: Sendable, Hashable {
    case none
    case mean
    case majority(needed: Int)
  }

  public let emit: DecisionRule.Emit
  public let labels: [String]
  /// Steps between labels of `every` and `change`; label steps are those with (step + 1) % hop == 0.
  public let hop: Int64
  /// Whether a label speaks also of the steps that a jump left out, back to the label before: so where a state goes on
  /// across them, but not where each step is a window.
  public let spansJumps: Bool
  /// Class that stands for nothing; nil where the head has none (`every` and `change` need none).
  public let noneIndex: Int?
  public let refractorySteps: Int64
  public let maxWidthSteps: Int64
  /// Steps in the smoothing window; 1 is no smoothing.
  public let smoothedSteps: Int

  let smoothing: Smoothing
  let enter: Float
  let leave: Float
  let unknownBelow: Float
  /// At least 1: an onset needs one step.
  let minOnSteps: Int64
  let minOffSteps: Int64

  /// - Parameters:
  ///   - labels: the head's K class names, in the order of its scores.
  ///   - rate: steps per second.
  ///   - hop: steps between labels of `every` and `change`.
  ///   - spansJumps: whether a label speaks also of steps that a jump left out.
  public init(
    rule: DecisionRule, labels: [String], rate: Double, hop: Int, spansJumps: Bool = true
  ) throws(DecisionError) {
    guard !labels.isEmpty else { throw .noLabels }
    guard rate > 0, rate.isFinite else { throw .rate(rate) }
    guard hop >= 1 else { throw .hop(hop) }
    let needsNone = rule.emit == .peaks || rule.emit == .events
    noneIndex = labels.firstIndex(of: rule.none)
    if needsNone {
      guard noneIndex != nil else { throw .noneMissing(none: rule.none, labels: labels) }
      guard labels.count > 1 else { throw .onlyNone(rule.none) }
    }
    try Self.check(rule)
    emit = rule.emit
    self.labels = labels
    self.hop = Int64(hop)
    self.spansJumps = spansJumps
    enter = Float(rule.enter)
    leave = Float(rule.leave)
    // Scores of a linear head are below 0 as often as not; there the default would make half of its labels unknown.
    unknownBelow = rule.unknownBelow == 0 ? -.infinity : Float(rule.unknownBelow)
    minOnSteps = max(1, try Self.steps("min_on", rule.minOn, rate))
    minOffSteps = max(1, try Self.steps("min_off", rule.minOff, rate))
    refractorySteps = try Self.steps("refractory", rule.refractory, rate)
    maxWidthSteps = try Self.steps("max_width", rule.maxWidth, rate)
    if emit == .peaks, maxWidthSteps == 0 { throw .widthZero }
    (smoothing, smoothedSteps) = try Self.smoothing(rule, rate)
  }

  /// The memory of a lane that has seen nothing; every buffer a lane will ever need is made here.
  public func makeState() -> DecisionState { DecisionState(plan: self) }

  private static func check(_ rule: DecisionRule) throws(DecisionError) {
    let thresholds = [("enter", rule.enter), ("leave", rule.leave), ("unknown_below", rule.unknownBelow)]
    for (key, value) in thresholds {
      guard value.isFinite else { throw .threshold(key: key, value: value) }
      if rule.emit == .peaks, !(0...1).contains(value) { throw .threshold(key: key, value: value) }
    }
    guard rule.leave <= rule.enter else { throw .leaveAboveEnter(enter: rule.enter, leave: rule.leave) }
  }

  private static func steps(_ key: String, _ seconds: Double, _ rate: Double) throws(DecisionError) -> Int64 {
    guard seconds >= 0, seconds * rate < 0x1p40 else { throw .time(key: key, seconds: seconds) }
    return seconds == 0 ? 0 : max(1, Int64((seconds * rate + 0.5).rounded(.down)))
  }

  private static func smoothing(
    _ rule: DecisionRule, _ rate: Double
  ) throws(DecisionError) -> (Smoothing, steps: Int) {
    switch rule.smooth {
    case .none: return (.none, 1)
    case .mean(let seconds):
      let count = try steps("smooth", seconds, rate)
      guard seconds <= longestSmoothing, count <= mostSmoothedSteps else {
        throw .smoothingTooLong(seconds: seconds, steps: count)
      }
      return count <= 1 ? (.none, 1) : (.mean, Int(count))
    case .majority(let needed, let of):
      guard needed >= 1, of >= needed, of <= mostSmoothedSteps else { throw .majority(needed: needed, of: of) }
      guard rule.emit == .every || rule.emit == .change else { throw .majorityOfScores(emit: rule.emit.rawValue) }
      return of == 1 ? (.none, 1) : (.majority(needed: needed), of)
    }
  }
}
