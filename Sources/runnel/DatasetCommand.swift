import ArgumentParser
import RunnelCore
import RunnelInference
import RunnelLabels
import RunnelService

/// Training sets, conditioned as live.
struct DatasetCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "dataset",
    abstract: "Make (X, y) of recordings, conditioned by the same code as live: no train/serve skew.",
    discussion: """
      Examples:
        runnel dataset mitdb/1*.hea -o train --whole -m untrained.safetensors --channels MLII
        runnel dataset mitdb/1*.hea -o train --window 360 --hop 120 --target last -m model.safetensors
        runnel dataset mitdb/1*.hea -o train --window 3s --hop 1s --rate 120Hz --conditioning filters.json --channels MLII
        runnel dataset mitdb/1*.hea -o beats --events -m with-event-stage.safetensors

      Of windows x is written once and overlap costs nothing. Two lines of Python make them, batch first; a third turns \
      them time first:
        x, index, y = (np.load(f"train/{name}.npy", mmap_mode="r") for name in ("x", "index", "y"))
        X = x[index[:, None] + np.arange(360)]        # (N, T, D); T is window.length in manifest.json
        X = X.transpose(1, 0, 2)                      # (T, N, D), for batch_first=False

      --whole writes NAME.x.npy (T, D), NAME.y.npy (T) and NAME.mask.npy (T) of each record NAME. y counts from 0 in the \
      order of `classes` in manifest.json; it is -1 where nobody knows, and mask is 0 there and where the network would \
      have no frame or be warming. python/runnel_dataset.py loads all of it.

      A number for --window and --hop counts frames of the model's rate; 3s is a time. FILE for --conditioning is JSON as \
      a model file has it: {"filters": [{"design": "band-pass", "order": 2, "low": 0.5, "high": 40}]}.

      Exit codes: 64 options that do not fit, 65 bad data, 66 no such record or annotations, 73 the folder exists.
      """)

  @Argument(
    help: ArgumentHelp(
      "Recordings: WFDB (their headers NAME.hea), EDF, BDF, SigMF, WAV, CSV, XDF or MCAP.", valueName: "file"))
  var files: [String]

  @Option(name: .shortAndLong, help: ArgumentHelp("The folder to make; a new one.", valueName: "dir"))
  var output: String

  // MARK: what to write

  @Flag(help: "Each record as it is, for training with carried state.") var whole = false
  @Option(help: ArgumentHelp("Windows of so many frames, or of a time such as 3s.", valueName: "length"))
  var window: String?
  @Option(
    help: ArgumentHelp("From the start of a window to the next. Default: the window's length.", valueName: "length"))
  var hop: String?
  @Option(help: ArgumentHelp("Which frame of a window y is of: last, a number from 0 on, or all.", valueName: "frame"))
  var target: String?
  @Flag(help: "What the event stage is told of each event of the model.") var events = false

  // MARK: what it is conditioned for

  @OptionGroup var source: PipelineOptions
  @Option(help: ArgumentHelp("Frames a second, in place of a model: 120Hz.", valueName: "frequency"))
  var rate: String?
  @Option(help: ArgumentHelp("With --rate: a JSON file of filters and normalisation.", valueName: "file"))
  var conditioning: String?

  // MARK: what is to be learned

  @Option(
    help: ArgumentHelp(
      "True beats stand beside each record, as NAME.EXTENSION, or in the recording itself.", valueName: "extension"))
  var truth = "atr"
  @Option(help: "Which annotations make which class: aami (e and j are N) or bxb (they are S).")
  var map: BeatClassMap = .aami
  @Option(
    help: ArgumentHelp(
      "Classes in the order of y, separated by commas. Default: the model's labels, or none,N,S,V,F,Q.",
      valueName: "names"))
  var classes: String?
  @Option(help: ArgumentHelp("How wide a beat is in y, around its annotation.", valueName: "duration"))
  var targetWidth = "80ms"
  @Option(
    help: ArgumentHelp(
      "How far y lags behind what it speaks of, conditioning included. Default: the model's delay, or 0s.",
      valueName: "duration"))
  var delay: String?

  @Flag(help: "JSON in place of words: the manifest.") var json = false

  func run() throws {
    let (labeller, input) = try feed()
    let rule = try targets(labeller)
    let dataset = try Dataset(
      try form(labeller, input), labeller: labeller, input: input, rule: rule,
      truth: truth.first == "." ? String(truth.dropFirst()) : truth, tool: "runnel \(Version.text)")
    let meter = ProgressMeter()
    let manifest = try dataset.write(files, to: output, warn: { Terminal.say("warning: \($0)") }) { meter.show($0) }
    meter.end()
    if json {
      var writer = JSONWriter()
      manifest.json(into: &writer)
      Terminal.print(writer.text)
    } else {
      Terminal.print("\(output): \(manifest.text)")
      if Terminal.isInteractive { Terminal.say("next: python3 python/runnel_dataset.py \(output)") }
    }
  }

  // MARK: options become what the service asks for

  /// Which lanes condition, and for what kind of network.
  private func feed() throws -> (Labeller, TrainingInput) {
    let delay = try self.delay.map { try Double(duration: $0, option: "--delay") }
    guard let rate else {
      guard conditioning == nil else {
        throw ServiceError(.usage, "--conditioning goes with --rate; a model states its own")
      }
      guard source.isGiven else {
        throw ServiceError(
          .usage,
          "nothing says what the network is fed with: give -m MODEL, -c CONFIG, or --rate (and --conditioning for filters)"
        )
      }
      let labeller = try source.labeller()
      guard labeller.plans.count == 1 else {
        throw ServiceError(
          .usage,
          "the configuration has several pipelines: choose with --pipeline \(labeller.plans[0].name), for example")
      }
      var input = TrainingInput(labeller.plans[0].model.description)
      if let delay { input.delay = delay }
      return (labeller, input)
    }
    guard !source.isGiven, source.pipeline == nil, source.unit == nil else {
      throw ServiceError(
        .usage, "--rate is without -m and -c, and what goes with them: a model states its rate itself, and wants units")
    }
    let input = try TrainingInput(
      rate: try Double(frequency: rate, option: "--rate"), delay: delay ?? 0, like: files.first ?? "",
      channels: source.channelNames, conditioningFile: conditioning)
    return (try Labeller(model: try input.standIn(), channels: source.channelNames), input)
  }

  private func targets(_ labeller: Labeller) throws -> TargetRule {
    let model = labeller.plans[0].model.description
    var names = classes.map { $0.split(separator: ",").map(String.init) }
    var none = "none"
    let labels = events ? TargetRule.classes(ofEventsOf: model) : TargetRule.classes(of: model)
    if names == nil, rate == nil, let labels {
      names = labels.classes
      none = labels.none
    }
    return try TargetRule(
      map: map, classes: names, none: none, width: try Double(duration: targetWidth, option: "--target-width"))
  }

  private func form(_ labeller: Labeller, _ input: TrainingInput) throws -> Dataset.Form {
    let asked = [whole, window != nil, events].count { $0 }
    guard asked < 2 else {
      throw ServiceError(.usage, "--whole, --window and --events are three kinds of training set: choose one")
    }
    guard window != nil || asked == 0 || (hop == nil && target == nil) else {
      throw ServiceError(.usage, "--hop and --target go with --window")
    }
    if whole { return .whole }
    if events {
      guard rate == nil else { throw ServiceError(.usage, "--events needs a trained model: give -m MODEL") }
      return .events
    }
    if let window {
      return .windows(
        try WindowCut(window: window, hop: hop ?? window, target: target ?? "last", rate: input.rate))
    }
    if rate == nil, let cut = WindowCut(labeller.plans[0]) { return .windows(cut) }
    guard rate == nil, hop == nil, target == nil else {
      throw ServiceError(.usage, "say what to write: --whole, or --window 3s --hop 1s")
    }
    return .whole
  }
}
