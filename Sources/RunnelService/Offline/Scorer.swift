import RunnelCore
import RunnelLabels
import RunnelPipeline
import RunnelRecordings

/// Holds labels against annotations, record by record, as ANSI/AAMI EC57 asks for.
public struct Scorer: Sendable {
  /// Where the beats to be judged come from.
  public enum Detections: Sendable {
    case labeller(Labeller)
    case labels(LabelFile)
  }

  public var truth: Truth
  public var detections: Detections
  public var scoring: BeatScoring
  /// What is chosen of recordings that have several tracks, or state no rate.
  public var selection = RecordingSource.Selection()

  public init(truth: Truth, detections: Detections, scoring: BeatScoring = BeatScoring()) {
    self.truth = truth
    self.detections = detections
    self.scoring = scoring
  }

  /// Scores of these records, in their order.
  ///
  /// - Parameters:
  ///   - warn: hears of what is probably not meant.
  ///   - progress: hears which record, and how much of it is done, 0...1.
  public func score(
    _ paths: [String], warn: (String) -> Void = { _ in }, progress: (String, Double) -> Void = { _, _ in }
  ) throws(ServiceError) -> ScoreReport {
    if case .file = truth, paths.count != 1 {
      throw ServiceError(.usage, "--truth is one file, for one record: for several give --truth-extension")
    }
    var report = ScoreReport(scoring: scoring)
    for path in paths {
      let record = try Record(path, chosen)
      progress(record.name, 0)
      if let rows = record.rows, Double(rows) <= scoring.learning * record.rate {
        warn(
          """
          \(record.path) is not longer than the \(Phrase.number(scoring.learning)) s that are left out for learning, so \
          nothing of it is scored: give --learning 0s
          """)
      }
      let truth = try beats(of: record)
      let test = try test(of: record, isOnly: paths.count == 1) { progress(record.name, $0) }
      let pairing = BeatPairing(truth: truth, test: test, rate: record.rate, length: record.rows, scoring: scoring)
      report.append(ScoreReport.Record(name: record.name, pairing: pairing))
    }
    return report
  }

  /// What scoring needs to know of a recording; its samples may be elsewhere.
  private struct Record {
    var path: String
    var name: String
    var rate: Double
    var rows: Int64?
    /// Nil of a WFDB header alone.
    var open: (recording: any Recording, track: Int)?

    init(_ given: String, _ selection: RecordingSource.Selection) throws(ServiceError) {
      path = given
      do throws(RecordingError) {
        if try RecordingFormat.detect(given) == .wfdb {
          path = given.hasSuffix(".hea") ? given : given + ".hea"
          let header = try WFDBHeader(contentsOf: path)
          name = header.name
          rate = header.rate
          rows = header.rows.map(Int64.init)
          return
        }
        let recording = try RecordingFormat.open(given, rate: selection.rate)
        name = recording.name
        (rate, rows) = (0, nil)
        open = (recording, 0)
      } catch { throw ServiceError(error) }
      guard let recording = open?.recording else { return }
      let track = try recording.track(selection.track, channels: selection.channels)
      open = (recording, track)
      rate = recording.tracks[track].rate
      rows = Int64(recording.tracks[track].end)
      guard rate > 0 else {
        throw ServiceError(
          .data, "\(path): track '\(recording.tracks[track].name)' has no rate: choose one with --track")
      }
    }
  }

  /// The selection, with the channels that the labeller binds.
  private var chosen: RecordingSource.Selection {
    var chosen = selection
    if case .labeller(let labeller) = detections { chosen.channels = labeller.channelNames }
    return chosen
  }

  private func beats(of record: Record) throws(ServiceError) -> [Annotation] {
    if case .file(let path) = truth, LabelFile.isOne(path) {
      return try LabelFile(contentsOf: path).beats(of: record.name, isOnly: true)
    }
    if let open = record.open { return try truth.annotations(of: open.recording, on: open.track, rate: record.rate) }
    let path =
      switch truth {
      case .annotator(let name): Truth.file(beside: record.path, name)
      case .file(let path): path
      case .own:
        throw ServiceError(
          .usage, "nothing says where the true beats are: give --truth-extension atr or --truth FILE")
      }
    do throws(RecordingError) { return try AnnotationReader.annotations(in: path, rate: record.rate) } catch {
      throw ServiceError(error)
    }
  }

  private func test(
    of record: Record, isOnly: Bool, progress: (Double) -> Void
  ) throws(ServiceError) -> [Annotation] {
    switch detections {
    case .labels(let file): return try file.beats(of: record.name, isOnly: isOnly)
    case .labeller(let labeller):
      let source = try RecordingSource(record.path, chosen)
      let labeller = try labeller.onTrainedLead(of: source)
      let lanes = try labeller.lanes(on: source)
      guard lanes.count == 1 else {
        let names = lanes.map { labeller.plans.count > 1 ? "\($0.pipeline) on \($0.channel)" : $0.channel }
        throw ServiceError(
          .usage,
          """
          \(record.path) gives labels of \(lanes.count) lanes (\(names.joined(separator: ", "))), and one is scored: \
          choose with --channels\(labeller.plans.count > 1 ? " or --pipeline" : "")
          """)
      }
      var beats = BeatLabels()
      let rows = Double(max(source.rowCount ?? 1, 1))
      try labeller.label(source, into: &beats, progress: { progress(Double($0) / rows) })
      if let mistake = beats.mistake { throw ServiceError(.data, mistake) }
      return beats.annotations
    }
  }
}
