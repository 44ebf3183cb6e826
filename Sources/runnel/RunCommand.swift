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
        runnel check -c runnel.yaml && runnel run -c runnel.yaml --log-level warning

      Under systemd it says READY once models are checked and sockets bound, and feeds the watchdog while it works. \
      `runnel status` asks the running daemon what it is doing. SIGTERM, Ctrl-C and a terminal that is closed drain what \
      has arrived and end it with the accounting in the log; without a terminal SIGHUP is ignored. A changed \
      configuration is read at the next start.
      """)

  @Option(name: .shortAndLong, help: "The configuration file.")
  var config: String

  @Option(help: "The least important messages shown: notice (everything), warning or error.")
  var logLevel: LogLevel = .notice

  func run() throws {
    // A service hears SIGHUP of who rotates logs or means a reload: no reason to stop labelling.
    if !Terminal.isHeld { signal(SIGHUP, SIG_IGN) }
    let stop = try StopSignal()
    let notifier = ServiceNotifier()
    let logger = StandardErrorLog.logger(level: logLevel.level)
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
      stop: stop.fileDescriptor, alive: notifier.watchdogInterval.map { ($0, { notifier.watchdog() }) },
      status: { notifier.status($0) }, draining: { notifier.stopping("draining") })
    for line in report.lines { logger.notice("\(line)") }
  }
}

/// The levels at which something is said.
enum LogLevel: String, CaseIterable, ExpressibleByArgument {
  case notice, warning, error

  var level: Logger.Level {
    switch self {
    case .notice: .notice
    case .warning: .warning
    case .error: .error
    }
  }
}
