import RunnelInference

/// The rows that step together now: one frame of each lane that has one. Grows to the largest batch seen, then
/// allocates nothing.
final class Batch {
  private let network: Network
  private var slots: [Slot] = []
  private(set) var steps: [Int64] = []  // grid index of each row
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

  var count: Int { slots.count }

  /// Starts a batch of at most `rows` rows.
  func clear(room rows: Int) {
    slots.removeAll(keepingCapacity: true)
    steps.removeAll(keepingCapacity: true)
    guard rows > capacity else { return }
    capacity = max(rows, 2 * capacity)
    frames.deallocate()
    scores.deallocate()
    frames = .allocate(capacity: capacity * network.inputs)
    scores = .allocate(capacity: capacity * network.outputs)
  }

  /// Where the frame of the row to be appended goes.
  var nextFrame: UnsafeMutablePointer<Float> { frames + slots.count * network.inputs }

  func append(slot: Slot, step: Int64) {
    slots.append(slot)
    steps.append(step)
  }

  /// Steps every row.
  func step(bank: inout StateBank) {
    guard !slots.isEmpty else { return }
    _ = slots.withUnsafeBufferPointer {
      network.step(slots: $0, steps: steps, frames: frames, scores: scores, bank: &bank)
    }
  }

  /// The scores of one row: K values, NaN where its state would have become non-finite.
  func scores(_ row: Int) -> UnsafeBufferPointer<Float> {
    UnsafeBufferPointer(start: scores + row * network.outputs, count: network.outputs)
  }
}
