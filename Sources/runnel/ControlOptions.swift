import ArgumentParser
import RunnelService

/// Which running daemon is meant.
struct ControlOptions: ParsableArguments {
  @Option(name: .shortAndLong, help: "The configuration that the daemon was started with.")
  var config: String?

  @Option(help: "The daemon's control socket.")
  var socket: String?

  func validate() throws {
    if config != nil, socket != nil { throw ValidationError("--config and --socket both name the daemon; give one") }
  }

  func call() throws(ServiceError) -> ControlCaller { try ControlCaller(socket: socket, configuration: config) }
}
