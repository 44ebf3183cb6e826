/// A topic that is not one of runnel's, or a name that no topic can carry: where, and what was expected there.
public struct TopicError: Error, Sendable, Equatable, CustomStringConvertible {
  public var byteOffset: Int
  public var expected: String

  public init(_ byteOffset: Int, _ expected: String) {
    self.byteOffset = byteOffset
    self.expected = expected
  }

  public var description: String { "byte \(byteOffset): expected \(expected)" }
}
