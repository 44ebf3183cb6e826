/// How scores become labels; the model file carries a default, a pipeline's `decide` overrides it.
/// Times are in seconds here and become steps once, when a lane opens.
public struct DecisionRule: Sendable, Hashable {
  public enum Emit: String, Sendable, CaseIterable {
    /// A label every `hop` steps.
    case every
    /// A label when the class differs from that of the last label.
    case change
    /// Onset and offset of each class other than `none`.
    case events
    /// One point event per bump of 1 − score(none): a beat, a click.
    case peaks
  }

  public enum Smoothing: Sendable, Hashable {
    case none
    /// Mean of each score over the last so many seconds.
    case mean(seconds: Double)
    /// The class that leads in at least `needed` of the last `of` steps.
    case majority(needed: Int, of: Int)
  }

  public var emit: Emit
  /// The head that decides; nil is the first.
  public var head: String?
  /// The class that stands for "nothing here" in `events` and `peaks`.
  public var none: String
  public var enter: Double
  public var leave: Double
  public var minOn: Double
  public var minOff: Double
  public var refractory: Double
  /// The longest candidate of `peaks`; it closes then.
  public var maxWidth: Double
  public var smooth: Smoothing
  /// A label whose score is below this is `unknown`; 0 asks for nothing, whatever the head.
  public var unknownBelow: Double

  public init(
    emit: Emit = .every, head: String? = nil, none: String = "none", enter: Double = 0.6, leave: Double = 0.4,
    minOn: Double = 0, minOff: Double = 0, refractory: Double = 0, maxWidth: Double = 1, smooth: Smoothing = .none,
    unknownBelow: Double = 0
  ) {
    self.emit = emit
    self.head = head
    self.none = none
    self.enter = enter
    self.leave = leave
    self.minOn = minOn
    self.minOff = minOff
    self.refractory = refractory
    self.maxWidth = maxWidth
    self.smooth = smooth
    self.unknownBelow = unknownBelow
  }
}
