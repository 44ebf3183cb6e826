import ArgumentParser
import RunnelCore
import RunnelLabels
import RunnelService

/// Labels held against the truth.
struct ScoreCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "score",
    abstract: "Score labels against annotations as ANSI/AAMI EC57 does: beat by beat, or episode by episode.",
    discussion: """
      Examples:
        runnel score 119.hea --truth-extension atr -m ecg-beats.safetensors --channels MLII
        runnel score mitdb/2*.hea --truth-extension atr -m ecg-beats.safetensors --channels MLII --json
        runnel score mitdb/2*.hea --truth-extension atr --labels 'labels/{}.csv' --report report.html
        runnel score 119.hea --truth 119.atr --labels labels.jsonl
        runnel score holter.edf -m ecg-beats.safetensors --channels ECG
        runnel score 119.hea --truth-extension atr -m ecg-beats.safetensors --reference-beats
        runnel score 119.hea --truth-extension atr -c runnel.yaml --fail-under V.sensitivity=0.8
        runnel score afdb/*.hea --truth-extension atr --labels 'af/{}.jsonl' --episodes --only AFIB --ignore AFL
        runnel score night.edf --truth hypnogram.edf -m sleep.safetensors --episodes --rename 'Sleep stage W=W'

      Beats are point events called N, S, V, F or Q (unknown is Q). Episodes are states: events with onset and offset, labels \
      that hold until the next, marks with a length, rhythm changes ((AFIB is AFIB) and [ ] (VF) of the MIT format. The \
      truth, and --labels, are annotations in the MIT format, EDF+ or another recording with marks, a table (first,label and \
      others), or label messages as JSON lines or MCAP; without --truth it is in the recording itself. Definitions of every \
      figure: docs/scoring.md. Exit code 1 where --fail-under is not reached.
      """)

  @Argument(
    help: ArgumentHelp(
      "Recordings: WFDB (their headers NAME.hea), EDF, BDF, SigMF, WAV, CSV, XDF or MCAP.", valueName: "file"))
  var files: [String]

  @OptionGroup var tracks: TrackOptions

  @Option(help: ArgumentHelp("The truth stands beside each record, as NAME.EXTENSION.", valueName: "extension"))
  var truthExtension: String?

  @Option(help: ArgumentHelp("The file with the truth; with {} for the record's name one for each.", valueName: "file"))
  var truth: String?

  @OptionGroup var source: PipelineOptions

  @Option(
    help: ArgumentHelp(
      "Labels to score in place of running a network; with {} for the record's name a file for each.", valueName: "file"
    ))
  var labels: String?

  @Option(help: ArgumentHelp("Records at a time. Default: the cores.", valueName: "count"))
  var jobs: Int?

  @Option(help: "What is left out at the start of each record, such as 5min or 0s.")
  var learning = "300s"

  // MARK: beats

  @Option(help: "Class map: aami (e and j are N) or bxb (they are S).")
  var aami: BeatClassMap = .aami

  @Option(help: "How far apart two beats may be and still be the same.")
  var window = "150ms"

  @Flag(help: "Ask the network for the class of each true beat, so that classes alone are judged.")
  var referenceBeats = false

  // MARK: episodes

  @Flag(help: "Score states, episode by episode, in place of beats.")
  var episodes = false

  @Option(help: ArgumentHelp("Episodes: the labels that count, separated by commas.", valueName: "labels"))
  var only: String?

  @Option(
    help: ArgumentHelp("Episodes: labels that mean nothing is there. Default: none,unknown.", valueName: "labels"))
  var background: String?

  @Option(help: ArgumentHelp("Episodes: what labels of either side are called here, FROM=TO,…", valueName: "list"))
  var rename: String?

  @Option(help: ArgumentHelp("Episodes: stretches of the truth that count neither way.", valueName: "labels"))
  var ignore: String?

  @Option(help: ArgumentHelp("Episodes: leave out shorter ones.", valueName: "duration"))
  var shortest: String?

  @Option(
    help: ArgumentHelp(
      "Episodes: the part that must be covered to count as found, 0 to 1. Default: any.", valueName: "fraction"))
  var coverage: Double?

  // MARK: what comes of it

  @Option(
    help: ArgumentHelp(
      "Gross figures to reach, separated by commas: LABEL.FIGURE=FRACTION, such as V.sensitivity=0.8.",
      valueName: "list"))
  var failUnder: String?

  @Flag(help: "JSON in place of tables.")
  var json = false

  @Option(help: ArgumentHelp("Write a page with tables and the worst stretches drawn, too.", valueName: "html"))
  var report: String?

  func run() throws {
    let kind: ScoreFloor.Kind = episodes ? .episodes : .beats
    let floors = try failUnder.map { try ScoreFloor.list($0, of: kind) } ?? []
    if let jobs, jobs < 1 { throw ServiceError(.usage, "--jobs \(jobs) is nobody at work: give 1 or more") }
    let method = try method()
    var scorer = Scorer(truth: try truthSource(), detections: try detections(), method: method)
    scorer.selection = try tracks.selection()
    try OutputPlace.check([report], apartFrom: scorer.files(of: files) + source.files)
    let meter = ProgressMeter()
    let records = try scorer.compare(files, jobs: jobs ?? SideBySide.cores) { meter.show($0) }
    meter.end()
    for remark in records.flatMap(\.remarks) { Terminal.say("warning: \(remark)") }
    switch method {
    case .beats(let scoring):
      let report = ScoreReport(scoring: scoring, of: records)
      try write(ScorePage(report, of: records, subject: subject, library: library), scorer.selection)
      show(report.table) { report.json(into: &$0) }
      try fail(floors.compactMap { $0.shortfall(of: report) })
    case .episodes(let scoring):
      let report = EpisodeReport(scoring: scoring, of: records)
      try write(ScorePage(report, of: records, subject: subject, library: library), scorer.selection)
      show(report.table) { report.json(into: &$0) }
      try fail(floors.compactMap { $0.shortfall(of: report) })
    }
  }

  private func show(_ table: String, _ write: (inout JSONWriter) -> Void) {
    guard json else { return Terminal.print(String(table.dropLast())) }
    var writer = JSONWriter()
    write(&writer)
    Terminal.print(writer.text)
  }

  private func write(_ page: ScorePage, _ selection: RecordingSource.Selection) throws {
    guard let report else { return }
    try page.write(to: report, selection: selection)
    Terminal.say("\(report): the report")
  }

  private var library: String { "runnel \(Version.text)" }

  /// What is scored, by the names of its files.
  private var subject: String {
    let name = { (path: String) in path.split(separator: "/").last.map(String.init) ?? path }
    if let labels { return name(labels) }
    return [source.model, source.config].compactMap { $0 }.map(name).joined()
      + (source.channels.map { " on \($0)" } ?? "")
  }

  private func fail(_ shortfalls: [String]) throws {
    if !shortfalls.isEmpty { throw ServiceError(.no, shortfalls.joined(separator: "; ")) }
  }

  // MARK: options become what the service asks for

  private func method() throws -> Scorer.Method {
    let learning = try Double(duration: learning, option: "--learning")
    let ofEpisodes = [
      ("--only", only), ("--background", background), ("--rename", rename), ("--ignore", ignore),
      ("--shortest", shortest),
      ("--coverage", coverage.map { "\($0)" }),
    ]
    guard episodes else {
      if let (option, _) = ofEpisodes.first(where: { $0.1 != nil }) {
        throw ServiceError(.usage, "\(option) is for episodes: add --episodes, or leave it out")
      }
      return .beats(
        BeatScoring(
          classMap: aami, window: try Double(duration: window, option: "--window"), learning: learning,
          usesReferenceBeats: referenceBeats))
    }
    if referenceBeats { throw ServiceError(.usage, "--reference-beats is for beats: leave out --episodes, or it") }
    if let coverage, !(0...1).contains(coverage) {
      throw ServiceError(.usage, "--coverage \(coverage) is no fraction from 0 to 1: EC57 asks for 0.5 of ST episodes")
    }
    var scoring = EpisodeScoring(learning: learning, labels: list(only), ignored: Set(list(ignore)))
    if background != nil { scoring.background = Set(list(background)) }
    for pair in list(rename) {
      guard let equals = pair.lastIndex(of: "="), equals != pair.startIndex else {
        throw ServiceError(.usage, "--rename \(pair): write FROM=TO, for example --rename AF=AFIB")
      }
      scoring.names[String(pair[..<equals])] = String(pair[pair.index(after: equals)...])
    }
    scoring.shortest = try shortest.map { try Double(duration: $0, option: "--shortest") } ?? 0
    scoring.coverage = coverage ?? 0
    return .episodes(scoring)
  }

  private func list(_ text: String?) -> [String] { (text ?? "").split(separator: ",").map(String.init) }

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
