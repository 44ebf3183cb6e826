import RunnelInference

/// The rows that step together now: of each lane that has a frame, one row for every state of it that takes the frame.
/// Made once, for so many rows that what lies between two layers stays in the cache; it allocates nothing.
final class Batch {
  /// One row, and where its lane stands among those that step.
  struct Entry {
    var lane: Int
    /// The frame's index on the grid of the session.
    var frame: Int64
    var row: StepSchedule.Row
  }

  private let network: Network
  /// Rows that fit.
  let capacity: Int
  private(set) var count = 0
  private let entries: UnsafeMutablePointer<Entry>
  private let slots: UnsafeMutablePointer<Slot>
  private let steps: UnsafeMutablePointer<Int64>  // what the network calls the frame of each row
  private let frames: UnsafeMutablePointer<Float>  // (capacity + 1, D)
  private let scores: UnsafeMutablePointer<Float>  // (capacity, K)

  init(network: Network, capacity: Int) {
    self.network = network
    self.capacity = capacity
    entries = .allocate(capacity: capacity)
    slots = .allocate(capacity: capacity)
    steps = .allocate(capacity: capacity)
    frames = .allocate(capacity: (capacity + 1) * network.inputs)
    scores = .allocate(capacity: capacity * network.outputs)
  }

  deinit {
    entries.deallocate()
    slots.deallocate()
    steps.deallocate()
    frames.deallocate()
    scores.deallocate()
  }

  func clear() { count = 0 }

  /// Where the frame of the next lane goes; it becomes that of the rows appended for it. There is room for one more than
  /// there are rows, of a lane without a row.
  var nextFrame: UnsafeMutablePointer<Float> { frames + count * network.inputs }

  /// - Parameter isFirst: whether it is the first row of its lane, whose frame lies at `nextFrame`; the others take the
  ///   frame of the row before.
  func append(_ entry: Entry, slot: Slot, isFirst: Bool) {
    precondition(count < capacity, "lanes join as long as their rows fit")
    if !isFirst { nextFrame.update(from: nextFrame - network.inputs, count: network.inputs) }
    (entries + count).initialize(to: entry)
    (slots + count).initialize(to: slot)
    steps[count] = entry.row.step
    count += 1
  }

  func entry(_ row: Int) -> Entry { entries[row] }

  /// Steps every row.
  func step(bank: inout StateBank) {
    guard count > 0 else { return }
    network.step(
      slots: UnsafeBufferPointer(start: slots, count: count), steps: steps, frames: frames, scores: scores, bank: &bank)
  }

  /// The scores of one row: K values, NaN where it has none.
  func scores(_ row: Int) -> UnsafeBufferPointer<Float> {
    UnsafeBufferPointer(start: scores + row * network.outputs, count: network.outputs)
  }
}
