/// Which topics somebody has subscribed to: those that begin with one of these prefixes.
public struct TopicInterest: Sendable, Equatable {
  private var prefixes: Set<[UInt8]> = []

  public init() {}

  public init(_ prefixes: some Sequence<[UInt8]>) { self.prefixes = Set(prefixes) }

  public var isEmpty: Bool { prefixes.isEmpty }

  /// Somebody subscribes to a prefix; nobody does any more.
  public mutating func begin(_ prefix: [UInt8]) { prefixes.insert(prefix) }
  public mutating func end(_ prefix: [UInt8]) { prefixes.remove(prefix) }

  public mutating func formUnion(_ other: TopicInterest) { prefixes.formUnion(other.prefixes) }

  public func covers(_ topic: [UInt8]) -> Bool { prefixes.contains { topic.starts(with: $0) } }
}
