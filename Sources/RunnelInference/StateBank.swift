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
/// Each slot has two rows of h and c, and a spare frame in its rings. A step reads one row and writes the other; the
/// slot turns over to it, layer by layer that stepped, only when the whole step gave finite numbers. So a step that
/// fails leaves the old state, and nothing is copied. `open` may allocate; stepping never does. Using a slot that is
/// not open, closing one twice, or naming one twice in a batch is a bug of the caller and stops the program.
public struct StateBank: ~Copyable, Sendable {
  let plan: StepPlan
  let layout: StateLayout
  let initial: NetworkState

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
  /// Per wait (capacity, size, width); output m of a branch lies at place m mod size.
  private(set) var waiting: [FixedBuffer<Float>] = []
  /// Per wait (capacity, size): the indexes of what waits, −1 for none.
  private(set) var waitingIndexes: [FixedBuffer<Int64>] = []
  /// Which of its two rows a slot's state is in (capacity, lists): layers of other lists step at other frames.
  private(set) var turn: FixedBuffer<Int32>
  /// Place of the coming frame (capacity, rings).
  private(set) var coming: FixedBuffer<Int32>
  /// Frames since the reset, up to those that the layer skips (capacity, rings).
  private(set) var counted: FixedBuffer<Int32>

  /// The batch under way.
  var batch: BatchRows
  /// Rows of the largest batch; nil where it grows with the slots.
  private let batchLimit: Int?
  /// Per slot: the batch in which it was last seen.
  private(set) var seen: FixedBuffer<UInt64>

  /// Room for `capacity` slots of this network, all closed.
  /// - Parameter rows: of the largest batch; nil for as many as there are slots.
  public init(for network: Network, capacity: Int = 8, rows: Int? = nil) {
    precondition(capacity > 0 && rows ?? 1 > 0, "a bank has room for one slot at least")
    guard let plan = network.plan else { preconditionFailure("a network that needs whole windows has no bank") }
    self.plan = plan
    layout = plan.layout
    initial = network.initialState
    self.capacity = capacity
    generations = FixedBuffer(count: capacity, zero: 0)
    turn = FixedBuffer(count: capacity * plan.layout.lists.count, zero: 0)
    coming = FixedBuffer(count: capacity * plan.layout.rings.count, zero: 0)
    counted = FixedBuffer(count: capacity * plan.layout.rings.count, zero: 0)
    batchLimit = rows
    batch = BatchRows(plan, capacity: rows ?? capacity)
    seen = FixedBuffer(count: capacity, zero: 0)
    for ring in layout.rings { rings.append(FixedBuffer(count: capacity * ring.floats, zero: 0)) }
    for cell in layout.cells {
      h.append(FixedBuffer(count: 2 * capacity * cell.hStride, zero: 0))
      c.append(FixedBuffer(count: 2 * capacity * cell.cStride, zero: 0))
    }
    for wait in layout.waits {
      waiting.append(FixedBuffer(count: capacity * wait.size * wait.width, zero: 0))
      waitingIndexes.append(FixedBuffer(count: capacity * wait.size, zero: -1))
    }
    free = (0..<Int32(capacity)).reversed()
  }

  // MARK: the life of a slot

  /// A slot of its own in the initial state.
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

  /// Back to the initial state: zeros, or what the network learned to begin with.
  public mutating func reset(_ slot: Slot) { put(initial, into: checked(slot)) }

  func checked(_ slot: Slot) -> Int {
    precondition(isOpen(slot), "the slot is closed, or belongs to another bank")
    return Int(slot.index)
  }

  private mutating func grow() {
    let old = capacity
    capacity *= 2
    for (number, ring) in layout.rings.enumerated() {
      rings[number] = rings[number].grown(to: capacity * ring.floats, zero: 0)
    }
    for (number, cell) in layout.cells.enumerated() {
      h[number] = h[number].grown(to: 2 * capacity * cell.hStride, zero: 0)
      c[number] = c[number].grown(to: 2 * capacity * cell.cStride, zero: 0)
    }
    for (number, wait) in layout.waits.enumerated() {
      waiting[number] = waiting[number].grown(to: capacity * wait.size * wait.width, zero: 0)
      waitingIndexes[number] = waitingIndexes[number].grown(to: capacity * wait.size, zero: -1)
    }
    generations = generations.grown(to: capacity, zero: 0)
    turn = turn.grown(to: capacity * layout.lists.count, zero: 0)
    coming = coming.grown(to: capacity * layout.rings.count, zero: 0)
    counted = counted.grown(to: capacity * layout.rings.count, zero: 0)
    seen = seen.grown(to: capacity, zero: 0)
    if batchLimit == nil { batch.grow(plan, capacity: capacity) }
    free = (Int32(old)..<Int32(capacity)).reversed()
  }

  private static func nextGeneration() -> UInt64 { generation.add(1, ordering: .relaxed).newValue }
  private static let generation = Atomic<UInt64>(0)
}

extension StateLayout.Ring {
  /// Frames that a slot has room for, the coming one included.
  var size: Int { past + 1 }
  var floats: Int { size * width }
}
