/// What load a bench puts on a daemon.
public struct LoadSettings: Sendable {
  /// How fast rows come.
  public enum Load: String, Sendable, CaseIterable {
    /// As fast as they are taken; nothing is said of latency, for each waits for the one before.
    case max
    /// First `max`, then half as many rows a second on a schedule.
    case half
    /// At the streams' own rate, on a schedule.
    case real
  }

  public var channels: Int
  public var streams: Int
  public var rowsPerMessage: Int
  public var load: Load
  /// Rows a second of each channel, in place of the configuration's or model's; then the load is on that schedule.
  public var rate: Double?
  /// Of measuring, in all.
  public var seconds: Double

  public init(
    channels: Int, streams: Int = 1, rowsPerMessage: Int = 36, load: Load = .half, rate: Double? = nil,
    seconds: Double = 10
  ) {
    self.channels = channels
    self.streams = streams
    self.rowsPerMessage = rowsPerMessage
    self.load = load
    self.rate = rate
    self.seconds = seconds
  }
}
