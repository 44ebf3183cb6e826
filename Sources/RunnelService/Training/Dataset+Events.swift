import RunnelCore
import RunnelInference
import RunnelLabels
import RunnelPipeline
import RunnelRecordings

/// What the event stage is told of each event that the first network's decision emits, and what the event was: the
/// model runs as it does live, and the stage's own judgement is not looked at.
///
/// Events are paired with the annotated beats as EC57 does (150 ms): one without a beat is `none`, one in flutter is
/// unknown. Beats that no event was found for are not there: a stage cannot add what the first network did not see.
extension Dataset {
  func writeEvents(
    _ paths: [String], to folder: borrowing AtomicFolder, _ manifest: inout DatasetManifest, _ warn: (String) -> Void,
    _ meter: WorkMeter
  ) throws(ServiceError) {
    let model = labeller.plans[0].model.description
    guard let stage = model.eventStage else {
      throw ServiceError(
        .usage,
        "\(model.name) has no event stage, so nothing says which features an event has: export it with an event stage, untrained"
      )
    }
    manifest.columns = Self.columns(stage, model)
    let x = try ArrayFile("x.npy", in: folder, width: manifest.columns.count)
    let at = try ArrayFile("at.npy", in: folder, element: .int64)
    let y = try ArrayFile("y.npy", in: folder, element: .int64)
    let mask = try ArrayFile("mask.npy", in: folder, element: .uint8)
    for (number, path) in paths.enumerated() {
      let (source, annotations) = try open(path, warn)
      let (name, first) = (source.description.stream, x.rows)
      let labeller = try labeller.onTrainedLead(of: source)
      let (channel, _) = try labeller.onlyLane(of: source)
      var events: [ObservedEvent] = []
      var gaps = GapList()
      let rows = Int(source.rowCount ?? 0)
      try labeller.label(
        source, into: &gaps, events: { events.append($1) },
        progress: { meter.show(number, path, done: Int($0), of: rows) })
      meter.finish(number, path)
      let targets = targets(of: events, annotations, source)
      for event in events { x.append(event.features) }
      at.append(events.map(\.at))
      y.append(targets.y)
      mask.append(targets.mask)
      manifest.records.append(
        DatasetManifest.Record(
          name: name, path: path, channel: channel, rate: source.rate, rows: source.range.count,
          frames: first..<x.rows, counts: targets.counts(rule), gaps: gaps.gaps, beats: rule.counts(annotations)))
    }
    for file in [x, at, y, mask] { try file.finish(&manifest) }
  }

  /// The class of the beat that each event was.
  private func targets(
    of events: [ObservedEvent], _ annotations: [Annotation], _ source: RecordingSource
  ) -> Targets {
    let code = AnnotationCode(symbol: "Q") ?? AnnotationCode(rawValue: 13)
    let pairing = BeatPairing(
      truth: annotations, test: events.map { Annotation(at: $0.at, code: code) }, rate: source.rate,
      length: Int64(source.range.upperBound), scoring: BeatScoring(classMap: rule.map, learning: 0))
    var classes: [Int64: Int?] = [:]
    for pair in pairing.pairs {
      guard let at = pair.testAt else { continue }
      classes[at] = .some(pair.truth.isBeat ? rule.number(of: pair.truth) : rule.classes.firstIndex(of: rule.none))
    }
    var targets = Targets()
    for event in events {
      // One that speaks of rows before the first steps the stage, but nobody is told of it.
      let number = event.at < source.range.lowerBound ? nil : classes[event.at] ?? nil
      targets.append(number, event.isWarming ? .warming : number == nil ? .unknown : .none)
    }
    return targets
  }

  /// What each column of x is: `scores.V`, `hidden.3`, `ratio:8`.
  private static func columns(_ stage: EventStageDescription, _ model: ModelDescription) -> [String] {
    let head = model.heads.first { model.decide.head == nil || $0.name == model.decide.head }
    let hidden = model.layers.first { $0.name == stage.hiddenOf }?.output ?? 0
    return stage.features.flatMap { feature -> [String] in
      switch feature.measure {
      case .scores: (head?.labels ?? []).map { "\(feature.name).\($0)" }
      case .hidden: (0..<hidden).map { "\(feature.name).\($0)" }
      case .interval, .ratio, .regularity: [feature.name]
      }
    }
  }
}
