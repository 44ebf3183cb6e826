/// Which topics an input takes: one, or every topic that fits where `*` stands for a whole segment.
///
///     let beds = try TopicPattern("s/*/")
///     beds.matches(part0)          // s/bed7/ yes; s/bed7/x/ and s// no
///     beds.prefix                  // s/, what to subscribe to
///
/// A subscription delivers every topic that begins with its bytes, so a received topic is matched again, byte by byte
/// and without allocating. A pattern need not be of runnel's grammar: array publishers choose their topics freely.
public struct TopicPattern: Sendable, Hashable, CustomStringConvertible {
  public let bytes: [UInt8]
  public let isWildcard: Bool

  /// - Throws: where the text is empty, or `*` is only a part of a segment.
  public init(_ text: String) throws(TopicError) {
    let bytes = Array(text.utf8)
    guard !bytes.isEmpty else { throw TopicError(0, "a topic of at least one character") }
    var isWildcard = false
    for (index, byte) in bytes.enumerated() where byte == Self.star {
      let alone =
        (index == 0 || bytes[index - 1] == Topic.slash)
        && (index + 1 == bytes.count || bytes[index + 1] == Topic.slash)
      guard alone else { throw TopicError(index, "'*' alone between slashes, where it stands for a whole name") }
      isWildcard = true
    }
    self.bytes = bytes
    self.isWildcard = isWildcard
  }

  /// As `init(_:)`, and the pattern must be one of runnel's topics of this kind, with names or `*`.
  public init(_ text: String, kind: Topic.Kind) throws(TopicError) {
    try self.init(text)
    let found = try bytes.withUnsafeBufferPointer { (buffer: UnsafeBufferPointer<UInt8>) throws(TopicError) in
      try Topic.check(UnsafeRawBufferPointer(buffer))
    }
    guard found == kind else {
      throw TopicError(0, "a topic of \(kind), which begins with \(Character(Unicode.Scalar(kind.rawValue)))/")
    }
  }

  public var description: String { String(decoding: bytes, as: UTF8.self) }

  /// What to subscribe to: everything before the first `*`.
  public var prefix: [UInt8] { Array(bytes.prefix { $0 != Self.star || !isWildcard }) }

  /// The pattern of the same streams' other topics: `s/*/` with `.description` is `m/*/`. Only for patterns of
  /// runnel's kinds with one name.
  public func with(_ kind: Topic.Kind) -> TopicPattern {
    precondition(bytes.count > 2 && bytes[1] == Topic.slash && kind.nameCount == 1, "a pattern of one stream name")
    return TopicPattern(bytes: [kind.rawValue] + bytes.dropFirst(), isWildcard: isWildcard)
  }

  public func matches(_ topic: UnsafeRawBufferPointer) -> Bool {
    bytes.withUnsafeBufferPointer { pattern in
      var at = 0
      var index = 0
      while index < pattern.count {
        if isWildcard, pattern[index] == Self.star {
          let start = at
          while at < topic.count, topic[at] != Topic.slash { at += 1 }
          guard at > start else { return false }
        } else {
          guard at < topic.count, topic[at] == pattern[index] else { return false }
          at += 1
        }
        index += 1
      }
      return at == topic.count
    }
  }

  private init(bytes: [UInt8], isWildcard: Bool) {
    self.bytes = bytes
    self.isWildcard = isWildcard
  }

  private static let star = UInt8(ascii: "*")
}
