import RunnelCore
import RunnelPipeline

/// One record as the network of its one lane meets it: frames, and which of them are there and warm.
///
/// Frame k of the session's grid is row k − `frames.lowerBound`: what a gap left out is a row of zeros, so that rows and
/// frames stay in step to the end.
struct ConditionedRecord {
  enum Mark: UInt8, Sendable {
    /// Not made: the network takes no step here.
    case missing
    /// Stepped, but its label would be `warming`.
    case warming
    case good
  }

  typealias Gap = GapList.Gap

  let source: RecordingSource
  let channel: String
  let timing: LaneTiming
  /// Of the session's grid.
  let frames: Range<Int64>
  private(set) var marks: [Mark]
  private(set) var gaps: [Gap] = []

  var name: String { source.description.stream }

  /// Conditions a record.
  ///
  /// - Parameters:
  ///   - labeller: with one lane on this record.
  ///   - progress: hears how many rows are done, of how many.
  ///   - take: hears all frames in order, (T, D), those that are missing as zeros.
  /// - Throws: `ServiceError` (64, 65) where lane and record do not fit.
  init(
    _ source: RecordingSource, labeller: Labeller, progress: (Int, Int) -> Void = { _, _ in },
    take: @escaping (UnsafeBufferPointer<Float>) -> Void
  ) throws(ServiceError) {
    self.source = source
    (channel, timing) = try labeller.onlyLane(of: source)
    frames =
      timing.firstFrame(
        after: Int64(source.range.lowerBound))..<timing.firstFrame(after: Int64(source.range.upperBound))
    marks = Array(repeating: .missing, count: frames.count)
    var list = GapList()
    let rows = Int(source.rowCount ?? 0)
    let feed = Feed(frames, width: labeller.plans[0].model.description.inputs.count, take)
    try labeller.label(
      source, into: &list, frames: { feed.append($1, $2) }, progress: { progress(Int($0), rows) })
    feed.finish()
    for steps in feed.runs { for step in steps { marks[Int(step - frames.lowerBound)] = .good } }
    mark(list.gaps)
  }

  /// As the lane does: warming from the start, after each reset, and after each gap.
  private mutating func mark(_ found: [Gap]) {
    gaps = found
    warm(from: frames.lowerBound, timing.framesToWarm)
    for gap in gaps {
      let first = timing.firstFrame(after: gap.rows.upperBound)
      warm(from: first, gap.wasReset ? timing.framesToWarm : timing.framesToSettle)
    }
  }

  private mutating func warm(from first: Int64, _ steps: Int64) {
    for step in max(first, frames.lowerBound)..<max(first, min(first + steps, frames.upperBound))
    where marks[Int(step - frames.lowerBound)] == .good {
      marks[Int(step - frames.lowerBound)] = .warming
    }
  }

  // MARK: listening

  /// Hands runs of frames on, with zeros between them.
  private final class Feed {
    private let frames: Range<Int64>
    private let width: Int
    private var next: Int64
    private let take: (UnsafeBufferPointer<Float>) -> Void
    private(set) var runs: [Range<Int64>] = []

    init(_ frames: Range<Int64>, width: Int, _ take: @escaping (UnsafeBufferPointer<Float>) -> Void) {
      self.frames = frames
      self.take = take
      self.width = width
      next = frames.lowerBound
    }

    func append(_ steps: Range<Int64>, _ values: UnsafeBufferPointer<Float>) {
      guard !steps.isEmpty else { return }
      skip(to: steps.lowerBound)
      take(values)
      next = steps.upperBound
      if let last = runs.last, last.upperBound == steps.lowerBound {
        runs[runs.count - 1] = last.lowerBound..<steps.upperBound
      } else {
        runs.append(steps)
      }
    }

    func finish() { skip(to: frames.upperBound) }

    private func skip(to frame: Int64) {
      let zeros = [Float](repeating: 0, count: width * 1024)
      while next < frame {
        let count = min(1024, Int(frame - next))
        zeros.withUnsafeBufferPointer { take(UnsafeBufferPointer(rebasing: $0[..<(count * width)])) }
        next += Int64(count)
      }
    }
  }
}

extension Labeller {
  /// The one lane of a record: its channel and timing.
  ///
  /// - Throws: `ServiceError` (64) where there are several, (65) where the record does not fit.
  func onlyLane(of source: RecordingSource) throws(ServiceError) -> (channel: String, timing: LaneTiming) {
    let lanes = try lanes(on: source)
    guard lanes.count == 1 else {
      throw ServiceError(
        .usage,
        "\(source.description.stream) would have \(lanes.count) lanes (\(lanes.map(\.channel).joined(separator: ", "))), and a training set has one a record: choose with --channels\(plans.count > 1 ? " or --pipeline" : "")"
      )
    }
    let session = try session(source)
    do throws(Refusal) { return (lanes[0].channel, try plans[0].timing(on: session)) } catch {
      throw ServiceError(.data, error.sentence)
    }
  }
}
