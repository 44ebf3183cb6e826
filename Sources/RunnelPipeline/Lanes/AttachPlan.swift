import RunnelCore
import RunnelWire

/// How much of what the network saw goes with each label, in seconds before and after its position.
public struct AttachSettings: Sendable, Hashable {
  public var before: Double
  public var after: Double

  public init(before: Double = 0, after: Double = 0) {
    self.before = before
    self.after = after
  }

  /// Seconds that either may be.
  public static let longest = 60.0
  /// Values that may go with a label: four megabytes.
  static let mostValues = 1 << 20
}

/// The same for the lanes of a session, in frames.
struct AttachPlan: Sendable, Hashable {
  let before: Int64
  let after: Int64
  /// Frames a second, and frames per input row.
  let rate: Double
  let ratio: Ratio
  /// Frames from the one that a label speaks of to the one with which it is decided, at most.
  let reach: Int64
  /// Labels that may wait for the frames after them; the oldest of more goes with what there is.
  let mostWaiting: Int

  /// How long an event stage that judges a beat by the next one may have to wait.
  private static let longestInterval = 3.0

  /// - Parameter delay: of the lane's labels, in frames.
  init(_ settings: AttachSettings, plan: PipelinePlan, ratio: Ratio, delay: Int64) {
    let model = plan.model.description
    rate = model.rate
    self.ratio = ratio
    before = Int64((settings.before * rate).rounded())
    after = Int64((settings.after * rate).rounded())
    let rule: Double =
      switch plan.rule.emit {
      case .peaks: plan.rule.maxWidth
      case .events: max(plan.rule.minOn, plan.rule.minOff)
      case .every, .change: 0
      }
    let wait = model.eventStage?.waits == true ? Self.longestInterval : 0
    let grid = plan.regime.grid
    reach =
      delay + max(grid.decided - grid.spoken, 0) + Int64(((min(rule, 60) + wait) * rate).rounded(.up)) + 2 * grid.stride
    mostWaiting = min(4096, Int(settings.after * plan.regime.outputRate) + 64)
  }

  /// Frames that a lane must keep.
  var window: Int { Int(before + 1 + max(after, reach)) }

  /// The frame that came with an input row, or last before it.
  func frame(at index: Int64) -> Int64 { index / ratio.q * ratio.p + index % ratio.q * ratio.p / ratio.q }

  /// The newest input row that a frame used.
  func index(of frame: Int64) -> Int64 { frame / ratio.p * ratio.q + frame % ratio.p * ratio.q / ratio.p }
}

/// Labels of a lane that wait for the frames after them, in the order of their seq, and what was said behind them.
struct WaitingLabels: Sendable, Equatable {
  /// From `head` on; those before have gone.
  private var labels: [LabelMessage] = []
  private var head = 0

  var isEmpty: Bool { head == labels.count }
  var count: Int { labels.count - head }
  var first: LabelMessage? { isEmpty ? nil : labels[head] }

  mutating func append(_ label: LabelMessage) { labels.append(label) }

  mutating func removeFirst() -> LabelMessage {
    let label = labels[head]
    head += 1
    if head == labels.count {
      labels.removeAll(keepingCapacity: true)
      head = 0
    } else if head > 64, head > labels.count / 2 {
      labels.removeSubrange(..<head)
      head = 0
    }
    return label
  }
}
