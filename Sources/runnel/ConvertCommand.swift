import ArgumentParser
import RunnelService

/// One format into another.
struct ConvertCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "convert",
    abstract: "Write a recording in another format, its annotations with it.",
    discussion: """
      Examples:
        runnel convert 119.hea 119.mcap
        runnel convert sleep.edf sleep.hea --track 100Hz
        runnel convert eeg.xdf eeg.edf --track BioSemi --allow-loss
        runnel convert force.csv force.hea --rate 1kHz --json

      It reads WFDB, EDF, BDF, SigMF, WAV, CSV, XDF and MCAP, and writes what OUT ends in: .mcap, .hea (WFDB), .edf \
      (EDF+), .bdf (BDF+) or .csv. Samples that fit stay as they are. Where the format cannot hold something, it says \
      what would be lost and stops with exit code 65; --allow-loss goes on without it. WFDB and EDF write gaps out: where \
      they would take more than 64 MiB, and sixteen times what is there, that is a loss, too. OUT is never IN itself, nor a file that belongs to it (64), and a \
      file that is there already is replaced with --force only (73).

      Annotations of a WFDB record are those of its .atr, or of --annotator; other formats carry their own. WFDB writes \
      them to NAME.atr, EDF+ among the samples, CSV to NAME.labels.csv, MCAP as labels.
      """)

  @Argument(help: ArgumentHelp("The recording to read.", valueName: "in"))
  var input: String

  @Argument(help: ArgumentHelp("The recording to write: .mcap, .hea, .edf, .bdf or .csv.", valueName: "out"))
  var output: String

  @OptionGroup var tracks: TrackOptions

  @Option(help: ArgumentHelp("Of a WFDB record: whose annotations go with it.", valueName: "extension"))
  var annotator: String?

  @Flag(help: "Write it though something is lost.")
  var allowLoss = false

  @Flag(help: "Replace files that are there already.")
  var force = false

  @Flag(help: "Print the result as JSON.")
  var json = false

  func run() throws {
    let meter = ProgressMeter()
    let converter = Converter(
      selection: try tracks.selection(), annotator: annotator, allowsLoss: allowLoss, replaces: force,
      library: "runnel \(Version.text)")
    let result = try converter.convert(input, to: output) { meter.show(output, $0, of: $1) }
    meter.end()
    if json {
      Terminal.print(result.json)
    } else {
      for remark in result.remarks { Terminal.say(remark) }
      Terminal.print(result.sentence)
    }
  }
}
