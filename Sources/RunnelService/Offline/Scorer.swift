import RunnelCore
import RunnelLabels
import RunnelPipeline
import RunnelRecordings

/// Holds labels against annotations, record by record, as ANSI/AAMI EC57 asks for.
public struct Scorer: Sendable {
  /// Where the true beats stand.
  public enum Truth: Sendable {
    /// Beside the record, under its name: `atr`.
    case annotator(String)
    case file(String)
  }

  /// Where the beats to be judged come from.
  public enum Detections: Sendable {
    case labeller(Labeller)
    case labels(LabelFile)
  }

  public var truth: Truth
  public var detections: Detections
  public var scoring: BeatScoring

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
      let record = try Record(path)
      progress(record.name, 0)
      if let rows = record.rows, Double(rows) <= scoring.learning * record.rate {
        warn(
          """
          \(record.path) is not longer than the \(Phrase.number(scoring.learning)) s that are left out for learning, so \
          nothing of it is scored: give --learning 0s
          """)
      }
      let truth = try truth(of: record)
      let test = try test(of: record, isOnly: paths.count == 1) { progress(record.name, $0) }
      let pairing = BeatPairing(truth: truth, test: test, rate: record.rate, length: record.rows, scoring: scoring)
      report.append(ScoreReport.Record(name: record.name, pairing: pairing))
    }
    return report
  }

  /// What scoring needs to know of a record; its samples may be elsewhere.
  private struct Record {
    var path: String
    var name: String
    var rate: Double
    var rows: Int64?

    init(_ given: String) throws(ServiceError) {
      path = given.hasSuffix(".hea") ? given : given + ".hea"
      do throws(RecordingError) {
        let header = try WFDBHeader(contentsOf: path)
        name = header.name
        rate = header.rate
        rows = header.rows.map(Int64.init)
      } catch { throw ServiceError(error) }
    }
  }

  private func truth(of record: Record) throws(ServiceError) -> [Annotation] {
    let path =
      switch truth {
      case .annotator(let name): String(record.path.dropLast("hea".count)) + name
      case .file(let path): path
      }
    do throws(RecordingError) {
      return try AnnotationFile(contentsOf: path).annotations(rate: record.rate)
    } catch { throw ServiceError(error) }
  }

  private func test(
    of record: Record, isOnly: Bool, progress: (Double) -> Void
  ) throws(ServiceError) -> [Annotation] {
    switch detections {
    case .labels(let file): return try file.beats(of: record.name, isOnly: isOnly)
    case .labeller(let labeller):
      let source = try RecordingSource(record.path)
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
