import Synchronization

/// How far work on several recordings has come. Rows are known of a recording once it is open; those of one that is not
/// open yet count as many as the others have on the average.
public struct WorkProgress: Sendable, Hashable {
  /// Recordings, and how many of them are done.
  public var count: Int
  public var finished: Int
  /// Rows done in all.
  public var rows: Int
  /// 0...1 of the whole.
  public var fraction: Double
  /// Of the recording that was heard of last.
  public var name: String
}

/// Gathers what several threads have done.
final class WorkMeter: Sendable {
  private struct State {
    var done: [Int]
    var totals: [Int?]
    var finished = 0
  }

  private let state: Mutex<State>
  private let hear: @Sendable (WorkProgress) -> Void

  /// - Parameter hear: called by one thread at a time.
  init(_ count: Int, _ hear: @escaping @Sendable (WorkProgress) -> Void) {
    state = Mutex(State(done: Array(repeating: 0, count: count), totals: Array(repeating: nil, count: count)))
    self.hear = hear
  }

  /// - Parameters:
  ///   - number: of the recording.
  ///   - done: rows of it, of `total`.
  func show(_ number: Int, _ name: String, done: Int, of total: Int) {
    state.withLock { state in
      state.totals[number] = total
      state.done[number] = done
      hear(Self.progress(state, name))
    }
  }

  /// A recording is done, or given up.
  func finish(_ number: Int, _ name: String) {
    state.withLock { state in
      state.finished += 1
      state.totals[number] = state.done[number]
      hear(Self.progress(state, name))
    }
  }

  private static func progress(_ state: State, _ name: String) -> WorkProgress {
    let known = state.totals.compactMap { $0 }
    let (rows, total) = (state.done.reduce(0, +), known.reduce(0, +))
    let all = Double(total) * Double(state.totals.count) / Double(max(1, known.count))
    return WorkProgress(
      count: state.totals.count, finished: state.finished, rows: rows,
      fraction: all > 0 ? min(1, Double(rows) / all) : 0, name: name)
  }
}
