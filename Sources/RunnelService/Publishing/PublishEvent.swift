import RunnelCore

/// What a publisher tells while it works; a command makes sentences of it.
public enum PublishEvent: Sendable, Hashable {
  /// Who is waited for has not subscribed for a second: so many of so many are connected.
  case waiting(topic: String, connected: Int, of: Int)
  /// A session begins: its subscriber is there.
  case began(epoch: UInt64)
  /// A subscriber has taken nothing for so many seconds, and everything waits for it.
  case stalled(peer: String, seconds: Double)
  /// It takes again.
  case resumed(afterSeconds: Double)
  /// A connection ended.
  case left(peer: String)
  /// At the end a subscriber did not take what the kernel still holds for it, which may be lost.
  case undelivered(peer: String, bytes: Int)
  /// The end of the session could not be said: a subscriber's queue stayed full.
  case endUnsaid

  /// The sentence for the operator.
  public var sentence: String {
    switch self {
    case .waiting(let topic, let connected, let count):
      count > 1
        ? "waiting for \(count) subscribers of \(topic); \(connected) connected"
        : "waiting for a subscriber of \(topic)"
    case .began(let epoch): "began, epoch \(epoch)"
    case .stalled(let peer, let seconds):
      "waiting for subscriber \(peer), which has read nothing for \(Phrase.number(seconds.rounded())) s"
    case .resumed(let seconds): "going on after \(Phrase.number((seconds * 10).rounded() / 10)) s"
    case .left(let peer): "subscriber \(peer) has left"
    case .undelivered(let peer, let bytes):
      "subscriber \(peer) has not read everything: at least \(bytes) bytes still wait for it"
    case .endUnsaid: "the end could not be sent, because a subscriber's queue is full"
    }
  }
}
