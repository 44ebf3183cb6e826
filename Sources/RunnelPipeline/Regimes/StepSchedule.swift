/// Which of a lane's states step with a frame, from where, and whose scores count. A function of the frame's index on
/// the grid of the session and of what was interrupted before it, never of how the stream was cut (law 1).
///
/// Carried, one state that lives as long as its session:
///
///     frame     0 1 2 3 4 5 6 7 8 9 …
///     place 0   ● ● ● ● ● ● ● ● ● ●          ● its scores count
///
/// Renewed, `max_state_age` of 6 frames and a warm-up of 2: a shadow (○) starts two frames before each multiple of six,
/// and takes over at the multiple when nothing reset it meanwhile. Frames of its warm-up that a carried gap left out it
/// gets behind the gap, and takes over so much later.
///
///     frame     0 1 2 3 4 5 6 7 8 9 10 11 12 13
///     place 0   ● ● ● ● ● ●         ○  ○  ●  ●
///     place 1           ○ ○ ● ● ● ● ●  ●
///
/// Windows side by side, of 4 frames every 2: window w covers frames 2w ..< 2w + 4, whatever the join, and its last
/// frame brings its scores. Window w has place w mod 2.
///
///     frame     0 1 2 3 4 5 6 7
///     place 0   ○ ○ ○ ● ○ ○ ○ ●
///     place 1       ○ ○ ○ ● ○ ○ …
///
/// Whole windows have no state of their own: each is evaluated at once when its last frame has come.
struct StepSchedule: Sendable, Hashable {
  enum Way: Sendable, Hashable {
    case carried
    /// A fresh state every `age` frames, started `lead` frames before.
    case renewed(age: Int64, lead: Int64)
    /// Windows of which the first `length` frames are needed.
    case sideBySide(hop: Int64, length: Int64)
    case whole(hop: Int64, length: Int64)
  }

  let way: Way

  init(_ way: Way) {
    switch way {
    case .carried: break
    case .renewed(let age, let lead): precondition(0 < lead && lead < age, "a state is warm before it is old")
    case .sideBySide(let hop, let length), .whole(let hop, let length):
      precondition(hop > 0 && length > 0, "windows have frames and do not stand on each other")
    }
    self.way = way
  }

  /// States that a lane needs; each frame has at most as many rows.
  var places: Int {
    switch way {
    case .carried: 1
    case .renewed: 2
    case .sideBySide(let hop, let length): Int((length + hop - 1) / hop)
    case .whole: 0
    }
  }

  /// Whether windows are counted: those that cannot be whole are left out.
  var isWindowed: Bool {
    switch way {
    case .carried, .renewed: false
    case .sideBySide, .whole: true
    }
  }

  /// One step of one state.
  struct Row: Sendable, Hashable {
    /// Whose state.
    var place: Int
    /// What the network calls the frame: its index on the grid of the session; in a window, counted from its start.
    var step: Int64
    /// The state is reset before it.
    var starts: Bool
    /// Its scores are the lane's.
    var counts: Bool
  }

  /// What is carried from frame to frame.
  struct State: Sendable, Equatable {
    /// Carried: the place whose scores count.
    fileprivate(set) var leader = 0
    /// The frame from which the other place leads; nil where no shadow warms up.
    fileprivate(set) var succession: Int64?
    /// A shadow's first frame lay in a gap; it starts with the next.
    fileprivate(set) var startsLate = false
    /// No frame came since the state that leads was reset.
    fileprivate(set) var isFresh = true
    /// Windows before this one have their label or are left out.
    fileprivate(set) var nextWindow: Int64 = 0
    /// Per place, the newest window that failed there; −1 before there is one.
    fileprivate(set) var failed: [Int64]
    /// The frame that comes next where none is missing.
    fileprivate(set) var nextFrame: Int64
  }

  // MARK: the life of a lane

  /// A lane whose first frame is `frame`.
  /// - Returns: also how many windows are left out because they began before it.
  func open(at frame: Int64) -> (state: State, leftOut: Int64) {
    var state = State(failed: Array(repeating: -1, count: isWindowed ? places : 0), nextFrame: frame)
    if case .sideBySide(let hop, let length) = way {
      state.nextWindow = Self.firstWindow(endingAfter: frame, hop, length)
    }
    if case .whole(let hop, let length) = way { state.nextWindow = Self.firstWindow(endingAfter: frame, hop, length) }
    let leftOut = interrupt(&state, at: frame)
    return (state, leftOut)
  }

  /// What was before `frame` is not joined to it: a gap that was not filled, or the end of the stream. What is carried
  /// crosses it, no window does.
  /// - Returns: windows that are left out for it.
  func interrupt(_ state: inout State, at frame: Int64) -> Int64 {
    let due = state.nextFrame
    state.nextFrame = frame
    switch way {
    case .carried: return 0
    case .renewed(let age, let lead):
      postpone(over: due..<max(due, frame), age, lead, &state)
      return 0
    case .sideBySide(let hop, _), .whole(let hop, _):
      let first = (max(frame, 0) + hop - 1) / hop
      defer { state.nextWindow = max(state.nextWindow, first) }
      return max(0, first - state.nextWindow)
    }
  }

  /// The lane's states were reset: also what is carried starts anew with `frame`.
  /// - Returns: windows that are left out for it.
  func reset(_ state: inout State, at frame: Int64) -> Int64 {
    state.succession = nil
    state.startsLate = false
    state.isFresh = true
    return interrupt(&state, at: frame)
  }

  /// A shadow that leads before it is warm would be a reset that nobody was told of.
  private func postpone(over missed: Range<Int64>, _ age: Int64, _ lead: Int64, _ state: inout State) {
    if let succession = state.succession { state.succession = succession + Int64(missed.count) }
    guard !state.isFresh else { return }
    let start = missed.lowerBound + (2 * age - lead - missed.lowerBound % age) % age
    if missed.contains(start) { state.startsLate = true }
  }

  // MARK: a frame

  /// The rows of one frame, the one whose scores count first or, among windows, the oldest. Frames go forward.
  /// - Returns: windows that are left out because frames before this one never came.
  func take(_ frame: Int64, _ state: inout State, _ row: (Row) -> Void) -> Int64 {
    var leftOut = frame == state.nextFrame ? 0 : interrupt(&state, at: frame)
    state.nextFrame = frame + 1
    switch way {
    case .carried: row(Row(place: 0, step: frame, starts: false, counts: true))
    case .renewed(let age, let lead): renew(frame, age, lead, &state, row)
    case .sideBySide(let hop, let length):
      let oldest = max(state.nextWindow, Self.firstWindow(endingAfter: frame, hop, length))
      let newest = frame / hop
      guard oldest <= newest else { break }
      for window in oldest...newest {
        let place = Int(window % Int64(places))
        let step = frame - window * hop
        if state.failed[place] == window {
          if step == length - 1 { leftOut += leaveOut(window, &state) }
          continue
        }
        row(Row(place: place, step: step, starts: step == 0, counts: step == length - 1))
      }
    case .whole: break
    }
    return leftOut
  }

  private func renew(_ frame: Int64, _ age: Int64, _ lead: Int64, _ state: inout State, _ row: (Row) -> Void) {
    if let succession = state.succession, frame >= succession {
      state.leader = 1 - state.leader
      state.succession = nil
    }
    row(Row(place: state.leader, step: frame, starts: false, counts: true))
    let starts = state.succession == nil && (state.startsLate || frame % age == age - lead)
    if starts { state.succession = frame + lead }
    (state.startsLate, state.isFresh) = (false, false)
    guard state.succession != nil else { return }
    row(Row(place: 1 - state.leader, step: frame, starts: starts, counts: false))
  }

  /// The window whose last needed frame this is, if it is whole.
  // To hand over the state, and not to look at it here, would take a reference to what it holds.
  @inline(__always) func window(endingAt frame: Int64, _ state: State) -> Int64? {
    switch way {
    case .carried, .renewed: return nil
    case .sideBySide(let hop, let length), .whole(let hop, let length):
      let start = frame + 1 - length
      guard start >= 0, start % hop == 0, start / hop >= state.nextWindow else { return nil }
      return start / hop
    }
  }

  /// This window has its label.
  func settle(window: Int64, _ state: inout State) { state.nextWindow = max(state.nextWindow, window + 1) }

  /// This window never will.
  /// - Returns: 1, the windows left out.
  func leaveOut(_ window: Int64, _ state: inout State) -> Int64 {
    settle(window: window, &state)
    return 1
  }

  /// What a row gave is not finite: its window is left out when its end has come, a shadow is given up. Not for the row
  /// whose scores count in what is carried: that resets the lane.
  /// - Returns: windows that are left out now.
  func fail(_ row: Row, at frame: Int64, _ state: inout State) -> Int64 {
    switch way {
    case .carried, .whole: return 0
    case .renewed:
      state.succession = nil
      return 0
    case .sideBySide(let hop, _):
      let window = (frame - row.step) / hop
      if row.counts { return leaveOut(window, &state) }
      state.failed[row.place] = window
      return 0
    }
  }

  /// The first window that frame `frame` is not too late for.
  private static func firstWindow(endingAfter frame: Int64, _ hop: Int64, _ length: Int64) -> Int64 {
    frame < length ? 0 : (frame - length) / hop + 1
  }
}
