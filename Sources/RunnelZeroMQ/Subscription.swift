import RunnelCore

/// What an XPUB socket receives: somebody subscribed to topics that begin with `prefix`, or no longer does.
///
/// One part: a byte 1 or 0, then the prefix. With the option `verbose` every subscription arrives, not only the first
/// of its kind; an end arrives when the last subscriber of a prefix has left.
public struct Subscription: Sendable, Hashable {
  public let begins: Bool
  public let prefix: [UInt8]

  public init(begins: Bool, prefix: String) {
    self.begins = begins
    self.prefix = Array(prefix.utf8)
  }

  public init?(_ message: MessageParts) {
    guard message.count == 1, let first = message[0].first, first <= 1 else { return nil }
    begins = first == 1
    prefix = Array(message[0].dropFirst())
  }

  /// Whether messages of this topic go to the subscriber.
  public func covers(_ topic: some Sequence<UInt8>) -> Bool { topic.starts(with: prefix) }

  public var text: String { String(decoding: prefix, as: UTF8.self) }
}
