import RunnelCore
import RunnelLabels
import RunnelRecordings
import Testing

@testable import RunnelService

/// Records and truth of every format: the same labels held against the same beats give the same figures.
@Suite struct TruthFormatTests {
  private let scoring = BeatScoring(learning: 0)

  private func labeller() throws -> Labeller { try Labeller(model: OfflineRig.model.get(), channels: ["MLII"]) }

  private func report(_ truth: Scorer.Truth, _ detections: Scorer.Detections, _ record: String) throws -> ScoreReport {
    try Scorer(truth: truth, detections: detections, method: .beats(scoring)).score([record])
  }

  /// The record in another format, its beats with it.
  private func converted(_ rig: OfflineRig, _ name: String) throws -> String {
    _ = try Converter().convert(rig.path, to: rig.folder + "/" + name)
    return rig.folder + "/" + name
  }

  @Test(arguments: ["x.edf", "x.mcap"])
  func `a record that carries its own truth is scored against it`(name: String) throws {
    let rig = try OfflineRig(seconds: 60)
    let expected = try report(.annotator("atr"), .labeller(labeller()), rig.path).gross
    let record = try converted(rig, name)
    #expect(try report(.own, .labeller(labeller()), record).gross == expected)
    #expect(
      try report(.annotator("atr"), .labeller(labeller()), record).gross == expected, "no x.atr beside it: its own")
    #expect(expected != BeatMatrix())
  }

  @Test func `a table is scored against the table beside it`() throws {
    let rig = try OfflineRig(seconds: 60)
    let expected = try report(.annotator("atr"), .labeller(labeller()), rig.path).gross
    let record = try converted(rig, "x.csv")
    #expect(try report(.annotator("labels.csv"), .labeller(labeller()), record).gross == expected)
    #expect(try report(.file(rig.folder + "/x.labels.csv"), .labeller(labeller()), record).gross == expected)
  }

  @Test(arguments: LabelRun.Form.allCases.filter { $0 != .text })
  func `labels in any form are truth and labels alike`(form: LabelRun.Form) throws {
    let rig = try OfflineRig(seconds: 60)
    let place = "\(rig.folder)/l.\(form.suffix)"
    let run = LabelRun(try labeller(), form: form, library: "test")
    #expect(run.label([WholeRecording(rig.path)], to: [place], jobs: 1, hear: { _ in }).isEmpty)
    let expected = try report(.annotator("atr"), .labeller(labeller()), rig.path).gross
    #expect(try report(.annotator("atr"), .labels(LabelFile(contentsOf: place)), rig.path).gross == expected)
    // As truth, against themselves: whatever was found is right.
    let mirrored = try report(.file(place), .labels(LabelFile(contentsOf: place)), rig.path).gross
    let qrs = BeatStatistics(.qrs, of: mirrored)
    #expect(qrs.truePositive > 30 && qrs.falseNegative == 0 && qrs.falsePositive == 0)
  }

  @Test func `an EDF record is scored against labels of a WFDB record of the same signal`() throws {
    let rig = try OfflineRig(seconds: 60)
    let record = try converted(rig, "x.edf")
    let expected = try report(.annotator("atr"), .labeller(labeller()), rig.path).gross
    #expect(try report(.file(rig.folder + "/syn.atr"), .labeller(labeller()), record).gross == expected)
  }

  @Test func `a file for each record is found by its name, and one file for several is refused`() throws {
    let rigs = try (0..<2).map { try OfflineRig(seconds: 30, seed: UInt64($0)) }
    let run = LabelRun(try labeller(), form: .csv, library: "test")
    for rig in rigs {
      #expect(run.label([WholeRecording(rig.path)], to: [rig.folder + "/syn.csv"], jobs: 1, hear: { _ in }).isEmpty)
    }
    // Both are called syn: the pattern gives both the same file, of the first.
    let pattern = rigs[0].folder + "/{}.csv"
    let scorer = Scorer(
      truth: .annotator("atr"), detections: .labels(try LabelFile(contentsOf: pattern)), method: .beats(scoring))
    #expect(try scorer.compare(rigs.map(\.path)).count == 2)
    let single = Scorer(
      truth: .annotator("atr"), detections: .labels(try LabelFile(contentsOf: rigs[0].folder + "/syn.csv")),
      method: .beats(scoring))
    #expect(serviceError { _ = try single.compare(rigs.map(\.path)) }?.kind == .usage)
    for rig in rigs { try rig.remove("syn.csv") }
  }

  @Test func `records are scored the same however many at a time, and the first error is told`() throws {
    let rigs = try (0..<4).map { try OfflineRig(seconds: 20 + 5 * Double($0), seed: UInt64($0)) }
    let scorer = Scorer(truth: .annotator("atr"), detections: .labeller(try labeller()), method: .beats(scoring))
    let alone = ScoreReport(scoring: scoring, of: try scorer.compare(rigs.map(\.path)))
    let beside = ScoreReport(scoring: scoring, of: try scorer.compare(rigs.map(\.path), jobs: 3))
    #expect(alone.records.map(\.matrix) == beside.records.map(\.matrix))
    let error = serviceError { _ = try scorer.compare([rigs[0].path, "/nowhere/a.hea", "/nowhere/b.hea"], jobs: 3) }
    #expect(error?.kind == .noInput && error?.description.contains("a.hea") == true)
  }

  // MARK: classes at the reference beats

  @Test func `at the reference beats each has a class, and none is missed or made up`() throws {
    let rig = try OfflineRig(seconds: 60)
    let scorer = Scorer(
      truth: .annotator("atr"), detections: .labeller(try labeller()),
      method: .beats(BeatScoring(learning: 0, usesReferenceBeats: true)))
    let report = try scorer.score([rig.path])
    let qrs = BeatStatistics(.qrs, of: report.gross)
    // The first beats lie before the network's first label.
    #expect(qrs.falsePositive == 0 && qrs.falseNegative <= 1 && qrs.truePositive > 60)
    #expect(report.table.contains("reference beats"))
  }

  @Test func `a beat in a gap has no class and is missed`() throws {
    let rig = try OfflineRig(seconds: 30, missing: [3600..<7200])
    let scorer = Scorer(
      truth: .annotator("atr"), detections: .labeller(try labeller()),
      method: .beats(BeatScoring(learning: 0, usesReferenceBeats: true)))
    let missed = BeatStatistics(.qrs, of: try scorer.score([rig.path]).gross).falseNegative
    let inside = rig.beats.count { $0.at > 3600 + 54 && $0.at < 7200 - 54 }
    #expect(missed >= inside && inside > 5)
  }

  // MARK: episodes

  /// Rhythms of the record: a WFDB file with (AFIB from 5 s to 15 s and from 20 s on.
  private func rhythms(_ rig: OfflineRig) throws -> String {
    let changes: [(Int64, String)] = [(0, "(N"), (1800, "(AFIB"), (5400, "(N"), (7200, "(AFIB")]
    let annotations = changes.map { Annotation(at: $0.0, code: .rhythm, text: $0.1) }
    let path = rig.folder + "/l.atr"
    try AnnotationFile(annotations).write(to: path)
    return path
  }

  @Test(arguments: ["l.csv", "other", "l.edf"])
  func `episodes of any file of labels are held against rhythms of the MIT format`(name: String) throws {
    let rig = try OfflineRig(seconds: 30)
    let place: String
    switch name {
    case "l.csv": place = try rig.write(name, "first,count,t_ns,channel,label,id,p\n2160,3600,,MLII,AF,,\n")
    case "l.edf":
      var writer = try EDFWriter(
        rig.folder + "/" + name, channels: [], rate: 360,
        annotations: [Annotation(at: 2160, code: .comment, text: "AF", length: 3600)])
      try writer.finish()
      place = rig.folder + "/" + name
    default:
      let message =
        #"{"v":1,"kind":"event","phase":"PHASE","event":1,"stream":"syn","channel":"MLII","pipeline":"p","#
        + #""seq":SEQ,"at":AT,"first":AT,"last":AT,"decided":AT,"label":"AF","level":"sequenced","quality":"ok","missing":0}"#
      func line(_ phase: String, _ sequence: Int, _ at: Int) -> String {
        message.replacing("PHASE", with: phase).replacing("SEQ", with: "\(sequence)").replacing("AT", with: "\(at)")
      }
      place = try rig.write(name, line("onset", 0, 2160) + "\n" + line("offset", 1, 5760) + "\n")
    }
    let scoring = EpisodeScoring(learning: 0, labels: ["AFIB"], names: ["AF": "AFIB"])
    let scorer = Scorer(
      truth: .file(try rhythms(rig)), detections: .labels(try LabelFile(contentsOf: place)),
      method: .episodes(scoring))
    let found = EpisodeReport(scoring: scoring, of: try scorer.compare([rig.path])).gross["AFIB"]
    #expect(found?.truthCount == 2 && found?.truthFound == 1 && found?.testCount == 1 && found?.testRight == 1)
    #expect(found?.onsetErrors == [1] && found?.truthSeconds == 20 && found?.testSeconds == 10)
    #expect(found?.truthCovered == 9)
  }

  /// Its annotations: a burst of rows 5 to 14, and noise of two rows behind a gap.
  @Test func `annotations of a SigMF capture are episodes in its own rows, gaps and all`() throws {
    let rig = try OfflineRig(seconds: 5)
    let labels = try rig.write("l.csv", "first,count,t_ns,channel,label,id,p\n7,10,,I,burst,,\n106,2,,I,noise,,\n")
    let scoring = EpisodeScoring(learning: 0)
    let records = try Scorer(
      truth: .own, detections: .labels(try LabelFile(contentsOf: labels)), method: .episodes(scoring)
    ).compare([OfflineRig.root + "/Tests/Golden/recordings/radio.sigmf-meta"])
    let gross = EpisodeReport(scoring: scoring, of: records).gross
    #expect(gross["burst"]?.onsetErrors == [2e-6] && gross["burst"]?.truthFound == 1)
    #expect(abs((gross["burst"]?.truthCovered ?? 0) - 8e-6) < 1e-12 && gross["noise"]?.onsetErrors == [0])
  }

  @Test func `markers of an XDF recording are points, and labels of its stream are read by row`() throws {
    let rig = try OfflineRig(seconds: 5)
    let labels = try rig.write("l.csv", "first,count,t_ns,channel,label,id,p\n1,2,,Fz,a,,\n")
    var scorer = Scorer(
      truth: .own, detections: .labels(try LabelFile(contentsOf: labels)),
      method: .episodes(EpisodeScoring(learning: 0)))
    scorer.selection.track = "BioSemi & Co"
    let record = try #require(try scorer.compare([OfflineRig.root + "/Tests/Golden/recordings/streams.xdf"]).first)
    #expect(
      record.remarks.contains { $0.contains("2 points in time and no episode in the truth") }, "\(record.remarks)")
    guard case .episodes(let comparison) = record.outcome else { return }
    #expect(comparison.truth.isEmpty && comparison.test.map(\.label) == ["a"])
  }

  @Test func `beats scored as episodes are remarked upon`() throws {
    let rig = try OfflineRig(seconds: 10)
    let scorer = Scorer(
      truth: .annotator("atr"), detections: .labeller(try labeller()), method: .episodes(EpisodeScoring(learning: 0)))
    #expect(try scorer.compare([rig.path]).flatMap(\.remarks).count { $0.contains("without --episodes") } == 2)
  }

  @Test func `floors of episodes name any label and four figures`() throws {
    let report = EpisodeReport(records: [
      .init(
        name: "a",
        comparison: EpisodeComparison(
          truth: [Episode("AF.x", 0..<10)], test: [Episode("AF.x", 5..<10)], rate: 1, length: 20,
          scoring: .init(learning: 0)))
    ])
    let floors = try ScoreFloor.list("AF.x.sensitivity=1,AF.x.duration_sensitivity=0.6,VF.sensitivity=0", of: .episodes)
    #expect(floors[0].shortfall(of: report) == nil)
    #expect(floors[1].shortfall(of: report) == "AF.x.duration_sensitivity is 0.5, and at least 0.6 is asked for")
    #expect(floors[2].shortfall(of: report)?.contains("no such episodes") == true)
    #expect(serviceError { _ = try ScoreFloor.list("AF.f1=1", of: .episodes) }?.kind == .usage)
  }
}
