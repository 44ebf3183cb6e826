import ArgumentParser
import RunnelCore
import RunnelService

/// What the network of the running daemon sees.
struct WindowCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "window",
    abstract: "Show the newest conditioned samples of a lane of the running daemon: what the network saw.",
    discussion: """
      Examples:
        runnel window bed7/beats/MLII
        runnel window bed7/beats/MLII --last 250ms
        runnel window bed7/beats/MLII -c runnel.yaml --csv > seen.csv
        runnel window bed7/beats/MLII --json | jq .values.MLII

      A lane is STREAM/PIPELINE/CHANNEL, as in its topic; `runnel status` lists them. A daemon keeps a second of each lane, \
      or the model's window where that is longer. Rows are frames of the model's rate with the input index each came with; \
      gaps that were not filled are one row, `missing` and how many frames. Exit codes: 1 no such lane, 69 no daemon answers.
      """)

  @Argument(help: "The lane, as STREAM/PIPELINE/CHANNEL.")
  var lane: String

  @OptionGroup var daemon: ControlOptions

  @Option(help: "Only the newest so many seconds, with a unit: 2s, 250ms (default: all that there is).")
  var last: String?

  @Flag(help: "As JSON: what the samples are, then a list for each column.")
  var json = false

  @Flag(help: "As CSV, with a head.")
  var csv = false

  func validate() throws {
    if json, csv { throw ValidationError("--json and --csv are two shapes; give one") }
  }

  func run() throws {
    var request: [JSONValue.Member] = [.init("do", .string("window")), .init("lane", .string(lane))]
    if let seconds = try seconds { request.append(.init("last", .number(seconds))) }
    let table = try WindowTable(daemon.call().ask(.object(request)))
    if json {
      var writer = JSONWriter()
      table.write(into: &writer)
      return Terminal.print(writer.text)
    }
    for line in csv ? table.csv : table.lines { Terminal.print(line) }
    if let seconds = try seconds, table.seconds < seconds - 1 / table.rate {
      Terminal.say("the lane has no more than \(Figure.text(table.seconds)) s")
    }
  }

  private var seconds: Double? {
    get throws {
      guard let last else { return nil }
      let seconds = try Double(duration: last, option: "--last")
      guard seconds > 0 else { throw ServiceError(.usage, "--last \(last) is nothing: give more than 0 s") }
      return seconds
    }
  }
}
