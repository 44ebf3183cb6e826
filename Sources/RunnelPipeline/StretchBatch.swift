import RunnelInference

/// The rows that step together where the plan takes stretches: one for each lane that has frames, and as many steps in a turn
/// as all of them have frames for.
///
///     lane 0   ● ● ● ● │ ● ● ●        4 steps of three rows, then each lane settles its 4 frames;
///     lane 1   ● ● ● ● │               lane 1 leaves the batch, and another takes its place
///     lane 2   ● ● ● ● │ ● ● ● ● ●
///
/// What a lane needs to hand out a frame and to settle it is fetched once for all of them. How many there are is a matter of
/// how streams were cut and of who else steps, and the bits are the same (laws 1 and 2). It allocates nothing.
final class StretchBatch {
  private let network: Network
  /// Rows that fit.
  let capacity: Int
  private(set) var count = 0
  /// Frames that every lane has.
  private var waiting = Int.max
  /// Multiply-adds of a step of one row.
  private let work: Double

  private let sources: UnsafeMutablePointer<UnsafePointer<Float>>  // of each row its lane's frames, (waiting, D)
  private let slots: UnsafeMutablePointer<Slot>
  private let indexes: UnsafeMutablePointer<Int64>  // of each row its frame's, in the step under way
  private let frames: UnsafeMutablePointer<Float>  // (capacity, D)
  private let scores: UnsafeMutablePointer<Float>  // (steps, count, K)
  private let outcomes: UnsafeMutablePointer<StateBank.Outcome>  // (steps, count)

  /// Steps of a turn, at most, as long as a row has this many scores or fewer in all of them.
  private static let mostSteps = 48
  private static let mostScores = 64
  /// What a label may wait for: multiply-adds of a turn, some tens of microseconds, and rows that lanes settle, some tenths of
  /// a millisecond. Beside larger networks, whose turns are single steps, the lanes' own work is small.
  private static let mostWork = 2e6
  private static let mostRows = 4096

  /// Nil where frames have to be stepped one by one.
  init?(_ plan: PipelinePlan, capacity: Int) {
    guard plan.takesStretches else { return nil }
    network = plan.model.network
    self.capacity = capacity
    work = max(1, NetworkFigures(plan.model.description.graph).multiplyAdds)
    sources = .allocate(capacity: capacity)
    slots = .allocate(capacity: capacity)
    indexes = .allocate(capacity: capacity)
    frames = .allocate(capacity: capacity * network.inputs)
    scores = .allocate(capacity: capacity * max(Self.mostScores, network.outputs))
    outcomes = .allocate(capacity: capacity * Self.mostSteps)
  }

  deinit {
    sources.deallocate()
    slots.deallocate()
    indexes.deallocate()
    frames.deallocate()
    scores.deallocate()
    outcomes.deallocate()
  }

  func clear() { (count, waiting) = (0, .max) }

  /// Takes in a lane with frames; false where it has none, and is ready no more.
  func append(_ lane: Lane, _ publish: Publish) -> Bool {
    let stretch = lane.nextStretch(publish)
    guard stretch.count > 0 else {
      lane.isReady = false
      return false
    }
    precondition(count < capacity, "lanes join as long as their rows fit")
    sources[count] = stretch.frames
    (slots + count).initialize(to: lane.states.slots[0])
    indexes[count] = stretch.first
    waiting = min(waiting, stretch.count)
    count += 1
    return true
  }

  /// Steps every row with as many frames as a turn has, up to the first with which one of them fails: what its lane makes of
  /// it comes before its next frame.
  ///
  /// - Returns: steps taken.
  func step(bank: inout StateBank) -> Int {
    guard count > 0 else { return 0 }
    let affordable = min(Int(Self.mostWork / work), Self.mostRows) / count
    let steps = min(waiting, Self.mostSteps, max(1, min(affordable, Self.mostScores / max(1, network.outputs))))
    let inputs = network.inputs
    for step in 0..<steps {
      for row in 0..<count {
        for d in 0..<inputs { frames[row * inputs + d] = sources[row][step * inputs + d] }
      }
      let failed = network.step(
        slots: UnsafeBufferPointer(start: slots, count: count), steps: indexes, frames: frames,
        scores: scores + step * count * network.outputs, bank: &bank)
      if let came = bank.outcomes.baseAddress {
        (outcomes + step * count).update(from: came, count: count)
      }
      for row in 0..<count { indexes[row] += 1 }
      if failed > 0 { return step + 1 }
    }
    return steps
  }

  /// Has a lane settle what came of its row in so many steps.
  func settle(_ lane: Lane, row: Int, steps: Int, _ publish: Publish) {
    lane.settleStretch(of: steps, publish) { step in
      let place = step * count + row
      return (
        outcomes[place], UnsafeBufferPointer(start: scores + place * network.outputs, count: network.outputs)
      )
    }
  }
}
