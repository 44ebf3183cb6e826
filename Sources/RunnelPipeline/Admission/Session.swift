import RunnelCore

/// One run of one publisher, as its lanes learn of it: what its samples mean and where they begin.
public struct Session: Sendable, Equatable {
  /// Why state starts fresh here; the `reason` of the `start` status.
  public enum Cause: String, Sendable {
    case first
    case joinedMidStream = "joined-mid-stream"
    case newEpoch = "new-epoch"
    /// An index or sequence went back by more than `reorder`.
    case restarted
    /// The connection dropped and came back, and the format has no epoch to tell more.
    case reconnected
    case newSubject = "new-subject"
    /// Another rate than that of a session which was refused, or is no longer heard, and the format has no epoch to
    /// tell more.
    case newRate = "new-rate"
  }

  public var stream: StreamIdentity
  /// The publisher's epoch; nil where the format has none.
  public var epoch: UInt64?
  public var cause: Cause
  /// The first sample index that will be heard.
  public var start: Int64
  /// Nominal Hz; 0 is irregular.
  public var rate: Double
  public var channels: [Channel]
  public var level: Level
  public var subject: String?
  /// The publisher says that its samples were computed, not measured.
  public var synthetic: Bool

  public init(
    stream: StreamIdentity, epoch: UInt64? = nil, cause: Cause = .first, start: Int64 = 0, rate: Double,
    channels: [Channel], level: Level, subject: String? = nil, synthetic: Bool = false
  ) {
    self.stream = stream
    self.epoch = epoch
    self.cause = cause
    self.start = start
    self.rate = rate
    self.channels = channels
    self.level = level
    self.subject = subject
    self.synthetic = synthetic
  }
}

/// Why nothing can be made of a stream: the counted reason and one sentence with the remedy.
public struct Refusal: Error, Sendable, Equatable, CustomStringConvertible {
  public var reason: RejectReason
  public var problem: String
  /// What to do about it, where that is not all the same to whoever asks.
  public var remedy: String?

  public init(_ reason: RejectReason, _ problem: String, remedy: String? = nil) {
    self.reason = reason
    self.problem = problem
    self.remedy = remedy
  }

  public var sentence: String { remedy.map { "\(problem): \($0)" } ?? problem }
  public var description: String { sentence }
}
