import RunnelCore

/// Frames of one lane that are conditioned and wait for their step, with the turns between them: what happened to
/// the stream takes effect in the network exactly between the frames it happened between.
///
/// Frames come in runs whose grid indexes follow each other, so that only the beginning of a run is kept, and the place
/// of the next turn or run is one number: a frame is taken with one comparison.
struct FrameQueue: ~Copyable {
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

  private let frames: UnsafeMutablePointer<Float>  // (capacity, D)
  private var head = 0
  private var tail = 0
  /// The grid index of the frame at `head`, and of the one that would continue the run at `tail`.
  private var headStep: Int64 = 0
  private var tailStep: Int64 = 0
  /// Runs that begin behind `head` with another index than the frame before them goes on to.
  private var runs: [(place: Int, step: Int64)] = []
  private var nextRun = 0
  private var turns: [(before: Int, turn: Turn)] = []
  private var nextTurn = 0
  /// Up to here frames are taken without a look at turns and runs.
  private var clear = 0

  var isEmpty: Bool { head == tail && nextTurn == turns.count }
  var count: Int { tail - head }
  var room: Int { capacity - tail }

  init(features: Int, capacity: Int) {
    self.features = features
    self.capacity = capacity
    frames = .allocate(capacity: features * capacity)
  }

  deinit { frames.deallocate() }

  /// Lets `write` fill in up to `limit` frames, each of D values, and return their grid indexes.
  mutating func push(upTo limit: Int, _ write: (UnsafeMutablePointer<Float>) -> Range<Int64>) {
    precondition(limit <= room, "frames are stepped before more are pushed")
    let range = write(frames + tail * features)
    guard !range.isEmpty else { return }
    if head == tail, nextTurn == turns.count {
      headStep = range.lowerBound
    } else if range.lowerBound != tailStep || head == tail {
      runs.append((tail, range.lowerBound))
    }
    tail += range.count
    tailStep = range.upperBound
    findClear()
  }

  mutating func push(_ turn: Turn) {
    if case .missing(let rows, let quality) = turn, nextTurn < turns.count, let last = turns.last, last.before == tail,
      case .missing(let known, quality) = last.turn, known.upperBound == rows.lowerBound
    {
      turns[turns.count - 1].turn = .missing(known.lowerBound..<rows.upperBound, quality)
    } else {
      turns.append((tail, turn))
      findClear()
    }
  }

  /// The turn that comes before the next frame, if one does.
  mutating func takeTurn() -> Turn? {
    guard head == clear, nextTurn < turns.count, turns[nextTurn].before == head else { return nil }
    let next = turns[nextTurn]
    nextTurn += 1
    advance()
    return next.turn
  }

  /// The next frame's grid index, its values copied to `frame`; the turns before it have been taken.
  mutating func takeFrame(into frame: UnsafeMutablePointer<Float>) -> Int64? {
    guard head < tail else { return nil }
    let values = frames + head * features
    for d in 0..<features { frame[d] = values[d] }
    let step = headStep
    head += 1
    headStep += 1
    if head >= clear { advance() }
    return step
  }

  /// Takes so many frames of the `stretch`, without a look at their values.
  mutating func take(_ count: Int) {
    precondition(count <= clear - head, "a stretch ends at the next turn")
    head += count
    headStep += Int64(count)
    if count > 0, head == clear { advance() }
  }

  /// The frames at the head that follow each other with no turn between them, and the index of the first. They stay until
  /// they are taken.
  var stretch: (frames: UnsafePointer<Float>, first: Int64, count: Int) {
    (UnsafePointer(frames) + head * features, headStep, clear - head)
  }

  /// Goes over to the run that begins here, and finds where the next turn or run is.
  private mutating func advance() {
    guard !isEmpty else { return rewind() }
    while nextRun < runs.count, runs[nextRun].place == head {
      headStep = runs[nextRun].step
      nextRun += 1
    }
    findClear()
  }

  private mutating func findClear() {
    clear = tail
    if nextTurn < turns.count { clear = min(clear, turns[nextTurn].before) }
    if nextRun < runs.count { clear = min(clear, runs[nextRun].place) }
  }

  private mutating func rewind() {
    if !turns.isEmpty { turns.removeAll(keepingCapacity: true) }
    if !runs.isEmpty { runs.removeAll(keepingCapacity: true) }
    (nextTurn, nextRun, head, tail, clear) = (0, 0, 0, 0, 0)
  }
}
