import RunnelCore
import RunnelZeroMQ

/// What was found at one endpoint: `words` for people, `write(to:)` for programs, `configuration` for `runnel run`.
public struct Discovery: Sendable {
  public let endpoint: String
  public let kind: SocketKind
  /// Whether we listened and publishers connected.
  public let bound: Bool
  /// How long was listened.
  public let seconds: Double
  public let peer: PeerStatus
  public let topics: [TopicFinding]
  public let messages: Int
  public let beyondLimit: Int
  public let tooManyParts: Int

  public init(
    endpoint: String, kind: SocketKind = .sub, bound: Bool = false, seconds: Double, peer: PeerStatus,
    discoverer: Discoverer
  ) {
    self.endpoint = endpoint
    self.kind = kind
    self.bound = bound
    self.seconds = seconds
    self.peer = peer
    topics = discoverer.findings
    messages = discoverer.messages
    beyondLimit = discoverer.beyondLimit
    tooManyParts = discoverer.tooManyParts
  }

  /// Why there is no configuration to print; nil where there is one.
  public var refusal: ServiceError? {
    guard configuration == nil else { return nil }
    guard messages == 0 else {
      let remarks = Set(topics.compactMap(\.format.remark))
      guard remarks.count == 1, let remark = remarks.first, topics.allSatisfy({ $0.format.remark == remark }) else {
        return ServiceError(
          .no, "nothing at \(endpoint) is a format that this version reads, so there is no configuration to print")
      }
      return ServiceError(.no, "no configuration can be made of \(endpoint): this is \(remark)")
    }
    let sentence = peer.sentence(of: endpoint, kind: kind, bound: bound)
    guard peer.wasConnected else {
      let hint = bound || peer.state != .nobody ? "" : " (--bind, if the publisher connects instead of binding)"
      return ServiceError(.unavailable, "no message in \(Phrase.number(seconds)) s: \(sentence)\(hint)")
    }
    let remedy =
      peer.state == .gone ? "" : "; does it send at this moment? --seconds 60 waits longer"
    return ServiceError(.no, "no message in \(Phrase.number(seconds)) s: \(sentence), but nothing came\(remedy)")
  }

  /// The samples of runnel's own format, each with its description where one came.
  var runnelStreams: [(signal: TopicFinding, description: StreamDescriptionFinding)] {
    topics.filter { $0.format.isOwn && $0.signal?.elements.isEmpty == false }.map { topic in
      (topic, StreamDescriptionFinding(of: topic, among: topics))
    }
  }
}
