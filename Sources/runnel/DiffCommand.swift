import ArgumentParser
import RunnelCore
import RunnelLabels
import RunnelService

/// Two files of labels, side by side.
struct DiffCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "diff",
    abstract: "Compare two files of labels.",
    discussion: """
      Examples:
        runnel diff live.jsonl offline.jsonl --canonical
        runnel diff 119.atr 119.rnl --tolerance 54
        runnel diff old.csv new.edf --rate 360Hz --tolerance 150ms --score-tolerance 0.01
        runnel diff old.jsonl new.mcap --json

      A file holds label messages (JSON lines or MCAP), a table (first,count,t_ns,channel,label,id,p, or other columns with \
      a place and a label), annotations in the MIT format, EDF+, or another recording with marks; the two may be of \
      different kinds. Labels are paired within their lane: those of one name first, then any within the tolerance. A line \
      begins with - for what is in the first file only, + for the second only, ~ for pairs whose label, length or score \
      differs; scores are compared where both files have them. --canonical compares label messages byte for byte, in the \
      form without times, epochs and latency, lane by lane.

      Exit codes: 0 the same, 1 not the same, 64 options that do not fit, 65 bad data, 66 no such file.
      """)

  @Argument(help: ArgumentHelp("A file of labels.", valueName: "a"))
  var a: String

  @Argument(help: ArgumentHelp("The other one.", valueName: "b"))
  var b: String

  @Option(
    help: ArgumentHelp(
      "How far apart two labels may be: samples such as 3, or a time such as 10ms.", valueName: "distance"))
  var tolerance: String?

  @Option(help: ArgumentHelp("How much the scores of a pair may differ.", valueName: "fraction"))
  var scoreTolerance: Float?

  @Option(help: ArgumentHelp("Rows a second, for files and tolerances in seconds: 360Hz.", valueName: "frequency"))
  var rate: String?

  @Flag(help: "Label messages byte for byte, in canonical form.")
  var canonical = false

  @Flag(help: "JSON in place of lines.")
  var json = false

  func run() throws {
    if canonical { return try compareCanonical() }
    if let scoreTolerance, !(scoreTolerance >= 0) {
      throw ServiceError(.usage, "--score-tolerance \(scoreTolerance) is below 0: give a fraction such as 0.01")
    }
    let comparison = try LabelComparison(
      a, b, tolerance: try tolerance.map { text in try RecordingPosition(text, as: "tolerance") } ?? .index(0),
      score: scoreTolerance ?? 0, rate: try rate.map { try Double(frequency: $0, option: "--rate") })
    if json {
      Terminal.print(comparison.json)
    } else {
      for line in comparison.lines { Terminal.print(line) }
      Terminal.print(comparison.summary)
    }
    if !comparison.isSame { throw ExitCode(ServiceError.Kind.no.rawValue) }
  }

  private func compareCanonical() throws {
    guard tolerance == nil, scoreTolerance == nil, rate == nil, !json else {
      throw ServiceError(
        .usage,
        "--canonical compares bytes: leave out --tolerance, --score-tolerance, --rate and --json, or --canonical")
    }
    let comparison = try CanonicalComparison(a, b)
    for sentence in comparison.sentences { Terminal.print(sentence) }
    guard comparison.sentences.isEmpty else { throw ExitCode(ServiceError.Kind.no.rawValue) }
    Terminal.print(
      "the same: \(Phrase.count(comparison.count, "message")) of \(Phrase.count(comparison.lanes, "lane")), byte for byte"
    )
  }
}
