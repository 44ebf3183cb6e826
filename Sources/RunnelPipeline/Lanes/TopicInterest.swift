/// Which topics somebody has subscribed to: those that begin with one of these prefixes.
///
/// What is kept is bounded, whoever subscribes to what: of more prefixes than `most` the others are only counted, and while
/// there are such every topic is taken for wanted. What nobody wants after all, the socket leaves out.
public struct TopicInterest: Sendable, Equatable {
  private var prefixes: Set<[UInt8]> = []
  /// Of what is not kept at least as many as there are: who subscribes twice is counted twice, and ends once.
  private var others = 0

  /// Prefixes that are kept: the topic of whatever may be sent is compared with each.
  public static let most = 256

  public init() {}

  public init(_ prefixes: some Sequence<[UInt8]>) { for prefix in prefixes { begin(prefix) } }

  public var isEmpty: Bool { prefixes.isEmpty && others == 0 }

  /// Somebody subscribes to a prefix; nobody does any more.
  public mutating func begin(_ prefix: [UInt8]) {
    guard !prefixes.contains(prefix) else { return }
    if prefixes.count < Self.most { prefixes.insert(prefix) } else { others += 1 }
  }

  public mutating func end(_ prefix: [UInt8]) {
    if prefixes.remove(prefix) == nil { others = max(0, others - 1) }
  }

  public mutating func formUnion(_ other: TopicInterest) {
    for prefix in other.prefixes { begin(prefix) }
    others += other.others
  }

  public func covers(_ topic: [UInt8]) -> Bool { others > 0 || prefixes.contains { topic.starts(with: $0) } }
}
