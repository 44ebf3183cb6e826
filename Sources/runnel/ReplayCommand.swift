import ArgumentParser
import RunnelService

/// Sends a recording as if it came from a device.
struct ReplayCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "replay",
    abstract: "Publish a recording with its original timing, faster, or as fast as it is read.",
    discussion: """
      Examples:
        runnel replay 119.hea --to tcp://127.0.0.1:5556
        runnel replay 119.hea --to tcp://127.0.0.1:5556 --speed max
        runnel replay 119.hea --to ipc:///run/user/1000/ecg --from 60s --until 5min --loop
        runnel replay sleep.edf --track 100Hz --to tcp://127.0.0.1:5556

      It waits for a subscriber first. A subscriber that stops reading makes it wait, and it says which; no row is \
      thrown away. The recording's sample indexes stay as they are, so --from joins the stream in its middle, and a gap \
      is a gap.
      """)

  @Argument(help: "A recording: WFDB (NAME.hea, or NAME), EDF, BDF, SigMF, WAV, CSV, XDF or MCAP.")
  var file: String

  @Option(name: .customLong("to"), help: "tcp://HOST:PORT (port * is any free one), ipc://PATH.")
  var endpoint: String

  @Option(help: "Begin at this time (60s, 5min) or sample index (21600).")
  var from: String?

  @Option(help: "End before this time or sample index.")
  var until: String?

  @Option(help: "The stream's name (default: the record's).")
  var stream: String?

  @Option(help: "Whose signal it is, for the stream's description: any text.")
  var subject: String?

  @OptionGroup var tracks: TrackOptions
  @OptionGroup var options: PublishOptions

  func run() throws {
    let settings = try options.settings(endpoint: endpoint, isLive: false)
    let source = try RecordingSource(
      file, try tracks.selection(from: from, until: until, stream: stream, subject: subject))
    for remark in source.remarks { Terminal.say(remark) }
    try options.publish(source, settings)
  }
}
