import ArgumentParser
import Glibc
import RunnelPipeline
import RunnelRecordings
import RunnelService
import RunnelWire

/// The pipeline, reading from files.
struct LabelCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "label",
    abstract: "Label recordings: the daemon's pipeline, reading from a file instead of a socket.",
    discussion: """
      Examples:
        runnel label 119.hea -m ecg-beats.safetensors --channels MLII
        runnel label 119.hea -m ecg-beats.safetensors --format jsonl --canonical > labels.jsonl
        runnel label 119.hea -c runnel.yaml --pipeline beats --from 5min --until 6min
        runnel label 119.hea -m ecg-beats.safetensors --channels MLII --format atr -o 119.rnl
        runnel label night.edf -m ecg-beats.safetensors --channels ECG -o labels.edf
        runnel label mitdb/*.hea -m ecg-beats.safetensors --channels MLII --format csv -o labels/
        runnel label mitdb/*.hea -m ecg-beats.safetensors --channels MLII -o 'labels/{}-beats.mcap' --jobs 4
        runnel label ward.mcap -c runnel.yaml --format csv -o labels/
        runnel label ward-0*.mcap -c runnel.yaml --canonical > labels.jsonl
        runnel label 119.hea -m untrained.safetensors --channels MLII --conditioned frames.npy

      In canonical form the labels are, byte for byte, those of the daemon fed by `runnel replay` of the same file. \
      --conditioned alone prints no labels. Row k of its array is frame k of the record; frames that a gap left out are NaN.

      Several recordings are labelled side by side, each as it would be alone, whatever --jobs is; on standard output they \
      follow each other. One that cannot be labelled does not keep the others from their outputs; the exit code is that of \
      the first of them. In annotations of the MIT format beats are beats, states are rhythm changes, (NAME to (none, and \
      other points are comments.

      Of what `runnel record` wrote every stream and session is labelled. jsonl, text and mcap hold them all; csv, atr and edf \
      have a file for each session: ward-bed7.csv, and ward-bed7-2.csv after a restart of its publisher, or ward.csv itself \
      where there is one session only. The parts of a recording that was split are labelled as one when they are given \
      together. --track labels one session as any other recording.
      """)

  typealias Format = LabelRun.Form

  @Argument(
    help: ArgumentHelp(
      "Recordings: WFDB (their headers NAME.hea), EDF, BDF, SigMF, WAV, CSV, XDF or MCAP.", valueName: "file"))
  var files: [String]

  @OptionGroup var tracks: TrackOptions

  @OptionGroup var source: PipelineOptions

  @Option(help: "Where to begin: 90s, 1.5min or a sample index. State starts fresh there.")
  var from: String?

  @Option(help: "Where to end, written like --from; that row is not read.")
  var until: String?

  @Option(
    help: "jsonl, text, atr, csv, edf or mcap. Default: what the output ends in; else text on a terminal, and jsonl.")
  var format: Format?

  @Flag(help: "jsonl without what differs between two runs over the same data (times, epochs, latency).")
  var canonical = false

  @Option(
    name: .shortAndLong,
    help: ArgumentHelp(
      "The file to write; of several recordings a folder, or a pattern with {} for the name.", valueName: "file"))
  var output: String?

  @Option(help: ArgumentHelp("Recordings at a time. Default: the cores.", valueName: "count"))
  var jobs: Int?

  @Option(help: ArgumentHelp("Write what the network sees to a NumPy file (T, D), f32.", valueName: "npy"))
  var conditioned: String?

  @Option(help: ArgumentHelp("What labels call the stream. Default: the record's name.", valueName: "name"))
  var stream: String?

  func run() throws {
    let form = try chosenForm()
    try checkOptions(form)
    let labeller = try source.labeller()
    var run = LabelRun(labeller, form: form, library: "runnel \(Version.text)")
    run.selection = try tracks.selection(channels: labeller.channelNames, from: from, until: until, stream: stream)
    run.canonical = canonical
    run.isWatched = Terminal.isRead
    let frames = conditioned.map { FrameFile($0, labeller) }
    if let frames { run.frames = { recording throws(ServiceError) in try frames.observer(of: recording) } }
    let recordings = run.recordings(files)
    let places = try output.map { try LabelPlaces.list($0, of: recordings, ending: (form ?? .jsonl).suffix) }
    try OutputPlace.check((places ?? []) + [conditioned], apartFrom: files + source.files)
    let meter = ProgressMeter()
    let failures = run.label(
      recordings, to: places, jobs: jobs ?? SideBySide.cores, hear: hear(meter, isAlone: recordings.count == 1)
    ) { meter.show($0) }
    meter.end()
    try finish(failures, of: recordings.count)
    if let frames, let conditioned { Terminal.say("\(conditioned): \(try frames.finish()) frames") }
  }

  /// - Parameter isAlone: of one recording, which, where it fails, ends the command with its own sentence.
  private func hear(_ meter: ProgressMeter, isAlone: Bool) -> @Sendable (LabelRun.Word) -> Void {
    { word in
      meter.pause()
      switch word {
      case .output(let bytes): bytes.withUnsafeBytes { Terminal.print($0) }
      case .message(let text): Terminal.say(text)
      case .failure(let error): if !isAlone { Terminal.complain(error) }
      }
    }
  }

  private func finish(_ failures: [ServiceError], of count: Int) throws {
    guard let first = failures.first else { return }
    guard count > 1 else { throw first }
    throw ServiceError(first.kind, "\(failures.count) of \(count) recordings were not labelled; the others were")
  }

  private func chosenForm() throws -> Format? {
    if let format { return format }
    if canonical { return .jsonl }
    if let output {
      let form = Format.allCases.first { output.hasSuffix(".\($0.suffix)") || output.hasSuffix(".\($0.rawValue)") }
      guard let form else {
        let forms = Format.allCases.map(\.rawValue).joined(separator: ", ")
        throw ServiceError(.usage, "-o \(output) does not say in which form: give --format, one of \(forms)")
      }
      return form
    }
    if conditioned != nil { return nil }
    return Terminal.isRead ? .text : .jsonl
  }

  private func checkOptions(_ form: Format?) throws {
    if canonical, let form, form != .jsonl {
      throw ServiceError(.usage, "--canonical is a form of jsonl, not of \(form.rawValue): leave one of them out")
    }
    if let form, output == nil, form != .jsonl, form != .text {
      let example = files.count > 1 ? "labels/" : form == .atr ? "119.rnl" : "labels.\(form.rawValue)"
      throw ServiceError(
        .usage, "--format \(form.rawValue) writes a file: name it with -o, for example -o \(example)")
    }
    if let jobs, jobs < 1 { throw ServiceError(.usage, "--jobs \(jobs) is nobody at work: give 1 or more") }
    if files.count > 1, let option = stream.map({ _ in "--stream" }) ?? conditioned.map({ _ in "--conditioned" }) {
      throw ServiceError(.usage, "\(option) is for one recording: leave it out, or give one")
    }
  }
}

extension LabelRun.Form: ExpressibleByArgument {}

/// The frames of the one lane of the one recording on their way into a file.
private final class FrameFile: @unchecked Sendable {
  private let path: String
  private let labeller: Labeller
  private var file: ConditionedFile?

  init(_ path: String, _ labeller: Labeller) {
    self.path = path
    self.labeller = labeller
  }

  func observer(of recording: RecordingSource) throws(ServiceError) -> FrameObserver {
    let lanes = try labeller.lanes(on: recording)
    guard lanes.count == 1, let model = labeller.plans.first?.model.description else {
      throw ServiceError(
        .usage,
        "--conditioned writes one lane, and there are \(lanes.count) "
          + "(\(lanes.map(\.channel).joined(separator: ", "))): choose with --channels")
    }
    file = try ConditionedFile(path, of: recording, modelRate: model.rate, width: model.inputs.count)
    return { [self] in file?.append($1, $2) }
  }

  func finish() throws -> Int { try file?.finish() ?? 0 }
}
