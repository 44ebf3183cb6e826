import RunnelKernels
import Synchronization

/// A place in a bank, and the life of it that was opened. A slot that was closed never answers again: its number may be
/// given away anew, its generation never, not even in another bank of this process.
public struct Slot: Sendable, Hashable {
  let index: Int32
  let generation: UInt64
}

/// The carried states of many lanes of one network: one buffer per layer, a row per slot.
///
/// Each slot has two rows of h and c and a spare frame in its rings. A step reads one row and writes the other; the
/// slot turns over to it only when the whole step gave finite numbers. So a step that fails leaves the old state, and
/// nothing is copied. `open` may allocate; stepping never does. Using a slot that is not open, closing one twice, or
/// naming one twice in a batch is a bug of the caller and stops the program.
public struct StateBank: ~Copyable, Sendable {
  let layout: StateLayout
  private let widest: Int

  /// Slots there is room for; doubled when more are opened.
  public private(set) var capacity: Int
  public private(set) var openCount = 0
  private var free: [Int32] = []
  /// 0 where closed.
  private var generations: FixedBuffer<UInt64>

  /// Per ring (capacity, past + 1, width).
  private(set) var rings: [FixedBuffer<Float>] = []
  /// Per cell (2 · capacity, stride); slot s owns rows 2s and 2s + 1.
  private(set) var h: [FixedBuffer<Float>] = []
  private(set) var c: [FixedBuffer<Float>] = []
  /// Which of its two rows a slot's state is in.
  private var turn: FixedBuffer<Int32>
  /// Place of the coming frame (capacity, rings).
  private var coming: FixedBuffer<Int32>

  // Of the batch under way, one element per row.
  private(set) var slotOfRow: FixedBuffer<Int32>
  private(set) var from: FixedBuffer<Int32>
  private(set) var to: FixedBuffer<Int32>
  /// Per ring (rings, capacity).
  private(set) var at: FixedBuffer<Int32>
  private(set) var left: FixedBuffer<Float>
  private(set) var right: FixedBuffer<Float>
  private var failures: FixedBuffer<Bool>
  /// The batch in which a slot was last seen.
  private var seen: FixedBuffer<UInt64>
  private var batch: UInt64 = 0
  private var rows = 0

  /// Room for `capacity` slots of this network, all closed.
  public init(for network: Network, capacity: Int = 8) {
    precondition(capacity > 0, "a bank has room for one slot at least")
    layout = network.layout
    widest = network.widest
    self.capacity = capacity
    for ring in layout.rings { rings.append(FixedBuffer(count: capacity * (ring.past + 1) * ring.width, zero: 0)) }
    for cell in layout.cells {
      h.append(FixedBuffer(count: 2 * capacity * cell.stride, zero: 0))
      c.append(FixedBuffer(count: 2 * capacity * cell.stride, zero: 0))
    }
    generations = FixedBuffer(count: capacity, zero: 0)
    turn = FixedBuffer(count: capacity, zero: 0)
    coming = FixedBuffer(count: capacity * layout.rings.count, zero: 0)
    slotOfRow = FixedBuffer(count: capacity, zero: 0)
    from = FixedBuffer(count: capacity, zero: 0)
    to = FixedBuffer(count: capacity, zero: 0)
    at = FixedBuffer(count: capacity * layout.rings.count, zero: 0)
    left = FixedBuffer(count: capacity * widest, zero: 0)
    right = FixedBuffer(count: capacity * widest, zero: 0)
    failures = FixedBuffer(count: capacity, zero: false)
    seen = FixedBuffer(count: capacity, zero: 0)
    free = (0..<Int32(capacity)).reversed()
  }

  // MARK: the life of a slot

  /// A slot of its own in the initial state: all zeros.
  public mutating func open() -> Slot {
    if free.isEmpty { grow() }
    let slot = Slot(index: free.removeLast(), generation: Self.nextGeneration())
    generations.base[Int(slot.index)] = slot.generation
    openCount += 1
    reset(slot)
    return slot
  }

  public mutating func close(_ slot: Slot) {
    let index = checked(slot)
    generations.base[index] = 0
    free.append(slot.index)
    openCount -= 1
  }

  public func isOpen(_ slot: Slot) -> Bool {
    Int(slot.index) < capacity && generations.base[Int(slot.index)] == slot.generation
  }

  /// Back to the initial state: all zeros.
  public mutating func reset(_ slot: Slot) {
    let index = checked(slot)
    for (ring, buffer) in zip(layout.rings, rings) {
      let size = (ring.past + 1) * ring.width
      (buffer.base + index * size).update(repeating: 0, count: size)
    }
    for (k, cell) in layout.cells.enumerated() {
      (h[k].base + 2 * index * cell.stride).update(repeating: 0, count: 2 * cell.stride)
      (c[k].base + 2 * index * cell.stride).update(repeating: 0, count: 2 * cell.stride)
    }
    turn.base[index] = 0
    for ring in layout.rings.indices { coming.base[index * layout.rings.count + ring] = 0 }
  }

  public func snapshot(_ slot: Slot) -> NetworkState {
    let index = checked(slot)
    var values = [Float](repeating: 0, count: layout.count)
    for (number, ring) in layout.rings.enumerated() {
      let size = ring.past + 1
      let frames = rings[number].base + index * size * ring.width
      // The place of the coming frame holds the one that no tap needs; the oldest that is needed follows it.
      let next = Int(coming.base[index * layout.rings.count + number])
      for age in 0..<ring.past {
        for k in 0..<ring.width {
          values[ring.place + age * ring.width + k] = frames[(next + 1 + age) % size * ring.width + k]
        }
      }
    }
    for (number, cell) in layout.cells.enumerated() {
      let row = (2 * index + Int(turn.base[index])) * cell.stride
      for unit in 0..<cell.hidden {
        values[cell.place + unit] = h[number].base[row + unit]
        values[cell.place + cell.hidden + unit] = c[number].base[row + unit]
      }
    }
    return NetworkState(values: values)
  }

  /// The inverse of `snapshot`. On an error the slot keeps its state.
  public mutating func restore(_ state: NetworkState, into slot: Slot) throws(StateError) {
    guard state.values.count == layout.count else {
      throw .count(expected: layout.count, found: state.values.count)
    }
    if let index = state.values.firstIndex(where: { !$0.isFinite }) { throw .nonFinite(index: index) }
    reset(slot)
    let index = Int(slot.index)
    for (number, ring) in layout.rings.enumerated() {
      let frames = rings[number].base + index * (ring.past + 1) * ring.width
      for k in 0..<ring.past * ring.width { frames[ring.width + k] = state.values[ring.place + k] }
    }
    for (number, cell) in layout.cells.enumerated() {
      let row = 2 * index * cell.stride
      for unit in 0..<cell.hidden {
        h[number].base[row + unit] = state.values[cell.place + unit]
        c[number].base[row + unit] = state.values[cell.place + cell.hidden + unit]
      }
    }
  }

  // MARK: a batch

  /// Whether row `row` of the last batch gave something that is not finite; its slot has kept its old state.
  public func failed(row: Int) -> Bool {
    precondition(row >= 0 && row < rows, "a row of the last batch")
    return failures.base[row]
  }

  /// What a row of a batch came to.
  public enum Outcome: Sendable, Equatable {
    /// The frame went in, and this one brings no output: a layer with a stride, or one that waits for more.
    case none
    case scores
    /// Something was not finite; the slot keeps its old state.
    case failed
  }

  public func outcome(row: Int) -> Outcome { failed(row: row) ? .failed : .scores }

  /// Says where each row's old state is and where its new state goes.
  mutating func gather(_ slots: UnsafeBufferPointer<Slot>) {
    precondition(slots.count <= capacity, "a slot is in a batch once")
    batch += 1
    rows = slots.count
    for row in 0..<rows {
      let index = checked(slots[row])
      precondition(seen.base[index] != batch, "a slot is in a batch once")
      seen.base[index] = batch
      let current = turn.base[index]
      slotOfRow.base[row] = Int32(index)
      from.base[row] = 2 * Int32(index) + current
      to.base[row] = 2 * Int32(index) + 1 - current
      for ring in 0..<layout.rings.count {
        at.base[ring * capacity + row] = coming.base[index * layout.rings.count + ring]
      }
    }
  }

  /// The row's slot turns over to its new state if that is finite and `sound`; if not, it keeps the old one.
  mutating func settle(row: Int, sound: Bool) -> Bool {
    let good = sound && newStateIsFinite(row)
    failures.base[row] = !good
    guard good else { return false }
    let index = Int(slotOfRow.base[row])
    turn.base[index] = 1 - turn.base[index]
    for ring in 0..<layout.rings.count {
      let place = index * layout.rings.count + ring
      let next = coming.base[place] + 1
      coming.base[place] = next > layout.rings[ring].past ? 0 : next
    }
    return true
  }

  private func newStateIsFinite(_ row: Int) -> Bool {
    for number in 0..<layout.cells.count {
      let cell = layout.cells[number]
      let place = Int(to.base[row]) * cell.stride
      guard allFinite(h[number].base + place, cell.hidden), allFinite(c[number].base + place, cell.hidden) else {
        return false
      }
    }
    return true
  }

  private func checked(_ slot: Slot) -> Int {
    precondition(isOpen(slot), "the slot is closed, or belongs to another bank")
    return Int(slot.index)
  }

  private mutating func grow() {
    let old = capacity
    capacity *= 2
    for (number, ring) in layout.rings.enumerated() {
      rings[number] = rings[number].grown(to: capacity * (ring.past + 1) * ring.width, zero: 0)
    }
    for (number, cell) in layout.cells.enumerated() {
      h[number] = h[number].grown(to: 2 * capacity * cell.stride, zero: 0)
      c[number] = c[number].grown(to: 2 * capacity * cell.stride, zero: 0)
    }
    generations = generations.grown(to: capacity, zero: 0)
    turn = turn.grown(to: capacity, zero: 0)
    coming = coming.grown(to: capacity * layout.rings.count, zero: 0)
    slotOfRow = FixedBuffer(count: capacity, zero: 0)
    from = FixedBuffer(count: capacity, zero: 0)
    to = FixedBuffer(count: capacity, zero: 0)
    at = FixedBuffer(count: capacity * layout.rings.count, zero: 0)
    left = FixedBuffer(count: capacity * widest, zero: 0)
    right = FixedBuffer(count: capacity * widest, zero: 0)
    failures = failures.grown(to: capacity, zero: false)
    seen = seen.grown(to: capacity, zero: 0)
    free = (Int32(old)..<Int32(capacity)).reversed()
  }

  private static func nextGeneration() -> UInt64 { generation.add(1, ordering: .relaxed).newValue }
  private static let generation = Atomic<UInt64>(0)
}

/// Whether no value is NaN or infinite.
func allFinite(_ x: UnsafePointer<Float>, _ count: Int) -> Bool {
  var worst: UInt32 = 0
  for k in 0..<count { worst = max(worst, x[k].bitPattern & 0x7fff_ffff) }
  return worst < 0x7f80_0000
}
