import RunnelCore

/// Frames of one lane that are conditioned and wait for their step, with the turns between them: what happened to
/// the stream takes effect in the network exactly between the frames it happened between.
struct FrameQueue {
  /// What comes between two frames.
  enum Turn: Equatable {
    /// A hole that ended; h and c were kept unless it had grown so long that a reset came before.
    case gap(Range<Int64>, GapReason, wasReset: Bool)
    case reset(Range<Int64>, ResetReason)
    case end(at: Int64)
    /// Another session took over; nobody told of an end.
    case left(at: Int64)
    /// Rows that are missing or made up; told before the frames that follow them, so that a label knows of exactly
    /// those up to its own step, however many came in one message.
    case missing(Range<Int64>, Quality)
  }

  let features: Int  // D
  /// Frames that fit; whoever pushes more has forgotten to step.
  let capacity: Int

  private var frames: [Float]  // (capacity, D)
  private var steps: [Int64]  // grid index of each frame
  private var head = 0
  private var tail = 0
  private var turns: [(before: Int, turn: Turn)] = []
  private var nextTurn = 0
  var isEmpty: Bool { head == tail && nextTurn == turns.count }
  var count: Int { tail - head }
  var room: Int { capacity - tail }

  init(features: Int, capacity: Int) {
    self.features = features
    self.capacity = capacity
    frames = Array(repeating: 0, count: features * capacity)
    steps = Array(repeating: 0, count: capacity)
    turns.reserveCapacity(16)
  }

  /// Lets `write` fill in up to `limit` frames, each of D values, and return their grid indexes.
  mutating func push(upTo limit: Int, _ write: (UnsafeMutablePointer<Float>) -> Range<Int64>) {
    precondition(limit <= room, "frames are stepped before more are pushed")
    let range = frames.withUnsafeMutableBufferPointer { all -> Range<Int64> in
      guard let base = all.baseAddress else { return 0..<0 }
      return write(base + tail * features)
    }
    for step in range {
      steps[tail] = step
      tail += 1
    }
  }

  mutating func push(_ turn: Turn) {
    if case .missing(let rows, let quality) = turn, nextTurn < turns.count, let last = turns.last, last.before == tail,
      case .missing(let known, quality) = last.turn, known.upperBound == rows.lowerBound
    {
      turns[turns.count - 1].turn = .missing(known.lowerBound..<rows.upperBound, quality)
    } else {
      turns.append((tail, turn))
    }
  }

  /// The turn that comes before the next frame, if one does.
  mutating func takeTurn() -> Turn? {
    guard nextTurn < turns.count, turns[nextTurn].before == head else { return nil }
    let next = turns[nextTurn]
    nextTurn += 1
    rewind()
    return next.turn
  }

  /// The next frame's grid index, its values copied to `frame`.
  mutating func takeFrame(into frame: UnsafeMutablePointer<Float>) -> Int64? {
    guard head < tail else { return nil }
    for d in 0..<features { frame[d] = frames[head * features + d] }
    head += 1
    defer { rewind() }
    return steps[head - 1]
  }

  private mutating func rewind() {
    guard isEmpty else { return }
    turns.removeAll(keepingCapacity: true)
    nextTurn = 0
    head = 0
    tail = 0
  }
}
