import ArgumentParser
import RunnelCore
import RunnelLabels
import RunnelService

/// EC57 tables.
struct ScoreCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "score",
    abstract: "Score beat labels against annotations as ANSI/AAMI EC57 does, and bxb of the WFDB software.",
    discussion: """
      Examples:
        runnel score 119.hea --truth-extension atr -m ecg-beats.safetensors --channels MLII
        runnel score mitdb/2*.hea --truth-extension atr -m ecg-beats.safetensors --channels MLII --json
        runnel score 119.hea --truth 119.atr --labels labels.jsonl
        runnel score holter.edf -m ecg-beats.safetensors --channels ECG
        runnel score 119.hea --truth-extension atr -c runnel.yaml --fail-under V.sensitivity=0.8

      Point events called N, S, V, F or Q are scored (unknown is Q). The truth is an annotation file in the MIT format, \
      EDF+, a table with the columns first and label, or label messages as JSON lines; without --truth it is in the \
      recording itself. Exit code 1 where --fail-under is not reached.
      """)

  @Argument(
    help: ArgumentHelp(
      "Recordings: WFDB (their headers NAME.hea), EDF, BDF, SigMF, WAV, CSV, XDF or MCAP.", valueName: "file"))
  var files: [String]

  @OptionGroup var tracks: TrackOptions

  @Option(help: ArgumentHelp("True beats stand beside each record, as NAME.EXTENSION.", valueName: "extension"))
  var truthExtension: String?

  @Option(help: ArgumentHelp("The file with the true beats, for one recording.", valueName: "file"))
  var truth: String?

  @OptionGroup var source: PipelineOptions

  @Option(help: ArgumentHelp("Label messages to score, one a line, in place of running a network.", valueName: "jsonl"))
  var labels: String?

  @Option(help: "Class map: aami (e and j are N) or bxb (they are S).")
  var aami: BeatClassMap = .aami

  @Option(help: "What is left out at the start of each record, such as 5min or 0s.")
  var learning = "300s"

  @Option(help: "How far apart two beats may be and still be the same.")
  var window = "150ms"

  @Option(
    help: ArgumentHelp(
      "Gross figures to reach, separated by commas: CLASS.FIGURE=FRACTION, such as V.sensitivity=0.8.",
      valueName: "list"))
  var failUnder: String?

  @Flag(help: "JSON in place of tables.")
  var json = false

  func run() throws {
    let floors = try failUnder.map { try ScoreFloor.list($0) } ?? []
    let scoring = BeatScoring(
      classMap: aami, window: try Double(duration: window, option: "--window"),
      learning: try Double(duration: learning, option: "--learning"))
    var scorer = Scorer(truth: try truthSource(), detections: try detections(), scoring: scoring)
    scorer.selection = try tracks.selection()
    let report = try scorer.score(files, warn: { Terminal.say("warning: \($0)") }) { record, done in
      Terminal.progress("\(record)  \(Int(100 * done)) %")
    }
    Terminal.endProgress()
    if json {
      var writer = JSONWriter()
      report.json(into: &writer)
      Terminal.print(writer.text)
    } else {
      Terminal.print(String(report.table.dropLast()))
    }
    let shortfalls = floors.compactMap { $0.shortfall(of: report) }
    if !shortfalls.isEmpty { throw ServiceError(.no, shortfalls.joined(separator: "; ")) }
  }

  private func truthSource() throws -> Scorer.Truth {
    switch (truthExtension, truth) {
    case (let name?, nil): return .annotator(name.first == "." ? String(name.dropFirst()) : name)
    case (nil, let file?): return .file(file)
    case (nil, nil): return .own
    case (_?, _?): throw ServiceError(.usage, "--truth-extension and --truth exclude each other: leave one out")
    }
  }

  private func detections() throws -> Scorer.Detections {
    guard let labels else { return .labeller(try source.labeller()) }
    guard !source.isGiven else {
      throw ServiceError(.usage, "--labels is scored without a network: leave out -m and -c, or --labels")
    }
    return .labels(try LabelFile(contentsOf: labels, channels: source.channelNames))
  }
}

extension BeatClassMap: ExpressibleByArgument {}
