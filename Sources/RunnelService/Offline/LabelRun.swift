import RunnelCore
import RunnelPipeline
import RunnelRecordings
import RunnelWire

/// What `runnel label` does: recordings labelled, several side by side, each as it would be alone.
///
///     let run = LabelRun(labeller, form: .csv, library: "runnel")
///     let recordings = run.recordings(["a.hea", "b.hea"])
///     let failures = run.label(recordings, to: ["a.csv", "b.csv"], jobs: 2) { print($0) }
///
/// One that fails leaves no output and does not keep the others from theirs.
public struct LabelRun: Sendable {
  public enum Form: String, Sendable, CaseIterable {
    /// One label message a line.
    case jsonl
    /// For people.
    case text
    /// An annotation file in the MIT format.
    case atr
    /// A table: first,count,t_ns,channel,label,id,p.
    case csv
    /// EDF+ with annotations only.
    case edf
    /// The messages themselves.
    case mcap

    /// What its files end in, beside recordings whose own annotations are `.atr`.
    public var suffix: String {
      switch self {
      case .atr: "rnl"
      case .text: "txt"
      default: rawValue
      }
    }

    /// Nil of lines.
    var marks: LabelOutput.Form? { LabelOutput.Form(rawValue: rawValue) }
  }

  /// What a run has to say.
  public enum Word: Sendable {
    /// For standard output.
    case output([UInt8])
    /// For standard error.
    case message(String)
    case failure(ServiceError)
  }

  public var labeller: Labeller
  public var selection = RecordingSource.Selection()
  /// Nil writes no labels.
  public var form: Form?
  public var canonical = false
  /// Who writes it.
  public var library: String
  /// Whether somebody reads the output as it comes.
  public var isWatched = false
  /// Hears the frames of the only recording.
  public var frames: (@Sendable (RecordingSource) throws(ServiceError) -> FrameObserver)?

  public init(_ labeller: Labeller, form: Form?, library: String) {
    self.labeller = labeller
    self.form = form
    self.library = library
  }

  /// What there is to label: parts of one recording are labelled as one, where all of it is wanted.
  public func recordings(_ paths: [String]) -> [WholeRecording] {
    wantsAll ? WholeRecording.list(paths) : paths.map { WholeRecording($0) }
  }

  /// - Parameters:
  ///   - places: the file of each recording; nil writes to the output, one after the other.
  ///   - jobs: recordings at a time.
  ///   - hear: called by one thread at a time, in the order of the recordings.
  ///   - progress: called by one thread at a time, beside `hear`.
  /// - Returns: why recordings were not labelled, in their order.
  public func label(
    _ recordings: [WholeRecording], to places: [String]?, jobs: Int, hear: @escaping @Sendable (Word) -> Void,
    progress: @escaping @Sendable (WorkProgress) -> Void = { _ in }
  ) -> [ServiceError] {
    precondition(places.map { $0.count == recordings.count } ?? true, "a place for each recording")
    let meter = WorkMeter(recordings.count, progress)
    let results = Results<Void>()
    SideBySide(jobs: jobs).run(recordings.count, hear: hear) { number, say in
      let path = recordings[number].files[0]
      do throws(ServiceError) {
        try label(recordings[number], to: places?[number], say) { meter.show(number, path, done: $0, of: $1) }
      } catch {
        let error = error.naming(path, among: recordings.count)
        results.append(.failure(error), number)
        say(.failure(error))
      }
      meter.finish(number, path)
    }
    return results.failures
  }

  private func label(
    _ whole: WholeRecording, to place: String?, _ say: @escaping (Word) -> Void,
    _ progress: @escaping (Int, Int) -> Void
  ) throws(ServiceError) {
    let path = whole.files[0]
    if wantsAll, try RecordedMessages.isOne(path) {
      return try MessageWork(run: self, recording: whole, say: say, progress: progress).label(to: place)
    }
    let recording = try RecordingSource(path, selection)
    for remark in recording.remarks { say(.message("warning: \(remark)")) }
    let work = Work(run: self, recording: recording, observer: try frames?(recording), say: say, progress: progress)
    let summary: String?
    if let marks = form?.marks {
      summary = try work.write(marks, to: place ?? "")
    } else if form == nil {
      summary = nil
      var nowhere = Nowhere()
      try work.label(into: &nowhere, afterChunk: {})
    } else if let place {
      summary = try work.write(lines(recording), to: place)
    } else {
      summary = nil
      try work.print(lines(recording))
    }
    if let summary, let place { say(.message("\(place): \(summary)")) }
  }

  /// Whether all of a recording is wanted: then of messages as they came or were admitted every stream is labelled, each
  /// session from its beginning.
  private var wantsAll: Bool {
    selection.track == nil && selection.from == nil && selection.until == nil && selection.stream == nil
      && selection.rate == nil && frames == nil
  }

  private func lines(_ recording: RecordingSource) -> LabelLines.Form {
    form == .text ? .text(rate: recording.rate) : .json(canonical: canonical)
  }
}

/// One recording being labelled.
private struct Work {
  let run: LabelRun
  let recording: RecordingSource
  let observer: FrameObserver?
  let say: (LabelRun.Word) -> Void
  let progress: (Int, Int) -> Void

  func write(_ form: LabelOutput.Form, to place: String) throws(ServiceError) -> String {
    if form == .atr { try checkLane() }
    var output = LabelOutput(
      form, place, rate: recording.rate, start: recording.start, library: run.library)
    try label(into: &output) {}
    return "\(try output.finish()) \(form == .mcap ? "messages" : "labels")"
  }

  func write(_ form: LabelLines.Form, to place: String) throws(ServiceError) -> String {
    var file = try LineFile(form, place)
    try label(into: &file) {}
    return "\(try file.finish()) lines"
  }

  func print(_ form: LabelLines.Form) throws(ServiceError) {
    let pending = Pending(say)
    var lines = LabelLines(form) { pending.append($0) }
    try label(into: &lines) { if run.isWatched { pending.flush() } }
    pending.flush()
  }

  func label(into sink: inout some LabelSink, afterChunk: () -> Void) throws(ServiceError) {
    let total = Int(recording.rowCount ?? 0)
    let counts = try run.labeller.label(recording, into: &sink, frames: observer) { rows in
      afterChunk()
      progress(Int(rows), total)
    }
    if counts.windowsLeftOut > 0 {
      say(
        .message(
          "\(recording.description.stream): \(counts.windowsLeftOut) windows have no label: they begin before the first "
            + "row or, less the delay, speak of one before it, end behind the last, or contain a gap that was not filled"
        ))
    }
  }

  private func checkLane() throws(ServiceError) {
    let lanes = try run.labeller.lanes(on: recording)
    guard lanes.count != 1 else { return }
    throw .severalLanes(lanes)
  }
}

extension ServiceError {
  static func severalLanes(_ lanes: [Labeller.Lane]) -> ServiceError {
    ServiceError(
      .usage,
      "an annotation file holds one lane, and there are \(lanes.count) "
        + "(\(lanes.map(\.channel).joined(separator: ", "))): choose with --channels")
  }
}

/// For who wants the frames only.
private struct Nowhere: LabelSink {
  func publish(_ label: LabelMessage, arrived: Int64) {}
}
