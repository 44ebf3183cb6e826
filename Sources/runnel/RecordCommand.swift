import ArgumentParser
import RunnelCore
import RunnelService

/// What arrives, on disk.
struct RecordCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "record",
    abstract: "Write down what arrives, byte for byte, every topic.",
    discussion: """
      Examples:
        runnel record -o ward.mcap tcp://127.0.0.1:5556
        runnel record -o ward.mcap -c runnel.yaml --split-every 1h
        runnel record -o ward.mcap tcp://bed7.ward:5556 tcp://bed8.ward:5556 --seconds 600 --json
        runnel record -o ward.mcap --from-daemon /run/runnel/control.sock
        runnel record --recover ward.mcap

      The file is MCAP: Zstandard chunks with indexes and statistics. Samples and labels of runnel can be read by \
      `runnel label`, `runnel convert` and, like every message, by MCAP's own programs; whatever else comes is kept with \
      all its parts. `runnel replay` sends it all again. With -c the inputs of a configuration are recorded, and the \
      configuration goes with them.

      --from-daemon records what a running daemon admits, with what it decided by the clock: `runnel label ward.mcap -c \
      CONFIG` gives its labels again, byte for byte in canonical form, of sessions that began after the recording did.

      It ends at Ctrl-C, SIGTERM, --seconds or --messages; where nothing came, no file is left, and none replaced. What it wrote is \
      on the disk then. A recorder that is killed loses at most the last second, and \
      --recover makes its file whole, wherever it breaks off, and says what was kept and what was not. Exit codes: 0 good, 65 \
      no MCAP file, one damaged in its middle, or one of which nothing can be kept, 69 nobody answers, or the endpoint is in use, or the file is being recorded, 73 the file \
      cannot be made or is there already, 74 the disk is full or fails, 77 permission.
      """)

  @Argument(help: "The publishers' endpoints, such as tcp://127.0.0.1:5556.")
  var endpoints: [String] = []

  @Option(
    name: .shortAndLong,
    help: ArgumentHelp("The file to write; split, it becomes FILE-0001.mcap and so on.", valueName: "file"))
  var output: String?

  @Option(name: .shortAndLong, help: "A configuration: its inputs are recorded.")
  var config: String?

  @Option(
    help: ArgumentHelp(
      "Record what the daemon with this control socket admits, with its verdicts. `runnel run` says where the socket is.",
      valueName: "socket"))
  var fromDaemon: String?

  @Flag(help: "For PUSH publishers. Takes their messages away from their other readers.")
  var pull = false

  @Flag(help: "Listen at the endpoints, for publishers that connect.")
  var bind = false

  @Flag(help: "Replace files that are there already, when the first message has come.")
  var force = false

  @Option(help: ArgumentHelp("Begin a new file before one has so many bytes: 1GiB. At least 1MiB.", valueName: "size"))
  var splitSize: String?

  @Option(help: ArgumentHelp("Begin a new file when one has so much time: 1h. At least 1s.", valueName: "duration"))
  var splitEvery: String?

  @Option(help: "End after so many seconds.", transform: Quantities.seconds("--seconds"))
  var seconds: Double?

  @Option(help: "End after so many messages.")
  var messages: UInt64?

  @Option(
    help: ArgumentHelp("Make a recording whole whose recorder was killed; with -o in another file.", valueName: "file"))
  var recover: String?

  @Flag(help: "Print the result as JSON.")
  var json = false

  func validate() throws {
    if recover != nil {
      guard endpoints.isEmpty, config == nil, fromDaemon == nil else {
        throw ValidationError("--recover mends a file and records nothing; leave endpoints, -c and --from-daemon away")
      }
      return
    }
    guard let output else { throw ValidationError("-o FILE.mcap says where to") }
    guard output.hasSuffix(".mcap") else {
      throw ValidationError("-o \(output): what is recorded is MCAP, so give a name that ends in .mcap")
    }
    if let seconds, !(0.1...1e9).contains(seconds) { throw ValidationError("--seconds goes from 0.1 to 1e9") }
    if messages == 0 { throw ValidationError("--messages is at least 1") }
    if fromDaemon != nil {
      guard endpoints.isEmpty, config == nil, !pull, !bind else {
        throw ValidationError("--from-daemon records a daemon; leave endpoints, -c, --pull and --bind away")
      }
      return
    }
    guard endpoints.isEmpty != (config == nil) else {
      throw ValidationError(
        endpoints.isEmpty
          ? "give endpoints, -c CONFIG whose inputs are recorded, or --from-daemon SOCKET"
          : "endpoints and -c exclude each other: a configuration names its endpoints itself")
    }
    guard config == nil || !(pull || bind) else {
      throw ValidationError("--pull and --bind go with endpoints; with -c they stand in the configuration")
    }
  }

  func run() throws {
    if let recover { return try mend(recover) }
    let stop = try StopSignal()
    let settings = try settings()
    if let fromDaemon { return try record(daemon: fromDaemon, settings, stop) }
    let inputs =
      try config.map { try ConfigurationFile.read($0).configuration.inputs } ?? [
        .bare(endpoints, kind: pull ? .pull : .sub, attachment: bind ? .bind : .connect)
      ]
    if inputs.contains(where: { $0.kind == .pull }) {
      Terminal.say("messages of PUSH publishers that are read here are lost to their other readers")
    }
    let recorder = try Recorder(inputs, settings)
    for endpoint in recorder.endpoints { Terminal.say("recording \(endpoint)") }
    recorder.tell = { event in
      Terminal.endProgress()
      switch event {
      case .connection(let endpoint, let peer):
        if [.connected, .gone].contains(peer.state) {
          Terminal.say(peer.sentence(of: endpoint, kind: pull ? .pull : .sub))
        }
      case .silence(let sentence): Terminal.say(sentence)
      }
    }
    let report = try recorder.run(stop: stop.fileDescriptor) { Terminal.progress($0) }
    Terminal.endProgress()
    say(report)
    if !recorder.wasConnected {
      let endpoints = Phrase.list(recorder.endpoints, "or")
      throw ServiceError(
        .unavailable, "nobody answered at \(endpoints): is the publisher running, and is its address right?")
    }
  }

  private func record(daemon socket: String, _ settings: Recorder.Settings, _ stop: StopSignal) throws {
    let recorder = try DaemonRecorder(try ControlCaller([socket]), settings)
    Terminal.say("recording what the daemon admits (\(socket))")
    let report = try recorder.run(stop: stop.fileDescriptor) { Terminal.progress($0) }
    Terminal.endProgress()
    say(report)
  }

  private func settings() throws -> Recorder.Settings {
    var settings = Recorder.Settings(path: output ?? "")
    settings.isForced = force
    settings.splitSize = try splitSize.map { try Int(size: $0, atLeast: 1 << 20, option: "--split-size") }
    settings.splitSpan = try splitEvery.map { try Double(duration: $0, option: "--split-every") }
    if let span = settings.splitSpan, !(1...1e9).contains(span) {
      throw ServiceError(.usage, "--split-every \(splitEvery ?? "") is too short or too long: give 1s or more")
    }
    settings.seconds = seconds
    settings.messages = messages
    settings.library = "runnel \(Version.text)"
    if let config { settings.configuration = (config, try ConfigurationFile.bytes(config)) }
    return settings
  }

  private func say(_ report: RecorderReport) {
    if json {
      var writer = JSONWriter()
      report.write(to: &writer)
      Terminal.print(writer.text)
    } else {
      Terminal.print(report.sentence)
      guard report.messages > 0 else { return }
      let files = report.files.joined(separator: " ")
      Terminal.say(
        fromDaemon == nil
          ? "next: runnel replay \(files) --to tcp://127.0.0.1:5556"
          : "next: runnel label \(files) -c CONFIG --canonical, with the daemon's configuration")
    }
  }

  private func mend(_ path: String) throws {
    let meter = ProgressMeter(unit: "bytes")
    let result = try RecordingMender.mend(path, to: output, library: "runnel \(Version.text)") {
      meter.show(path, $0, of: $1)
    }
    meter.end()
    if json {
      var writer = JSONWriter()
      result.write(to: &writer)
      Terminal.print(writer.text)
    } else {
      Terminal.print(result.sentence)
    }
  }
}
