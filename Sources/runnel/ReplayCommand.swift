import ArgumentParser
import RunnelCore
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
        runnel replay ward-*.mcap --to tcp://127.0.0.1:5556 --subscribers 2

      It waits for a subscriber first, with --subscribers 2 for two of them. A subscriber that stops reading makes it wait, and it says which; no row is \
      thrown away. The recording's sample indexes stay as they are, so --from joins the stream in its middle, and a gap \
      is a gap.

      What `runnel record` wrote is sent as it came: the same messages of every topic, byte for byte, at the same pace; of \
      a split recording all files in order. With --track, --from, --until, --stream, --subject, --chunk or --loop its \
      samples are published anew instead, as a stream that begins now.
      """)

  @Argument(
    help: ArgumentHelp(
      "A recording: WFDB (NAME.hea, or NAME), EDF, BDF, SigMF, WAV, CSV, XDF or MCAP; or the files of what was recorded.",
      valueName: "file"))
  var files: [String]

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
    if try isSentAsItCame { return try replayMessages() }
    guard files.count == 1, let file = files.first else {
      throw ServiceError(.usage, "several files are those of one recording that `runnel record` wrote: give one")
    }
    let settings = try options.settings(endpoint: endpoint, isLive: false)
    let source = try RecordingSource(
      file, try tracks.selection(from: from, until: until, stream: stream, subject: subject))
    for remark in source.remarks { Terminal.say(remark) }
    try options.publish(source, settings)
  }

  /// Whether messages are asked for, not samples.
  private var isSentAsItCame: Bool {
    get throws {
      guard [from, until, stream, subject, tracks.track, tracks.rate].allSatisfy({ $0 == nil }), options.chunk == nil,
        !options.loops
      else { return false }
      for file in files where try !RecordedMessages.isOne(file) { return false }
      return true
    }
  }

  private func replayMessages() throws {
    let stop = try StopSignal()
    let replayer = try MessageReplayer(files, try options.messageSettings(endpoint: endpoint))
    Terminal.say(replayer.banner)
    replayer.tell = { event in
      Terminal.endProgress()
      Terminal.say(event.sentence)
    }
    let report = try replayer.run(stop: stop) { Terminal.progress($0.progress) }
    Terminal.endProgress()
    for remark in replayer.remarks { Terminal.say(remark) }
    if options.json {
      var writer = JSONWriter()
      report.write(to: &writer, files: files, endpoint: replayer.endpoint)
      Terminal.print(writer.text)
    } else {
      Terminal.print(report.sentence)
    }
  }
}
