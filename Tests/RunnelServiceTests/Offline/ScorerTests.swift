import RunnelCore
import RunnelLabels
import RunnelPipeline
import RunnelRecordings
import RunnelWire
import Testing

@testable import RunnelService

/// From label messages to EC57's figures. The pairing itself is tested in RunnelLabelsTests.
@Suite struct ScorerTests {
  @Test func `the true beats score 1`() throws {
    let rig = try OfflineRig(seconds: 60)
    let report = try scorer(rig, lines(rig.beats)).score([rig.path])
    #expect(report.gross[.normal, .normal] > 30)
    #expect(report.gross[.ventricular, .ventricular] > 3)
    for question in [BeatStatistics.Question.qrs, .normal, .ventricular] {
      let statistics = BeatStatistics(question, of: report.gross)
      #expect(statistics.sensitivity == 1 && statistics.positivePredictivity == 1)
    }
  }

  @Test func `the learning period is left out`() throws {
    let rig = try OfflineRig(seconds: 60)
    let late = try scorer(rig, lines(rig.beats), learning: 30).score([rig.path])
    #expect(BeatStatistics(.qrs, of: late.gross).truthCount == rig.beats.count { $0.at >= 30 * 360 })
  }

  @Test func `a record that is all learning is warned of`() throws {
    let rig = try OfflineRig(seconds: 60)
    let records = try scorer(rig, lines(rig.beats), learning: 300).compare([rig.path])
    let remarks = records.flatMap(\.remarks)
    #expect(remarks.count == 1 && remarks[0].contains("--learning 0s"))
  }

  @Test func `labels of another stream are warned of, whoever called them so`() throws {
    let rig = try OfflineRig(seconds: 20)
    func remarks(_ stream: String) throws -> [String] {
      let text = lines(rig.beats).replacing(#""stream":"syn""#, with: #""stream":"\#(stream)""#)
      return try scorer(rig, text).compare([rig.path]).flatMap(\.remarks)
    }
    let found = try remarks("119")
    #expect(found.count == 1 && found[0].contains("stream '119'") && found[0].contains("is 'syn'"))
    #expect(try remarks("syn").isEmpty && remarks("syn-2").isEmpty)
  }

  @Test func `a network is scored as its labels in a file are`() throws {
    let rig = try OfflineRig(seconds: 60)
    let labeller = try Labeller(model: OfflineRig.model.get(), channels: ["MLII"])
    let labels = try rig.labels(labeller)
    #expect(labels.count > 10, "the test model finds something")
    let run = Scorer(
      truth: .annotator("atr"), detections: .labeller(labeller), method: .beats(BeatScoring(learning: 0)))
    let read = try scorer(rig, labels.joined(separator: "\n"))
    #expect(try run.score([rig.path]).gross == read.score([rig.path]).gross)
  }

  @Test func `an unknown beat counts as unclassified`() throws {
    let rig = try OfflineRig(seconds: 60)
    let report = try scorer(rig, lines(rig.beats, label: "unknown")).score([rig.path])
    #expect(report.gross[.normal, .unclassified] > 30)
  }

  @Test func `a message sent twice counts once`() throws {
    let rig = try OfflineRig(seconds: 60)
    let text = lines(rig.beats)
    let report = try scorer(rig, text + text).score([rig.path])
    #expect(BeatStatistics(.qrs, of: report.gross).falsePositive == 0)
  }

  @Test func `the report has the form that scripts rely on`() throws {
    let rig = try OfflineRig(seconds: 60)
    var writer = JSONWriter()
    try scorer(rig, lines(rig.beats)).score([rig.path]).json(into: &writer)
    let json = try JSONValue(parsing: writer.text)
    for question in ["QRS", "N", "S", "V"] {
      let figures = json["gross"]?[question]
      for key in ["true_positive", "false_negative", "false_positive"] { #expect(figures?[key]?.integer != nil) }
    }
    #expect(json["gross"]?["V"]?["sensitivity"]?.number == 1)
    #expect(json["records"]?.array?.first?["record"]?.string == "syn")
  }

  // MARK: mistakes of the world

  @Test func `a malformed line is told by file and line`() throws {
    let rig = try OfflineRig(seconds: 5)
    let error = serviceError {
      _ = try scorer(rig, lines(Array(rig.beats.prefix(2))) + "{\"v\":1,\n").score([rig.path])
    }
    #expect(error?.kind == .data)
    #expect(error?.description.contains("l.jsonl:3:") == true)
  }

  @Test func `a label that is no class of beats is told`() throws {
    let rig = try OfflineRig(seconds: 5)
    let error = serviceError { _ = try scorer(rig, lines(rig.beats, label: "noise")).score([rig.path]) }
    #expect(error?.kind == .data)
    #expect(error?.description.contains("l.jsonl:1: label 'noise' is no class of beats") == true)
  }

  @Test func `labels that are no points are told`() throws {
    let rig = try OfflineRig(seconds: 5)
    let text = lines(Array(rig.beats.prefix(1))).replacing(
      #""kind":"event","phase":"point","event":1"#, with: #""kind":"label""#)
    let error = serviceError { _ = try scorer(rig, text).score([rig.path]) }
    #expect(error?.description.contains("emit: peaks") == true)
  }

  @Test func `two lanes in one file of labels must be told apart`() throws {
    let rig = try OfflineRig(seconds: 5)
    let text = lines(rig.beats) + lines(rig.beats).replacing("MLII", with: "V5")
    #expect(serviceError { _ = try scorer(rig, text).score([rig.path]) }?.description.contains("--channels") == true)
    let path = try rig.write("l.jsonl", text)
    #expect(serviceError { _ = try LabelFile(contentsOf: path, channels: ["V5"]) } == nil)
  }

  @Test func `a record without its annotations is 66`() throws {
    let rig = try OfflineRig(seconds: 5)
    let path = try rig.write("l.jsonl", lines(rig.beats))
    let scorer = Scorer(truth: .annotator("qrs"), detections: .labels(try LabelFile(contentsOf: path)))
    #expect(serviceError { _ = try scorer.score([rig.path]) }?.kind == .noInput)
  }

  @Test func `several lanes cannot be scored at once`() throws {
    let rig = try OfflineRig(seconds: 5, leads: 2)
    let scorer = Scorer(truth: .annotator("atr"), detections: .labeller(try Labeller(model: OfflineRig.model.get())))
    let error = serviceError { _ = try scorer.score([rig.path]) }
    #expect(error?.kind == .usage && error?.description.contains("MLII, V5") == true)
  }

  @Test func `one file of truth is for one record`() throws {
    let rig = try OfflineRig(seconds: 5)
    let path = try rig.write("l.jsonl", lines(rig.beats))
    let scorer = Scorer(truth: .file(rig.folder + "/syn.atr"), detections: .labels(try LabelFile(contentsOf: path)))
    #expect(serviceError { _ = try scorer.score([rig.path, rig.path]) }?.kind == .usage)
  }

  // MARK: floors

  @Test func `a floor that is reached is silent and one that is missed says by how much`() throws {
    let rig = try OfflineRig(seconds: 60)
    let report = try scorer(rig, lines(rig.beats, label: "N")).score([rig.path])
    let floors = try ScoreFloor.list("QRS.sensitivity=1, V.sensitivity=0.8,V.positive_predictivity=0")
    let shortfalls = floors.map { $0.shortfall(of: report) }
    #expect(shortfalls[0] == nil)
    #expect(shortfalls[1] == "V.sensitivity is 0.0, and at least 0.8 is asked for")
    #expect(shortfalls[2]?.contains("undefined") == true, "a figure that does not exist reaches nothing")
  }

  @Test(arguments: [
    "V", "V.sensitivity", "V.sensitivty=0.8", "X.sensitivity=0.8", "V.sensitivity=80", "V.sensitivity=x",
  ])
  func `a floor that cannot be read is a usage error with an example`(text: String) {
    let error = serviceError { _ = try ScoreFloor.list(text) }
    #expect(error?.kind == .usage && error?.description.contains("V.sensitivity=0.8") == true)
  }

  // MARK: driving

  private func scorer(
    _ rig: OfflineRig, _ text: String, learning: Double = 0
  ) throws -> Scorer {
    Scorer(
      truth: .annotator("atr"), detections: .labels(try LabelFile(contentsOf: try rig.write("l.jsonl", text))),
      method: .beats(BeatScoring(learning: learning)))
  }

  /// A message a beat.
  private func lines(_ beats: [Annotation], label: String? = nil) -> String {
    var encoder = LabelEncoder(canonical: true)
    return beats.enumerated().map { number, beat in
      let symbol = String(beat.code.symbol == "A" ? "S" : beat.code.symbol)
      return encoder.text(
        LabelMessage(
          kind: .event(.point, number: Int64(number + 1)), stream: "syn", channel: "MLII", pipeline: "p",
          sequence: UInt64(number), at: beat.at, first: beat.at, last: beat.at, decided: beat.at,
          label: label ?? symbol,
          level: .sequenced, quality: .ok, missing: 0)) + "\n"
    }.joined()
  }
}

extension Scorer {
  /// The beats of these records.
  func score(_ paths: [String]) throws -> ScoreReport {
    guard case .beats(let scoring) = method else { return ScoreReport() }
    return ScoreReport(scoring: scoring, of: try compare(paths))
  }
}
