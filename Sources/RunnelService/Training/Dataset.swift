import RunnelCore
import RunnelLabels
import RunnelPipeline
import RunnelRecordings

/// Training sets made of recordings, conditioned by the code that conditions live: what a network is trained on is what
/// it will meet.
///
///     whole     NAME.x.npy (T, D)   NAME.y.npy (T,)    NAME.mask.npy (T,)      of each record, for carried training
///     windows   x.npy (T, D)        index.npy (N,)     y.npy, mask.npy (N,)    of all records, one after the other
///     events    x.npy (E, F)        at.npy (E,)        y.npy, mask.npy (E,)    what the event stage is told
///
/// x is f32, y and index i64, mask u8. Window n is `x[index[n] : index[n] + length]`: windows overlap on the disk too, so
/// that overlap costs nothing. mask is 1 where a row may be learned: its frame is there and not warming, and what it
/// speaks of is known. y is −1 where nobody knows it, so that a loss that forgets the mask fails instead of lying.
public struct Dataset: Sendable {
  public enum Form: Sendable, Hashable {
    case whole
    case windows(WindowCut)
    case events

    public var name: String {
      switch self {
      case .whole: "whole"
      case .windows: "windows"
      case .events: "events"
      }
    }

    /// What a row of y is.
    var unit: String {
      switch self {
      case .whole: "frames"
      case .windows(let cut): cut.target == .all ? "frames" : "windows"
      case .events: "events"
      }
    }
  }

  public var form: Form
  public var rule: TargetRule
  /// The annotations stand beside each record, under its name: `atr`.
  public var truth: String
  /// What writes it, for the manifest: `runnel 0.1.0`.
  public var tool: String
  let labeller: Labeller
  let input: TrainingInput

  /// - Parameters:
  ///   - labeller: of one pipeline.
  ///   - input: what the network is fed with; nil is what the pipeline's model states.
  /// - Throws: `ServiceError` (64) where there are several pipelines.
  public init(
    _ form: Form, labeller: Labeller, input: TrainingInput? = nil, rule: TargetRule, truth: String, tool: String
  ) throws(ServiceError) {
    guard labeller.plans.count == 1 else {
      let names = labeller.plans.map(\.name)
      throw ServiceError(
        .usage, "a training set is made for one pipeline: choose with --pipeline \(Phrase.list(names, "or"))")
    }
    self.form = form
    self.rule = rule
    self.truth = truth
    self.tool = tool
    self.labeller = labeller
    self.input = input ?? TrainingInput(labeller.plans[0].model.description)
  }

  /// Makes the folder with everything in it, or nothing.
  ///
  /// - Parameters:
  ///   - paths: headers of WFDB records.
  ///   - warn: hears of what is probably not meant.
  ///   - progress: hears how far it has come.
  public func write(
    _ paths: [String], to path: String, warn: (String) -> Void = { _ in },
    progress: @escaping @Sendable (WorkProgress) -> Void = { _ in }
  ) throws(ServiceError) -> DatasetManifest {
    var manifest = DatasetManifest(
      tool: tool, form: form, input: input, rule: rule, truth: truth, totals: .init(classes: rule.classes.count))
    let folder: AtomicFolder
    do throws(RecordingError) { folder = try AtomicFolder(path) } catch { throw ServiceError(error) }
    let meter = WorkMeter(paths.count, progress)
    switch form {
    case .whole: try writeWhole(paths, to: folder, &manifest, warn, meter)
    case .windows(let cut): try writeWindows(paths, cut, to: folder, &manifest, warn, meter)
    case .events: try writeEvents(paths, to: folder, &manifest, warn, meter)
    }
    for record in manifest.records { manifest.totals += record.counts }
    try finish(folder, manifest)
    return manifest
  }

  private func finish(_ folder: consuming AtomicFolder, _ manifest: DatasetManifest) throws(ServiceError) {
    var json = JSONWriter()
    manifest.json(into: &json)
    do throws(RecordingError) {
      try ByteFile.write(json.bytes + [0x0A], to: folder.place(of: "manifest.json"))
      try folder.finish()
    } catch { throw ServiceError(error) }
  }

  // MARK: a record

  func open(_ path: String, _ warn: (String) -> Void) throws(ServiceError) -> (RecordingSource, [Annotation]) {
    let source = try RecordingSource(path, RecordingSource.Selection(channels: labeller.channelNames))
    for remark in source.remarks { warn(remark) }
    let truth = Scorer.Truth.annotator(truth)
    return (source, try truth.annotations(of: source.recording, on: source.track, rate: source.rate))
  }

  /// The lanes that condition: those of the labeller, on the lead that its model was trained on where nothing else is
  /// said.
  func feeding(_ source: RecordingSource) throws(ServiceError) -> Labeller {
    try labeller.onTrainedLead(of: source).conditioningOnly(input)
  }

  /// y and mask of some steps of the session's grid, in their order.
  func targets(
    of record: ConditionedRecord, _ annotations: [Annotation], at steps: some Sequence<(Int64, ConditionedRecord.Mark)>
  ) -> Targets {
    var truth = TargetRule.Truth(annotations, rule: rule, rate: record.source.rate)
    var targets = Targets()
    var nextGap = 0
    for (step, mark) in steps {
      let position = record.timing.position(ofStep: step)
      while nextGap < record.gaps.count, record.gaps[nextGap].rows.upperBound <= position { nextGap += 1 }
      let isMissing = nextGap < record.gaps.count && record.gaps[nextGap].rows.contains(position)
      let isThere = record.source.range.contains(Int(position))
      let number = isMissing || !isThere ? nil : truth.target(at: position)
      let reason: MaskReason =
        switch mark {
        case .missing: .missing
        case .warming: .warming
        case .good: number == nil ? .unknown : .none
        }
      targets.append(number, reason)
    }
    return targets
  }

  /// Why a row is not to be learned.
  enum MaskReason: Sendable {
    case none, missing, warming, unknown
  }

  func entry(
    _ record: ConditionedRecord, path: String, rows: Range<Int>, counts: DatasetManifest.Counts,
    _ annotations: [Annotation]
  ) -> DatasetManifest.Record {
    DatasetManifest.Record(
      name: record.name, path: path, channel: record.channel, rate: record.source.rate, rows: record.source.range.count,
      frames: rows, counts: counts, gaps: record.gaps, beats: rule.counts(annotations))
  }
}

extension Dataset {
  /// y, mask, and why.
  struct Targets: Sendable, Equatable {
    /// A map has a handful of classes.
    private(set) var y: [Int8] = []
    private(set) var reasons: [MaskReason] = []

    var mask: [UInt8] { reasons.map { $0 == .none ? 1 : 0 } }

    /// - Parameter number: of the class; nil where nobody knows it.
    mutating func append(_ number: Int?, _ reason: MaskReason) {
      y.append(Int8(number ?? -1))
      reasons.append(reason)
    }

    func counts(_ rule: TargetRule) -> DatasetManifest.Counts {
      var counts = DatasetManifest.Counts(classes: rule.classes.count)
      for (number, reason) in zip(y, reasons) {
        switch reason {
        case .none: counts.classes[Int(number)] += 1
        case .missing: counts.missing += 1
        case .warming: counts.warming += 1
        case .unknown: counts.unknown += 1
        }
      }
      return counts
    }
  }
}
