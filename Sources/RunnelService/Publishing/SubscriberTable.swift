import RunnelZeroMQ

/// The prefixes somebody is subscribed to at an XPUB socket, as its messages tell: each begin (verbose), and the end
/// when the last subscriber of a prefix has left.
struct SubscriberTable: Sendable {
  /// How often each was begun since nobody had it.
  private var prefixes: [[UInt8]: Int] = [:]

  mutating func note(_ subscription: Subscription) {
    if subscription.begins {
      prefixes[subscription.prefix, default: 0] += 1
    } else {
      prefixes[subscription.prefix] = nil
    }
  }

  /// Whether somebody receives messages of this topic.
  func covers(_ topic: [UInt8]) -> Bool { prefixes.keys.contains { topic.starts(with: $0) } }

  /// Whether so many receive messages of this topic, and one at least; one that began twice counts twice.
  func covers(_ topic: [UInt8], times: Int) -> Bool {
    prefixes.reduce(0) { topic.starts(with: $1.key) ? $0 + $1.value : $0 } >= max(1, times)
  }
}
