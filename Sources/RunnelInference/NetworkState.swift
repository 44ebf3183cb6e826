import RunnelCore

/// Everything a network carries for one slot, as a value: what a checkpoint keeps of it.
///
/// Layers in their order; past frames and waiting outputs oldest first, h then c for each level. It does not depend on
/// the kernel set, nor on where in a ring the frames lay. Equal means equal bit for bit. Where on the session's grid it
/// stands is not in it: layers with a stride ask at each step.
public struct NetworkState: Sendable, Equatable {
  public var values: [Float]
  /// Of a layer that skips its first inputs, how many it has had, up to as many as it skips; of outputs that wait,
  /// their indexes, −1 where none does.
  public var counts: [Int64]

  public init(values: [Float], counts: [Int64] = []) {
    self.values = values
    self.counts = counts
  }

  /// Becomes a state of the same network, in its own memory.
  mutating func take(_ other: NetworkState) {
    for k in values.indices { values[k] = other.values[k] }
    for k in counts.indices { counts[k] = other.counts[k] }
  }

  public static func == (a: Self, b: Self) -> Bool {
    a.counts == b.counts && sameBits(a.values, b.values)
  }

  /// Whether this can be a state of that layout.
  func check(_ layout: StateLayout) throws(StateError) {
    guard values.count == layout.valueCount else {
      throw .count(expected: layout.valueCount, found: values.count)
    }
    guard counts.count == layout.countCount else {
      throw .count(expected: layout.countCount, found: counts.count)
    }
    if let index = values.firstIndex(where: { !$0.isFinite }) { throw .nonFinite(index: index) }
    for ring in layout.rings {
      guard let place = ring.countPlace else { continue }
      guard (0...Int64(ring.skip)).contains(counts[place]) else {
        throw .number(name: "\(layout.names[ring.node]).count", found: counts[place], expected: "0 to \(ring.skip)")
      }
    }
    for wait in layout.waits { try check(wait, layout) }
  }

  /// Indexes ascend, and no two have one place.
  private func check(_ wait: StateLayout.Wait, _ layout: StateLayout) throws(StateError) {
    let indexes = counts[wait.countPlace..<wait.countPlace + wait.size]
    var places: Set<Int64> = []
    var before: Int64 = -1
    for index in indexes {
      guard index >= before, index == -1 || places.insert(index % Int64(wait.size)).inserted else {
        throw .number(
          name: "\(layout.names[wait.node]).waiting_\(wait.part)_index", found: index,
          expected: "indexes that ascend, with \(wait.size) different remainders of \(wait.size)")
      }
      before = index
    }
  }
}

/// A stored state that cannot be the state of this network.
public enum StateError: Error, Sendable, Equatable, CustomStringConvertible {
  case count(expected: Int, found: Int)
  case nonFinite(index: Int)
  case number(name: String, found: Int64, expected: String)
  case missing(name: String)
  case unknown(name: String)
  case shape(name: String, expected: [Int], found: [Int])
  case kind(name: String, expected: String)

  public var description: String {
    switch self {
    case .count(let expected, let found):
      "a state of this network has \(expected) values, found \(found): it belongs to another model"
    case .nonFinite(let index): "the state is not finite at value \(index)"
    case .number(let name, let found, let expected): "'\(name)' of the state has \(found), expected \(expected)"
    case .missing(let name): "the state has no array '\(name)': it belongs to another model"
    case .unknown(let name):
      "the state has an array \(Quoted.name(name)) that this network does not: it belongs to another model"
    case .shape(let name, let expected, let found):
      "array '\(name)' of the state has shape \(found), expected \(expected)"
    case .kind(let name, let expected): "array '\(name)' of the state has to be of \(expected)"
    }
  }
}

/// Whether no value is NaN or infinite.
func allFinite(_ x: UnsafePointer<Float>, _ count: Int) -> Bool {
  var worst: UInt32 = 0
  for k in 0..<count { worst = max(worst, x[k].bitPattern & 0x7fff_ffff) }
  return worst < 0x7f80_0000
}

/// Whether two arrays are equal bit for bit: NaN equals itself, and 0 is not −0.
func sameBits(_ a: [Float], _ b: [Float]) -> Bool {
  a.count == b.count && zip(a, b).allSatisfy { $0.bitPattern == $1.bitPattern }
}
