import RunnelCore
import RunnelInference
import RunnelPipeline

/// One entry of `pipelines`: a model on the lanes of one stream.
public struct PipelineConfiguration: Sendable, Hashable {
  /// Which lanes a stream gets.
  public enum Lanes: Sendable, Hashable {
    case everyChannel
    /// One lane for each of these.
    case channels([String])
    /// One lane on several channels, each bound to an input of the model.
    case group([Binding])
  }

  public struct Binding: Sendable, Hashable {
    /// The model's name for it.
    public var input: String
    public var channel: String
  }

  public var name: String
  /// The entry of `streams`.
  public var input: String
  /// The entry of `models`.
  public var model: String
  public var lanes: Lanes
  public var gap: GapConfiguration
  public var decide: DecisionOverride
  /// What the configuration says the model is; nil where it says nothing.
  public var regime: ModelDescription.Regime?
  /// Frames of a window, which the model must have too.
  public var window: Int?
  /// In place of the model's.
  public var hop: Int?
  /// Seconds, in place of the model's.
  public var maxStateAge: Double?
  /// Seconds that a batch waits for more lanes.
  public var linger: Double
  /// What the network saw that goes with each label; nil for nothing.
  public var attach: AttachSettings?
}

/// What a lane does about a gap that stays; a longer one than `carry` resets it.
public struct GapConfiguration: Sendable, Hashable {
  public enum Fill: Sendable, Hashable {
    case none
    /// The longest gap that is filled by repeating the last sample.
    case hold(seconds: Double)
    /// By a line to the sample after the gap, which is waited for.
    case linear(seconds: Double)
    /// By zeros.
    case zero(seconds: Double)

    /// The longest gap that is filled; 0 for none.
    public var seconds: Double {
      switch self {
      case .none: 0
      case .hold(let seconds), .linear(let seconds), .zero(let seconds): seconds
      }
    }
  }

  public var fill: Fill
  /// Seconds over which h and c are kept.
  public var carry: Double
}

/// What a pipeline's `decide` says; each nil leaves what the model file says.
public struct DecisionOverride: Sendable, Hashable {
  public var emit: DecisionRule.Emit?
  public var head: String?
  public var none: String?
  public var enter: Double?
  public var leave: Double?
  public var minOn: Double?
  public var minOff: Double?
  public var refractory: Double?
  public var maxWidth: Double?
  public var smooth: DecisionRule.Smoothing?
  public var unknownBelow: Double?

  /// The model's rule with these in place of its own.
  public func applied(to rule: DecisionRule) -> DecisionRule {
    var rule = rule
    if let emit { rule.emit = emit }
    if let head { rule.head = head }
    if let none { rule.none = none }
    if let enter { rule.enter = enter }
    if let leave { rule.leave = leave }
    if let minOn { rule.minOn = minOn }
    if let minOff { rule.minOff = minOff }
    if let refractory { rule.refractory = refractory }
    if let maxWidth { rule.maxWidth = maxWidth }
    if let smooth { rule.smooth = smooth }
    if let unknownBelow { rule.unknownBelow = unknownBelow }
    return rule
  }
}
