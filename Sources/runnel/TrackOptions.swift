import ArgumentParser
import RunnelService

/// What is taken of recordings that hold several tracks, or do not say their rate.
struct TrackOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Of a recording with several: an XDF stream, an MCAP stream, or the signals of one rate, such as 100Hz. Default: the one that has the channels.",
      valueName: "name"))
  var track: String?

  @Option(
    help: ArgumentHelp(
      "For a file that states no rate, such as a CSV table: 360Hz. One that states another is refused.",
      valueName: "frequency"))
  var rate: String?

  func selection(
    channels: [String] = [], from: String? = nil, until: String? = nil, stream: String? = nil, subject: String? = nil
  ) throws -> RecordingSource.Selection {
    RecordingSource.Selection(
      track: track, channels: channels, rate: try rate.map { try Double(frequency: $0, option: "--rate") },
      from: try from.map { text in try RecordingPosition(text) },
      until: try until.map { text in try RecordingPosition(text) }, stream: stream, subject: subject)
  }
}
