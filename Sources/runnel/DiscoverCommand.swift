import ArgumentParser
import RunnelCore
import RunnelService

/// What is really on the wire.
struct DiscoverCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "discover",
    abstract: "Subscribe to everything at an endpoint, say what is there, print a configuration for it.",
    discussion: """
      Examples:
        runnel discover tcp://127.0.0.1:5556
        runnel discover tcp://bed7.ward:5556 --seconds 20 > runnel.yaml
        runnel discover tcp://127.0.0.1:5556 --json | jq .topics

      The configuration goes to standard output, the findings to standard error. Exit codes: 0 a configuration was \
      printed, 1 what came is in no format that this version reads or nothing came, 69 nobody answers.
      """)

  @Argument(help: "The publisher's endpoint, such as tcp://127.0.0.1:5556.")
  var endpoint: String

  @Option(help: "How many seconds to listen (default: 5).", transform: Quantities.seconds("--seconds"))
  var seconds: Double = 5

  @Flag(help: "For a PUSH publisher. Takes its messages away from its other readers.")
  var pull = false

  @Flag(help: "Listen at the endpoint, for a publisher that connects.")
  var bind = false

  @Flag(help: "The findings as JSON on standard output.")
  var json = false

  func validate() throws {
    guard (0.1...86400).contains(seconds) else { throw ValidationError("--seconds goes from 0.1 to 86400") }
  }

  func run() throws {
    let stop = try StopSignal()
    let probe = try EndpointProbe(endpoint, kind: pull ? .pull : .sub, bind: bind)
    if pull { Terminal.say("messages read here are lost to the publisher's other readers") }
    Terminal.progress("listening at \(probe.endpoint) for \(seconds) s; Ctrl-C ends it early")
    let discovery = try probe.listen(seconds: seconds, stop: stop.fileDescriptor)
    Terminal.endProgress()
    if json {
      var writer = JSONWriter()
      discovery.write(to: &writer)
      Terminal.print(writer.text)
    } else {
      if discovery.messages > 0 { for line in discovery.words { Terminal.say(line) } }
      if let configuration = discovery.configuration { Terminal.print(configuration) }
    }
    if let refusal = discovery.refusal { throw refusal }
    if !json {
      Terminal.say("next: runnel discover \(endpoint) > runnel.yaml && runnel check -c runnel.yaml")
    }
  }
}
