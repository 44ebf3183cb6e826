import RunnelCore
import RunnelWire

/// Rate and channels of a session, as configuration, description and header agree on them.
public struct StreamShape {
  /// Nil where nobody says it.
  var rate: Double?
  var channels: [Channel]
  private var rates: [(source: String, rate: Double)]

  /// Relative difference up to which two rates count as the same.
  static let tolerance = 0.005

  init(policy: StreamPolicy, description: StreamDescription?, headerRate: Double?) {
    rates = [("the configuration", policy.rate), ("the description", description?.rate), ("the header", headerRate)]
      .compactMap { source, rate in rate.map { (source, $0) } }
    rate = rates.first?.rate
    let said = description?.channels ?? []
    channels = said.isEmpty ? policy.channels ?? [] : said
  }

  /// Why no session can have this shape, or nil.
  func refusal(stream: StreamIdentity) -> Refusal? {
    guard let chosen = rates.first else {
      return Refusal(.rate, "stream '\(stream.stream)' does not say its rate: give streams.\(stream.input).rate")
    }
    guard !channels.isEmpty else {
      return Refusal(
        .channelMissing,
        "stream '\(stream.stream)' does not name its channels: give streams.\(stream.input).channels")
    }
    for other in rates.dropFirst() where !Self.agree(other.rate, chosen.rate) {
      return Refusal(
        .rate,
        "\(other.source) of stream '\(stream.stream)' says \(other.rate) Hz where \(chosen.source) says \(chosen.rate) Hz: "
          + "correct the one that is wrong")
    }
    return nil
  }

  /// Whether a stated rate is the session's within 0.5 %; an unstated one agrees with any.
  public static func agree(_ stated: Double?, _ rate: Double) -> Bool {
    guard let stated else { return true }
    return abs(stated - rate) <= tolerance * max(stated, rate)
  }
}
