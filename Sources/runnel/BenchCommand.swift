import ArgumentParser
import Glibc
import Logging
import RunnelCore
import RunnelPipeline
import RunnelRecordings
import RunnelService

/// How many channels this machine carries, and how soon their labels come.
struct BenchCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bench",
    abstract: "Load a configuration's pipelines with synthetic channels and measure them.",
    discussion: """
      Examples:
        runnel bench -c runnel.yaml --channels 500
        runnel bench -c runnel.yaml --channels 64 --rows-per-message 1 --load real --json
        runnel bench --hidden 64 --layers 2 --channels 256 --load max
        runnel bench --hidden 16 --channels 1000 --streams 10 --shards 2

      Everything runs in this process, over loopback sockets: a thread publishes, the daemon works, a thread subscribes. \
      Endpoints and topics of the configuration are not used. Loads: max (as fast as rows are taken), half (max, then half \
      of what it found, on a schedule), real (at the streams' rate). A latency counts from when its row's message was due \
      to the label's arrival. Exit code 1: rows were lost.
      """)

  @Option(name: .shortAndLong, help: "The configuration; without one a network of random weights.")
  var config: String?

  @Option(help: "Without -c: rnn, gru or lstm.")
  var cell = "lstm"

  @Option(help: "Without -c: hidden units.")
  var hidden = 64

  @Option(help: "Without -c: recurrent layers.")
  var layers = 1

  @Option(help: "Without -c: which labels are published: every or change.")
  var emit = "change"

  @Option(help: "Channels, over all streams.")
  var channels: Int

  @Option(help: "Streams that share them.")
  var streams = 1

  @Option(help: "Rows that come in one message.")
  var rowsPerMessage = 36

  @Option(help: "max, half or real.")
  var load: LoadSettings.Load = .half

  @Option(
    help: "Rows a second of each channel; default: the configuration's or the model's, 360 without -c.",
    transform: Quantities.hertz("--rate"))
  var rate: Double?

  @Option(help: "Threads for the lanes, in place of the configuration's.")
  var shards: Int?

  @Option(help: "Seconds of measuring (default: 10).", transform: Quantities.seconds("--seconds"))
  var seconds = 10.0

  @Option(help: ArgumentHelp("Without -c: leave the configuration and the model in this folder.", valueName: "folder"))
  var keep: String?

  @Flag(help: "The report as one JSON object.")
  var json = false

  func validate() throws {
    guard channels >= 1, streams >= 1, (1...100_000).contains(rowsPerMessage) else {
      throw ValidationError("--channels, --streams and --rows-per-message are 1 or more")
    }
    guard seconds > 0, seconds <= 3600 else { throw ValidationError("--seconds is above 0 and at most 3600") }
    guard rate ?? 1 > 0, rate ?? 1 <= 1e6 else { throw ValidationError("--rate is above 0 and at most 1e6") }
    guard (1...1024).contains(hidden), (1...16).contains(layers) else {
      throw ValidationError("--hidden is 1 to 1024, --layers 1 to 16")
    }
    guard (1...ShardRouter.mostShards).contains(shards ?? 1) else {
      throw ValidationError("--shards is 1 to \(ShardRouter.mostShards)")
    }
  }

  func run() throws {
    let folder = config == nil ? try keep ?? Self.temporaryFolder() : nil
    defer { if keep == nil, let folder { Self.remove(folder) } }
    let file = try config ?? make(in: folder ?? ".")
    var configuration = try ConfigurationFile.read(file).configuration
    if let shards { configuration.shards = shards }
    let bench: LoadBench
    do {
      bench = try LoadBench(
        configuration, models: ModelLoader.load(configuration.models),
        settings: LoadSettings(
          channels: channels, streams: streams, rowsPerMessage: rowsPerMessage, load: load, rate: rate, seconds: seconds
        ),
        logger: StandardErrorLog.logger(level: .error))
    } catch let error as ServiceError { throw ConfigurationProof.placed(error, in: file) }
    let report = try bench.run { Terminal.progress($0) }
    Terminal.endProgress()
    if json {
      var writer = JSONWriter()
      writer.write(report.json)
      Terminal.print(writer.text)
    } else {
      for line in report.lines { Terminal.print(line) }
    }
    if !report.isWhole {
      throw ServiceError(
        .no, "rows were lost: the load was more than was taken; lower --channels or --rate, or give --shards")
    }
  }

  private func make(in folder: String) throws -> String {
    let model = try LoadModel.bytes(cell: cell, hidden: hidden, layers: layers, rate: rate ?? 360)
    let text = LoadModel.configuration(model: "bench.safetensors", emit: emit, shards: shards ?? 1)
    do throws(RecordingError) {
      try ByteFile.write(model, to: "\(folder)/bench.safetensors")
      try ByteFile.write(Array(text.utf8), to: "\(folder)/runnel.yaml")
    } catch { throw ServiceError(.cannotCreate, "\(error)") }
    return "\(folder)/runnel.yaml"
  }

  private static func temporaryFolder() throws -> String {
    var template = Array("/tmp/runnel-bench-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else {
      throw ServiceError(
        .cannotCreate, "no folder can be made in /tmp: \(String(cString: strerror(errno))); give --keep FOLDER")
    }
    return String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
  }

  private static func remove(_ folder: String) {
    for name in ["bench.safetensors", "runnel.yaml"] { unlink("\(folder)/\(name)") }
    rmdir(folder)
  }
}

extension LoadSettings.Load: ExpressibleByArgument {}
