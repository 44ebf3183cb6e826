import ArgumentParser
import Glibc
import Logging
import RunnelService

/// The daemon.
struct RunCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run",
    abstract: "Run the daemon: subscribe, label, publish, until SIGTERM or Ctrl-C.",
    discussion: """
      Examples:
        runnel run -c runnel.yaml
        runnel check -c runnel.yaml && runnel run -c runnel.yaml --log-level debug

      Under systemd it says READY once models are checked and sockets bound. `runnel status` asks the running daemon \
      what it is doing. SIGTERM drains what has arrived and ends with the accounting in the log.
      """)

  @Option(name: .shortAndLong, help: "The configuration file.")
  var config: String

  @Option(help: "The least important messages shown.")
  var logLevel: Logger.Level = .notice

  func run() throws {
    let stop = try StopSignal()
    let notifier = ServiceNotifier()
    let logger = StandardErrorLog.logger(level: logLevel)
    let configuration = try ConfigurationFile.read(config)
    notifier.status("checking models")
    let daemon: Daemon
    do {
      let models = try ModelLoader.load(configuration.configuration.models)
      daemon = try Daemon(
        configuration.configuration, models: models, logger: logger,
        control: try ControlPlace.path(
          configuration.configuration.control, configuration: config, environment: ConfigurationFile.environment),
        origin: ControlPlace.whole(config))
    } catch let error as ServiceError { throw ConfigurationProof.placed(error, in: config) }
    for line in daemon.banner { logger.notice("\(line)") }
    notifier.ready(daemon.statusLine)
    let report = try daemon.run(
      stop: stop.fileDescriptor, status: { notifier.status($0) }, draining: { notifier.stopping("draining") })
    for line in report.lines { logger.notice("\(line)") }
  }
}

extension Logger.Level: @retroactive ExpressibleByArgument {}
