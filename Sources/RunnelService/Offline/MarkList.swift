import RunnelLabels
import RunnelPipeline
import RunnelWire

/// Label messages as marks: points and labels as they are, states from their onset on, with their length once the
/// offset came. A repeat for a late subscriber has epoch and seq of its original and counts once.
public struct MarkList: LabelSink, Sendable {
  public private(set) var marks: [LabelMark] = []
  /// Where the labels of a lane end though no other follows: at a reset, and at the end of the stream.
  public private(set) var breaks: [LabelMark.Lane: [Int64]] = [:]
  /// States whose offset has not come, by their number.
  private var open: [LabelMark.Lane: [Int64: Int]] = [:]
  private var known: Set<Origin> = []
  /// Of labels without epochs: what the session of each lane began with, and which it is.
  private var sessions: [LabelMark.Lane: (first: LabelMessage, number: UInt64)] = [:]

  private struct Origin: Hashable {
    var lane: LabelMark.Lane
    var epoch: UInt64
    var sequence: UInt64
  }

  public init(_ marks: [LabelMark] = []) { self.marks = marks }

  public mutating func publish(_ label: LabelMessage, arrived: Int64) { take(label) }

  /// - Returns: whether it is a mark more.
  @discardableResult
  mutating func take(_ label: LabelMessage) -> Bool {
    let lane = LabelMark.Lane(stream: label.stream, pipeline: label.pipeline, channel: label.channel)
    if label.consumesSequence {
      let origin = Origin(lane: lane, epoch: epoch(of: label, lane), sequence: label.sequence)
      guard known.insert(origin).inserted else { return false }
    }
    let at = LabelMark.bounded(label.at ?? 0)
    switch label.kind {
    case .label: marks.append(Self.mark(label, lane, .untilNext))
    case .event(.point, _): marks.append(Self.mark(label, lane, .point))
    case .event(.onset, let number):
      open[lane, default: [:]][number] = marks.count
      marks.append(Self.mark(label, lane, .open))
    case .event(.offset, let number):
      if let onset = open[lane]?.removeValue(forKey: number) {
        marks[onset].extent = .rows(max(0, at - marks[onset].at))
      }
      return false
    case .status(.reset, _), .status(.end, _):
      breaks[lane, default: []].append(at)
      return false
    case .status, .heartbeat: return false
    }
    return true
  }

  /// In canonical form there is none: there another session of a stream begins with seq 0 again, and something else.
  private mutating func epoch(of label: LabelMessage, _ lane: LabelMark.Lane) -> UInt64 {
    if let epoch = label.epoch { return epoch }
    let known = sessions[lane]
    guard label.sequence == 0, !label.isRepeat, known?.first != label else { return known?.number ?? 0 }
    let number = known.map { $0.number + 1 } ?? 0
    sessions[lane] = (label, number)
    return number
  }

  /// The marks, with labels that hold until the next reaching there, or to the next break.
  public var settled: [LabelMark] {
    var settled = marks
    var next: [LabelMark.Lane: Int64] = [:]
    for index in settled.indices.reversed() where settled[index].extent == .untilNext {
      let (lane, at) = (settled[index].lane, settled[index].at)
      let ends = [next[lane], breaks[lane]?.first { $0 > at }].compactMap { $0 }
      if let end = ends.min() { settled[index].extent = .rows(max(0, end - at)) }
      next[lane] = at
    }
    return settled
  }

  private static func mark(_ label: LabelMessage, _ lane: LabelMark.Lane, _ extent: LabelMark.Extent) -> LabelMark {
    LabelMark(
      at: label.at ?? 0, extent: extent,
      label: label.label ?? label.steps.map { $0.labels.joined(separator: " ") } ?? "", id: label.id, p: label.p,
      time: label.timestamp, lane: lane)
  }
}
