import RunnelCore
import Synchronization

/// What the network has seen lately on one lane: conditioned samples, a copy.
public struct LaneWindow: Sendable, Equatable {
  /// Grid indexes of the frames, run by run, oldest first; what lies between two runs was not made.
  public var runs: [Range<Int64>]
  /// Their values, one run behind the other: (T, D).
  public var frames: [Float]
  /// Input rows that were missing or made up lately, oldest first, and what they do to a label.
  public var missing: [Flaw]
  /// When an input row was; nil where no time is known.
  public var time: TimeAnchor?

  public struct Flaw: Sendable, Equatable {
    public var rows: Range<Int64>
    public var quality: Quality
  }

  public var frameCount: Int { runs.reduce(0) { $0 + $1.count } }
}

extension Lane {
  /// The newest frames, at most so many.
  func lastFrames(_ most: Int) -> LaneWindow {
    var runs = state.window.runs
    var surplus = max(0, runs.reduce(0) { $0 + $1.count } - most)
    let features = state.window.features
    let frames = state.window.withAll { Array($0.dropFirst(surplus * features)) }
    while surplus > 0, let first = runs.first {
      let rest = first.dropFirst(surplus)
      surplus -= first.count - rest.count
      if rest.isEmpty { runs.removeFirst() } else { runs[0] = rest }
    }
    return LaneWindow(
      runs: runs, frames: frames,
      missing: state.missing.ranges.map { LaneWindow.Flaw(rows: $0.rows, quality: $0.quality) },
      time: composer.composer.anchor)
  }
}

/// A question to a lane that may live on another thread, and its answer, which comes once.
public final class WindowQuestion: Sendable {
  public let pipeline: String
  public let channel: String
  /// The stream's number in admission.
  public let stream: Int
  /// Frames, the newest.
  public let most: Int
  private let state = Mutex(State.open)

  private enum State: Sendable {
    case open
    /// Nil where there is no such lane.
    case answered(LaneWindow?)
  }

  public init(pipeline: String, channel: String, stream: Int, most: Int) {
    (self.pipeline, self.channel, self.stream, self.most) = (pipeline, channel, stream, most)
  }

  func answer(_ window: LaneWindow?) { state.withLock { $0 = .answered(window) } }

  /// Nil while it is open; `.some(nil)` where there is no such lane.
  public var answer: LaneWindow?? {
    state.withLock { state in
      switch state {
      case .open: nil
      case .answered(let window): .some(window)
      }
    }
  }
}
