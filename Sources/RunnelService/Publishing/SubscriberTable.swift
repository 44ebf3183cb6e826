import RunnelZeroMQ

/// The prefixes somebody is subscribed to at an XPUB socket, as its messages tell: each begin (verbose), and the end
/// when the last subscriber of a prefix has left.
struct SubscriberTable: Sendable {
  private var prefixes: Set<[UInt8]> = []

  mutating func note(_ subscription: Subscription) {
    if subscription.begins { prefixes.insert(subscription.prefix) } else { prefixes.remove(subscription.prefix) }
  }

  /// Whether somebody receives messages of this topic.
  func covers(_ topic: [UInt8]) -> Bool { prefixes.contains { topic.starts(with: $0) } }
}
