import ArgumentParser
import RunnelCore
import RunnelService

/// What the running daemon is doing.
struct StatusCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "status",
    abstract: "Show what the running daemon is doing: messages, rows, streams, lanes, labels.",
    discussion: """
      Examples:
        runnel status
        runnel status -c runnel.yaml
        runnel status --socket /run/runnel/control.sock --json | jq .streams

      Without an option it asks the only daemon of this user or of the service. It asks over the daemon's unix socket, \
      which is for the daemon's user and group only. Exit code 69: no daemon answers.
      """)

  @OptionGroup var daemon: ControlOptions

  @Flag(help: "The daemon's answer as it came, a line of JSON.")
  var json = false

  func run() throws {
    let answer = try daemon.call().ask(.object([.init("do", .string("status"))]))
    if json { return Terminal.print(answer.line) }
    for line in StatusLines(answer.value).lines { Terminal.print(line) }
  }
}
