/// The paths of one input as a tree, so that a map is read once, whatever their number: the reader goes down it as it
/// goes down the map, and passes over what is not in it.
struct FieldTree: Sendable {
  /// What a value that is reached means.
  enum Target: Sendable, Hashable {
    case channel(Int)
    case time
    case sequence
    case first

    /// It may be written as text, being whole and long.
    var isWhole: Bool { if case .channel = self { false } else { true } }
  }

  private struct Node: Sendable {
    var name: [UInt8]
    /// The name as a place in a list.
    var place: Int?
    var isEvery: Bool
    var target: Target?
    var children: [Int] = []
  }

  private var nodes = [Node(name: [], place: nil, isEvery: false)]

  static let root = 0

  /// - Throws: where two paths are the same, or one goes through the value of another.
  init(_ paths: [(path: FieldPath, target: Target)]) throws(FieldPath.Mistake) {
    for (path, target) in paths { try insert(path, target, among: paths.map(\.path)) }
  }

  private mutating func insert(_ path: FieldPath, _ target: Target, among paths: [FieldPath]) throws(FieldPath.Mistake)
  {
    var node = Self.root
    for component in path.components {
      if nodes[node].target != nil { throw Self.inside(path) }
      let (name, isEvery): ([UInt8], Bool) =
        switch component {
        case .name(let name): (name, false)
        case .every: ([UInt8(ascii: "*")], true)
        }
      if let known = nodes[node].children.first(where: { nodes[$0].name == name && nodes[$0].isEvery == isEvery }) {
        node = known
      } else {
        let place = isEvery ? nil : Int(String(decoding: name, as: UTF8.self))
        nodes.append(Node(name: name, place: place, isEvery: isEvery))
        nodes[node].children.append(nodes.count - 1)
        node = nodes.count - 1
      }
    }
    guard nodes[node].target == nil else {
      throw FieldPath.Mistake(message: "is '\(path)', which another field has too; give each its own")
    }
    guard nodes[node].children.isEmpty else { throw Self.inside(path) }
    nodes[node].target = target
  }

  private static func inside(_ path: FieldPath) -> FieldPath.Mistake {
    FieldPath.Mistake(message: "is '\(path)', and another field's path goes through the same value")
  }

  func target(_ node: Int) -> Target? { nodes[node].target }

  /// Whether it stands for each item of a list.
  func isEvery(_ node: Int) -> Bool { nodes[node].isEvery }

  /// The node of a member of a map; nil where no path goes there.
  func child(_ node: Int, key: UnsafeRawBufferPointer) -> Int? {
    for index in 0..<nodes[node].children.count {
      let child = nodes[node].children[index]
      if !nodes[child].isEvery, key.equals(nodes[child].name) { return child }
    }
    return nil
  }

  /// The node of an item of a list, by its place or because all are taken.
  func child(_ node: Int, place: Int) -> Int? {
    for index in 0..<nodes[node].children.count {
      let child = nodes[node].children[index]
      if nodes[child].isEvery || nodes[child].place == place { return child }
    }
    return nil
  }
}
