import RunnelCore
import RunnelLabels
import RunnelPipeline
import RunnelRecordings

/// Holds labels against annotations, record by record, as ANSI/AAMI EC57 asks for: beats, or episodes of any kind.
public struct Scorer: Sendable {
  /// Where the labels to be judged come from.
  public enum Detections: Sendable {
    case labeller(Labeller)
    case labels(LabelFile)
  }

  /// What is compared.
  public enum Method: Sendable {
    case beats(BeatScoring)
    case episodes(EpisodeScoring)

    var learning: Double {
      switch self {
      case .beats(let scoring): scoring.learning
      case .episodes(let scoring): scoring.learning
      }
    }

    var usesReferenceBeats: Bool { if case .beats(let scoring) = self { scoring.usesReferenceBeats } else { false } }
  }

  public var truth: Truth
  public var detections: Detections
  public var method: Method
  /// What is chosen of recordings that have several tracks, or state no rate.
  public var selection = RecordingSource.Selection()

  public init(truth: Truth, detections: Detections, method: Method = .beats(BeatScoring())) {
    self.truth = truth
    self.detections = detections
    self.method = method
  }

  /// These records compared, in their order.
  ///
  /// - Parameters:
  ///   - jobs: records at a time.
  ///   - progress: called by one thread at a time.
  /// - Throws: the first record's error that has one.
  public func compare(
    _ paths: [String], jobs: Int = 1, progress: @escaping @Sendable (WorkProgress) -> Void = { _ in }
  ) throws(ServiceError) -> [ScoredRecord] {
    if case .file(let path) = truth, paths.count != 1, !path.contains("{}") {
      throw ServiceError(
        .usage, "--truth is one file, for one record: for several give --truth-extension, or {} for the record's name")
    }
    let meter = WorkMeter(paths.count, progress)
    let results = Results<ScoredRecord>()
    SideBySide(jobs: jobs).run(paths.count, hear: { (_: Never) in }) { number, _ in
      let path = paths[number]
      do throws(ServiceError) {
        let record = try compare(path, isOnly: paths.count == 1) { meter.show(number, path, done: $0, of: $1) }
        results.append(.success(record), number)
      } catch { results.append(.failure(error.naming(path, among: paths.count)), number) }
      meter.finish(number, path)
    }
    return try results.all()
  }

  private func compare(
    _ path: String, isOnly: Bool, progress: @escaping (Int, Int) -> Void
  ) throws(ServiceError) -> ScoredRecord {
    let record = try Record(path, chosen)
    let truth = try truth(of: record)
    let beats = method.usesReferenceBeats ? try truth.beats() : nil
    let (test, channel) = try test(of: record, isOnly: isOnly, at: beats, progress: progress)
    let remarks = remarks(record, truth: truth, test: test)
    let scored: ScoredRecord
    switch method {
    case .beats(let scoring):
      let (truth, test) = (try truth.beats(), try test.beats())
      let pairing = BeatPairing(truth: truth, test: test, rate: record.rate, length: record.rows, scoring: scoring)
      scored = ScoredRecord(
        name: record.name, path: record.path, rate: record.rate, rows: record.rows, channel: channel, truth: truth,
        test: test, outcome: .beats(pairing), remarks: remarks)
    case .episodes(let scoring):
      let (truth, test) = (truth.episodes(end: record.rows), test.episodes(end: record.rows))
      let comparison = EpisodeComparison(
        truth: truth.episodes, test: test.episodes, rate: record.rate, length: record.rows, scoring: scoring)
      scored = ScoredRecord(
        name: record.name, path: record.path, rate: record.rate, rows: record.rows, channel: channel,
        outcome: .episodes(comparison),
        remarks: remarks + Self.remarks(record, truth: truth, test: test))
    }
    return scored
  }

  private func remarks(_ record: Record, truth: LabelSide, test: LabelSide) -> [String] {
    var remarks: [String] = []
    if let rows = record.rows, Double(rows) <= method.learning * record.rate {
      remarks.append(
        """
        \(record.path) is not longer than the \(Phrase.number(method.learning)) s that are left out for learning, so \
        nothing of it is scored: give --learning 0s
        """)
    }
    for (side, labels) in [("truth", truth), ("labels", test)] {
      guard let stream = labels.stream, !record.isCalled(stream) else { continue }
      remarks.append(
        "\(record.path) is '\(record.name)', and is scored with \(side) of stream '\(stream)': look whether they belong together"
      )
    }
    return remarks
  }

  private typealias Found = (episodes: [Episode], points: Int)

  private static func remarks(_ record: Record, truth: Found, test: Found) -> [String] {
    [("truth", truth), ("labels", test)].compactMap { side, found in
      guard found.episodes.isEmpty, found.points > 0 else { return nil }
      return
        "\(record.path): \(found.points) points in time and no episode in the \(side); beats are scored without --episodes"
    }
  }

  /// What scoring needs to know of a recording; its samples may be elsewhere.
  struct Record {
    var path: String
    var name: String
    var rate: Double
    var rows: Int64?
    /// Nil of a WFDB header alone.
    var open: (recording: any Recording, track: Int)?

    init(_ given: String, _ selection: RecordingSource.Selection) throws(ServiceError) {
      path = given
      let header: WFDBHeader?
      do throws(RecordingError) {
        let isHeader = try RecordingFormat.detect(given) == .wfdb
        if isHeader, !given.hasSuffix(".hea") { path += ".hea" }
        header = isHeader ? try WFDBHeader(contentsOf: path) : nil
      } catch { throw ServiceError(error) }
      if let header {
        (name, rate, rows) = (header.name, header.rate, header.rows.map(Int64.init))
        try selection.check(rate: rate, of: path)
        return
      }
      let (recording, track) = try selection.open(given)
      open = (recording, track)
      name = recording.name
      rate = recording.tracks[track].rate
      rows = Int64(recording.tracks[track].end)
      guard rate > 0 else {
        throw ServiceError(
          .data, "\(path): track '\(recording.tracks[track].name)' has no rate: choose one with --track")
      }
    }

    /// Whether `label`, `replay` or `record` may call the record's stream so: by its name, its track's, or with a number.
    func isCalled(_ stream: String) -> Bool {
      stream == name || stream.hasPrefix(name + "-") || stream == open.map { $0.recording.streamName($0.track) }
    }
  }

  /// The selection, with the channels that the labeller binds.
  private var chosen: RecordingSource.Selection {
    var chosen = selection
    if case .labeller(let labeller) = detections { chosen.channels = labeller.channelNames }
    return chosen
  }

  private func test(
    of record: Record, isOnly: Bool, at beats: [Annotation]?, progress: @escaping (Int, Int) -> Void
  ) throws(ServiceError) -> (side: LabelSide, channel: String?) {
    switch detections {
    case .labels(let file):
      guard beats == nil else {
        throw ServiceError(
          .usage, "--reference-beats asks a network for the class of each beat: give -m or -c, not --labels")
      }
      let side = try file.side(of: record.name, record: record.path, rate: record.rate, isOnly: isOnly)
      return (side, side.channel)
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
      let total = Int(max(source.rowCount ?? 1, 1))
      if let beats, case .beats(let scoring) = method {
        var classes = try ReferenceBeats(beats, labeller: labeller, rate: record.rate, scoring: scoring)
        try classes.labeller.label(source, into: &classes, progress: { progress(Int($0), total) })
        return (.annotations(classes.annotations), lanes[0].channel)
      }
      var list = MarkList()
      try labeller.label(source, into: &list, progress: { progress(Int($0), total) })
      return (.labels(list, places: []), lanes[0].channel)
    }
  }
}
