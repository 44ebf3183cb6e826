import ArgumentParser
import Glibc
import RunnelPipeline
import RunnelRecordings
import RunnelService
import RunnelWire

/// The pipeline with a file for a spring.
struct LabelCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "label",
    abstract: "Label a recording: the daemon's pipeline with a file for a spring.",
    discussion: """
      Examples:
        runnel label 119.hea -m ecg-beats.safetensors --channels MLII
        runnel label 119.hea -m ecg-beats.safetensors --format jsonl --canonical > labels.jsonl
        runnel label 119.hea -c runnel.yaml --pipeline beats --from 5min --until 6min
        runnel label 119.hea -m ecg-beats.safetensors --channels MLII --format atr -o 119.rnl
        runnel label night.edf -m ecg-beats.safetensors --channels ECG --format edf -o labels.edf
        runnel label 119.hea -m untrained.safetensors --channels MLII --conditioned frames.npy

      In canonical form the labels are, byte for byte, those of the daemon fed by `runnel replay` of the same file. \
      --conditioned alone prints no labels. Row k of its array is frame k of the record; frames that a gap left out are NaN.
      """)

  enum Format: String, ExpressibleByArgument, CaseIterable {
    /// One label message a line.
    case jsonl
    /// For people.
    case text
    /// An annotation file in the MIT format.
    case atr
    /// A table: first,count,t_ns,channel,label,id,p.
    case csv
    /// EDF+ with annotations only.
    case edf
    /// The messages themselves.
    case mcap

    var isFile: Bool { self != .jsonl && self != .text }
  }

  @Argument(
    help: ArgumentHelp(
      "A recording: WFDB (its header NAME.hea), EDF, BDF, SigMF, WAV, CSV, XDF or MCAP.", valueName: "file"))
  var file: String

  @OptionGroup var tracks: TrackOptions

  @OptionGroup var source: PipelineOptions

  @Option(help: "Where to begin: 90s, 1.5min or a sample index. State starts fresh there.")
  var from: String?

  @Option(help: "Where to end, written like --from; that row is not read.")
  var until: String?

  @Option(help: "jsonl, text, or a file: atr, csv, edf, mcap. Default: text on a terminal, else jsonl.")
  var format: Format?

  @Flag(help: "jsonl without what differs between two runs over the same data (times, epochs, latency).")
  var canonical = false

  @Option(
    name: .shortAndLong,
    help: ArgumentHelp("The file to write, with --format atr, csv, edf or mcap.", valueName: "file"))
  var output: String?

  @Option(help: ArgumentHelp("Write what the network sees to a NumPy file (T, D), f32.", valueName: "npy"))
  var conditioned: String?

  @Option(help: ArgumentHelp("What labels call the stream. Default: the record's name.", valueName: "name"))
  var stream: String?

  func run() throws {
    try checkOptions()
    let labeller = try source.labeller()
    let recording = try RecordingSource(
      file, try tracks.selection(channels: labeller.channelNames, from: from, until: until, stream: stream))
    for remark in recording.remarks { Terminal.say("warning: \(remark)") }
    let frames = try conditioned.map { try FrameSink($0, labeller: labeller, recording: recording) }
    switch chosenFormat {
    case nil:
      var nowhere = Nowhere()
      try label(labeller, recording, into: &nowhere, frames)
    case .jsonl, .text: try printLines(labeller, recording, frames)
    case .atr: try writeAnnotations(labeller, recording, frames)
    case .csv: try write(.csv, labeller, recording, frames)
    case .edf: try write(.edf, labeller, recording, frames)
    case .mcap: try write(.mcap, labeller, recording, frames)
    }
    if let frames, let conditioned { Terminal.say("\(conditioned): \(try frames.finish()) frames") }
  }

  private var chosenFormat: Format? {
    if let format { return format }
    if canonical { return .jsonl }
    if conditioned != nil { return nil }
    return Terminal.isRead ? .text : .jsonl
  }

  private func checkOptions() throws {
    if canonical, let format, format != .jsonl {
      throw ServiceError(.usage, "--canonical is a form of jsonl, not of \(format.rawValue): leave one of them out")
    }
    let isFile = format?.isFile == true
    if isFile, output == nil, let format {
      let example = format == .atr ? "119.rnl" : "labels.\(format.rawValue)"
      throw ServiceError(
        .usage, "--format \(format.rawValue) writes a file: name it with -o, for example -o \(example)")
    }
    if !isFile, output != nil {
      throw ServiceError(.usage, "-o goes with --format atr, csv, edf or mcap; redirect other formats with > FILE")
    }
  }

  private func printLines(_ labeller: Labeller, _ recording: RecordingSource, _ frames: FrameSink?) throws {
    let output = OutputBuffer()
    let form: LabelLines.Form =
      chosenFormat == .text ? .text(rate: recording.rate) : .json(canonical: canonical)
    var lines = LabelLines(form) { output.append($0) }
    try label(labeller, recording, into: &lines, frames) { if Terminal.isRead { output.flush() } }
    output.flush()
  }

  private func writeAnnotations(_ labeller: Labeller, _ recording: RecordingSource, _ frames: FrameSink?) throws {
    let lanes = try labeller.lanes(on: recording)
    guard lanes.count == 1 else {
      throw ServiceError(
        .usage,
        "an annotation file holds one lane, and there are \(lanes.count) "
          + "(\(lanes.map(\.channel).joined(separator: ", "))): choose with --channels")
    }
    var beats = BeatLabels()
    try label(labeller, recording, into: &beats, frames)
    if let mistake = beats.mistake { throw ServiceError(.data, mistake) }
    do { try AnnotationFile(beats.annotations).write(to: output ?? "") } catch { throw ServiceError(error) }
    Terminal.say("\(output ?? ""): \(beats.annotations.count) beats")
  }

  private func write(
    _ form: LabelOutput.Form, _ labeller: Labeller, _ recording: RecordingSource, _ frames: FrameSink?
  ) throws {
    var file = LabelOutput(
      form, output ?? "", rate: recording.rate, start: recording.start, library: "runnel \(Version.text)")
    try label(labeller, recording, into: &file, frames)
    Terminal.say("\(output ?? ""): \(try file.finish()) labels")
  }

  private func label<Sink: LabelSink>(
    _ labeller: Labeller, _ recording: RecordingSource, into sink: inout Sink, _ frames: FrameSink?,
    flush: () -> Void = {}
  ) throws {
    let (total, name) = (Int(recording.rowCount ?? 0), recording.description.stream)
    let meter = ProgressMeter(name)
    let observer: FrameObserver? = frames.map { frames in { frames.append($1, $2) } }
    let counts = try labeller.label(recording, into: &sink, frames: observer) { rows in
      flush()
      meter.show(Int(rows), of: total)
    }
    meter.end()
    if counts.windowsLeftOut > 0 {
      Terminal.say(
        "\(name): \(counts.windowsLeftOut) windows have no label: they begin before the first row or, less the delay, "
          + "speak of one before it, end behind the last, or contain a gap that was not filled")
    }
  }
}

/// Collects small writes to standard output.
final class OutputBuffer {
  private var bytes: [UInt8] = []
  private static let size = 1 << 16

  func append(_ more: UnsafeRawBufferPointer) {
    bytes.append(contentsOf: more)
    if bytes.count >= Self.size { flush() }
  }

  func flush() {
    guard !bytes.isEmpty else { return }
    bytes.withUnsafeBytes { Terminal.print($0) }
    bytes.removeAll(keepingCapacity: true)
  }
}

/// For who wants the frames only.
private struct Nowhere: LabelSink {
  func publish(_ label: LabelMessage, arrived: Int64) {}
}

/// The frames of the one lane on their way into a file.
private final class FrameSink {
  private var file: ConditionedFile

  init(_ path: String, labeller: Labeller, recording: RecordingSource) throws {
    let lanes = try labeller.lanes(on: recording)
    guard lanes.count == 1, let model = labeller.plans.first?.model.description else {
      throw ServiceError(
        .usage,
        "--conditioned writes one lane, and there are \(lanes.count) "
          + "(\(lanes.map(\.channel).joined(separator: ", "))): choose with --channels")
    }
    file = try ConditionedFile(
      path, rows: Int64(recording.range.lowerBound)..<Int64(recording.range.upperBound), rate: recording.rate,
      modelRate: model.rate, width: model.inputs.count)
  }

  func append(_ steps: Range<Int64>, _ frames: UnsafeBufferPointer<Float>) { file.append(steps, frames) }
  func finish() throws -> Int { try file.finish() }
}
