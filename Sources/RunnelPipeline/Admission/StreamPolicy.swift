import RunnelCore

/// What the configuration says of every stream of one input. Times are nanoseconds of a monotonic clock.
public struct StreamPolicy: Sendable {
  /// The input's name.
  public var input: String
  /// The rate the configuration states; formats that carry none need it.
  public var rate: Double?
  /// The channels the configuration states; formats that carry no names need them.
  public var channels: [Channel]?
  /// Distinct streams beyond this are rejected (`too-many-streams`).
  public var maxStreams = 256
  /// How long a session must be silent before another epoch may take over; in formats that have none, another rate.
  public var takeover: Int64 = 2_000_000_000
  /// Silence after which a stream is called stale; nil is the larger of 2 s and four usual message intervals.
  public var staleAfter: Int64?
  /// An index or sequence that goes back by more than so many seconds of samples is a restart, in formats that have
  /// no epoch.
  public var reorder: Double = 2
  /// How long samples wait for their first description.
  public var describeWithin: Int64 = 2_000_000_000
  /// Bytes that messages waiting for a description or for a rival to fall silent may take.
  public var holdBytes = 64 << 20

  public init(input: String, rate: Double? = nil, channels: [Channel]? = nil) {
    self.input = input
    self.rate = rate
    self.channels = channels
  }
}
