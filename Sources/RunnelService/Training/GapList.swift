import RunnelPipeline
import RunnelWire

/// The gaps of one lane, as its statuses tell of them.
struct GapList: LabelSink {
  /// Rows that are missing and were not filled.
  struct Gap: Sendable, Hashable {
    var rows: Range<Int64>
    /// It was so long, or of unknown length, that h and c begin anew after it.
    var wasReset: Bool
  }

  private(set) var gaps: [Gap] = []
  private var wasReset = false

  mutating func publish(_ label: LabelMessage, arrived: Int64) {
    guard case .status(let status, _) = label.kind, let first = label.first, let last = label.last else { return }
    switch status {
    case .reset: wasReset = true
    case .gap:
      gaps.append(Gap(rows: first..<max(first, last + 1), wasReset: wasReset))
      wasReset = false
    default: break
    }
  }
}
