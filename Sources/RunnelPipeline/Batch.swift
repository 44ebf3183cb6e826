import RunnelInference

/// The rows that step together now: of each lane that has a frame, one row for every state of it that takes the frame.
/// Grows to the largest batch seen, then allocates nothing.
final class Batch {
  /// One row, and where its lane stands among those that are ready.
  struct Entry {
    var lane: Int
    /// The frame's index on the grid of the session.
    var frame: Int64
    var row: StepSchedule.Row
  }

  private let network: Network
  private(set) var entries: [Entry] = []
  private var slots: [Slot] = []
  private var steps: [Int64] = []  // what the network calls the frame of each row
  private var capacity = 0
  private var frames: UnsafeMutablePointer<Float>  // (capacity, D)
  private var scores: UnsafeMutablePointer<Float>  // (capacity, K)

  init(network: Network) {
    self.network = network
    frames = .allocate(capacity: 0)
    scores = .allocate(capacity: 0)
  }

  deinit {
    frames.deallocate()
    scores.deallocate()
  }

  var count: Int { entries.count }

  /// Starts a batch of at most `rows` rows; there is room for one more frame, of a lane without a row.
  func clear(room rows: Int) {
    entries.removeAll(keepingCapacity: true)
    slots.removeAll(keepingCapacity: true)
    steps.removeAll(keepingCapacity: true)
    guard rows + 1 > capacity else { return }
    capacity = max(rows + 1, 2 * capacity)
    entries.reserveCapacity(capacity)
    slots.reserveCapacity(capacity)
    steps.reserveCapacity(capacity)
    frames.deallocate()
    scores.deallocate()
    frames = .allocate(capacity: capacity * network.inputs)
    scores = .allocate(capacity: capacity * network.outputs)
  }

  /// Where the frame of the next lane goes; it becomes that of the rows appended for it.
  var nextFrame: UnsafeMutablePointer<Float> { frames + entries.count * network.inputs }

  /// - Parameter isFirst: whether it is the first row of its lane, whose frame lies at `nextFrame`; the others take the
  ///   frame of the row before.
  func append(_ entry: Entry, slot: Slot, isFirst: Bool) {
    if !isFirst { nextFrame.update(from: nextFrame - network.inputs, count: network.inputs) }
    entries.append(entry)
    slots.append(slot)
    steps.append(entry.row.step)
  }

  /// Steps every row.
  func step(bank: inout StateBank?) {
    guard !slots.isEmpty, bank != nil else { return }
    _ = slots.withUnsafeBufferPointer {
      network.step(slots: $0, steps: steps, frames: frames, scores: scores, bank: &bank!)
    }
  }

  /// The scores of one row: K values, NaN where it has none.
  func scores(_ row: Int) -> UnsafeBufferPointer<Float> {
    UnsafeBufferPointer(start: scores + row * network.outputs, count: network.outputs)
  }
}
