/// A part of a `NetworkState` under the name that other frameworks give it: `lstm.h_l0`, `conv.ring`.
public struct StateArray: Sendable, Equatable {
  public enum Numbers: Sendable, Equatable {
    case floats([Float])
    case integers([Int64])
  }

  public var name: String
  public var shape: [Int]
  /// Row-major.
  public var numbers: Numbers

  public init(name: String, shape: [Int], numbers: Numbers) {
    self.name = name
    self.shape = shape
    self.numbers = numbers
  }

  public init(name: String, shape: [Int], floats: [Float]) {
    self.init(name: name, shape: shape, numbers: .floats(floats))
  }

  public init(name: String, shape: [Int], integers: [Int64]) {
    self.init(name: name, shape: shape, numbers: .integers(integers))
  }
}

extension StateLayout {
  /// Where the arrays of a state lie in it.
  private struct Entry {
    var name: String
    var shape: [Int]
    var place: Int
    var isCount: Bool

    var count: Int { shape.reduce(1, *) }
  }

  /// Layer by layer, in their order.
  ///
  ///     conv.ring (past, width) oldest first; conv.count () where it skips inputs
  ///     lstm.h_l0 (H or P), lstm.c_l0 (H)
  ///     add.waiting_0 (n, width) oldest first, add.waiting_0_index (n)
  private var entries: [Entry] {
    var entries: [Entry] = []
    for ring in rings {
      entries.append(
        Entry(name: "\(names[ring.node]).ring", shape: [ring.past, ring.width], place: ring.place, isCount: false))
      if let place = ring.countPlace {
        entries.append(Entry(name: "\(names[ring.node]).count", shape: [], place: place, isCount: true))
      }
    }
    for cell in cells {
      let name = "\(names[cell.node]).h_l\(cell.depth)"
      entries.append(Entry(name: name, shape: [cell.width], place: cell.place, isCount: false))
      guard cell.cells > 0 else { continue }
      entries.append(
        Entry(
          name: "\(names[cell.node]).c_l\(cell.depth)", shape: [cell.cells], place: cell.place + cell.width,
          isCount: false))
    }
    for wait in waits {
      let name = "\(names[wait.node]).waiting_\(wait.part)"
      entries.append(Entry(name: name, shape: [wait.size, wait.width], place: wait.place, isCount: false))
      entries.append(Entry(name: "\(name)_index", shape: [wait.size], place: wait.countPlace, isCount: true))
    }
    return entries
  }

  fileprivate func arrays(of state: NetworkState) -> [StateArray] {
    entries.map { entry in
      let range = entry.place..<entry.place + entry.count
      return entry.isCount
        ? StateArray(name: entry.name, shape: entry.shape, integers: Array(state.counts[range]))
        : StateArray(name: entry.name, shape: entry.shape, floats: Array(state.values[range]))
    }
  }

  fileprivate func state(of arrays: [StateArray]) throws(StateError) -> NetworkState {
    var state = NetworkState(
      values: [Float](repeating: 0, count: valueCount), counts: [Int64](repeating: 0, count: countCount))
    let entries = entries
    if let strange = arrays.first(where: { array in !entries.contains { $0.name == array.name } }) {
      throw .unknown(name: strange.name)
    }
    for entry in entries {
      guard let array = arrays.first(where: { $0.name == entry.name }) else { throw .missing(name: entry.name) }
      guard array.shape == entry.shape else {
        throw .shape(name: entry.name, expected: entry.shape, found: array.shape)
      }
      let range = entry.place..<entry.place + entry.count
      switch (array.numbers, entry.isCount) {
      case (.floats(let floats), false) where floats.count == entry.count:
        state.values.replaceSubrange(range, with: floats)
      case (.integers(let integers), true) where integers.count == entry.count:
        state.counts.replaceSubrange(range, with: integers)
      default: throw .kind(name: entry.name, expected: entry.isCount ? "integers" : "floats")
      }
    }
    try state.check(self)
    return state
  }
}

extension NetworkState {
  /// Its parts by name, layer by layer.
  public func named(_ layout: StateLayout) -> [StateArray] { layout.arrays(of: self) }

  /// The inverse of `named`, the arrays in any order.
  public init(named arrays: [StateArray], layout: StateLayout) throws(StateError) {
    self = try layout.state(of: arrays)
  }
}
