/// Where in a map a value stands: keys and places, with dots between.
///
///     try FieldPath("norm_pos.0")      // the first item of the list under norm_pos
///     try FieldPath("samples.*.1")     // the second item of every item of samples: a row each
///
/// A component of digits is a place in a list and a key in a map, whichever is met. A dot or `*` that belongs to a key
/// has a backslash before it.
public struct FieldPath: Sendable, Hashable, CustomStringConvertible {
  enum Component: Sendable, Hashable {
    case name([UInt8])
    /// Every item of a list.
    case every
  }

  let components: [Component]
  public let description: String

  /// What is wrong with a path, as the end of a sentence.
  public struct Mistake: Error, Hashable { public var message: String }

  /// Deeper values than these are not read.
  static let depthLimit = 16

  public init(_ text: String) throws(Mistake) {
    description = text
    var components: [Component] = []
    var name: [UInt8] = []
    var hasEscape = false
    var bytes = Array(text.utf8)[...]
    func finished() throws(Mistake) -> Component {
      guard !name.isEmpty else { throw Mistake(message: "has an empty name between its dots") }
      return name == [UInt8(ascii: "*")] && !hasEscape ? .every : .name(name)
    }
    while let byte = bytes.popFirst() {
      switch byte {
      case UInt8(ascii: "\\"):
        guard let next = bytes.popFirst() else {
          throw Mistake(message: "ends with a backslash, which escapes nothing")
        }
        name.append(next)
        hasEscape = true
      case UInt8(ascii: "."):
        components.append(try finished())
        (name, hasEscape) = ([], false)
      default: name.append(byte)
      }
    }
    components.append(try finished())
    guard components.count <= Self.depthLimit else {
      throw Mistake(message: "has more than \(Self.depthLimit) names")
    }
    guard components.count(where: { $0 == .every }) <= 1 else {
      throw Mistake(message: "has more than one '*'; rows lie in one list")
    }
    self.components = components
  }
}
