import Logging
import RunnelCore
import RunnelPipeline
import RunnelWire
import RunnelZeroMQ
import Synchronization
import Testing

@testable import RunnelService

/// A daemon on loopback sockets, turned by the test itself: nothing runs beside it, and nothing waits for a time.
final class DaemonRig {
  let daemon: Daemon
  let sentences = Sentences()
  let context = ZeroMQContext()
  let labels: Socket
  private var receiver = MultipartReceiver()
  private let decoder = LabelDecoder()

  static let model =
    String(#filePath.dropLast("RunnelServiceTests/Daemon/DaemonRig.swift".count))
    + "Golden/models/conv-lstm.safetensors"

  /// - Parameters:
  ///   - stream: further keys of the input, one a line.
  ///   - pipeline: further keys of the pipeline.
  ///   - outputs: further outputs, a line each.
  ///   - endpoints: how the input meets its publishers.
  ///   - shards: threads for the lanes.
  ///   - control: where it answers who asks.
  init(
    endpoints: String = "bind: tcp://127.0.0.1:*", stream: [String] = ["format: runnel"], pipeline: [String] = [],
    channels: String = "[MLII]", outputs: [String] = [], shards: Int = 1, clock: Clock = .system,
    control: String? = nil
  ) throws {
    let text = """
      streams:
        beds:
          \(endpoints)
          \(stream.joined(separator: "\n    "))
      models:
        beats: {file: \(Self.model)}
      pipelines:
        beats:
          from: beds
          channels: \(channels)
          model: beats
          decide: {emit: every, smooth: none}
          \(pipeline.joined(separator: "\n    "))
      outputs:
        labels: {bind: "tcp://127.0.0.1:*", heartbeat: 100ms}
        \(outputs.joined(separator: "\n  "))
      shards: \(shards)
      """
    let configuration = try ConfigurationReader.read(text: text, file: "test.yaml").configuration
    let sentences = sentences
    let logger = Logger(label: "test") { _ in sentences }
    daemon = try Daemon(
      configuration, models: ModelLoader.load(configuration.models), clock: clock, logger: logger, control: control)
    labels = try Socket(.sub, in: context)
    try labels.subscribe("l/")
    try labels.connect(daemon.outputEndpoints[0])
    try turn(until: { daemon.subscriptions > 0 }, "the label subscription comes")
  }

  /// Turns the daemon until it is so; a bound on turns keeps a failing test from hanging.
  func turn(until isSo: () throws -> Bool, _ comment: Comment? = nil, at place: SourceLocation = #_sourceLocation)
    throws
  {
    for _ in 0..<4000 {
      if try isSo() { return }
      try daemon.turn(within: 5)
    }
    Issue.record(comment ?? "it never came to be", sourceLocation: place)
  }

  /// What a late subscriber to these labels gets at once: the last label, marked as a repeat.
  func repeatedLabel(of topic: String) throws -> LabelMessage? {
    let late = try Socket(.sub, in: context)
    try late.subscribe(topic)
    try late.connect(daemon.outputEndpoints[0])
    var own = MultipartReceiver()
    var repeated: LabelMessage?
    try turn(
      until: {
        while case .message(let parts) = try own.receive(from: late) {
          let message = try decoder.decode(parts)
          if message.isRepeat { repeated = message }
        }
        return repeated != nil
      }, "the repeat comes")
    return repeated
  }

  /// A publisher of the runnel format whose subscription has arrived, so that nothing it sends is lost.
  func publisher(
    _ description: StreamDescription, epoch: UInt64, element: ElementType = .int16, endpoint: Int = 0
  ) throws -> Publisher {
    let publisher = try Publisher(description, epoch: epoch, element: element, rig: self, endpoint: endpoint)
    try turn(until: { try publisher.isSubscribed() }, "the daemon subscribes")
    return publisher
  }

  /// A plain PUB-like socket that the daemon has subscribed to.
  func socket(endpoint: Int = 0) throws -> Socket {
    let socket = try Socket(.xpub, in: context)
    try socket.connect(daemon.inputEndpoints[endpoint])
    var own = MultipartReceiver()
    try turn(
      until: {
        if case .message = try own.receive(from: socket) { return true }
        return false
      }, "the daemon subscribes")
    return socket
  }

  /// Label messages that have come by now, turning until there are so many labels or events.
  func receive(labels count: Int) throws -> [LabelMessage] {
    var messages: [LabelMessage] = []
    try turn(
      until: {
        while case .message(let parts) = try receiver.receive(from: labels) {
          messages.append(try decoder.decode(parts))
        }
        return messages.count { $0.label != nil } >= count
      }, "\(count) labels come")
    return messages
  }

  /// All label messages up to the status `end`.
  func receiveAll() throws -> [LabelMessage] {
    var messages: [LabelMessage] = []
    try turn(
      until: {
        while case .message(let parts) = try receiver.receive(from: labels) {
          messages.append(try decoder.decode(parts))
        }
        return messages.contains {
          if case .status(.end, _) = $0.kind { true } else { false }
        }
      }, "the end comes")
    return messages
  }

  var accounting: Accounting { daemon.report().accounting }
}

/// A stream of the runnel format as a test publishes it.
final class Publisher {
  let socket: Socket
  var encoder: RunnelEncoder
  private var receiver = MultipartReceiver()

  init(_ description: StreamDescription, epoch: UInt64, element: ElementType, rig: DaemonRig, endpoint: Int = 0) throws
  {
    socket = try Socket(.xpub, in: rig.context)
    encoder = try RunnelEncoder(description, epoch: epoch, element: element)
    try socket.connect(rig.daemon.inputEndpoints[endpoint])
  }

  func isSubscribed() throws -> Bool {
    while case .message(let parts) = try receiver.receive(from: socket) {
      if let subscription = Subscription(parts), subscription.covers(encoder.topic.bytes) { return true }
    }
    return false
  }

  func describe() throws { _ = try encoder.withDescription { try socket.send($0) } }
  func end() throws { _ = try encoder.withEnd { try socket.send($0) } }

  func send(_ samples: [Int16], rows: Int? = nil) throws {
    _ = try samples.withUnsafeBytes { payload in
      try encoder.withSamples(payload, rows: rows ?? samples.count) { try socket.send($0) }
    }
  }

  func send(_ samples: [Float]) throws {
    _ = try samples.withUnsafeBytes { payload in
      try encoder.withSamples(payload, rows: samples.count) { try socket.send($0) }
    }
  }
}

/// What the daemon said.
final class Sentences: LogHandler, Sendable {
  private let lines = Mutex<[String]>([])
  var metadata: Logger.Metadata {
    get { [:] }
    set {}
  }
  var logLevel: Logger.Level {
    get { .debug }
    set {}
  }
  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { nil }
    set {}
  }

  func log(event: LogEvent) { lines.withLock { $0.append("\(event.level): \(event.message)") } }

  var all: [String] { lines.withLock { $0 } }

  /// How many sentences hold all these words.
  func count(_ words: String...) -> Int { all.count { line in words.allSatisfy(line.contains) } }
}

extension StreamDescription {
  /// One channel in i16 of 200 units per millivolt.
  static func bed(_ name: String = "bed7", rate: Double = 360, channel: String = "MLII", unit: String? = "mV")
    -> StreamDescription
  {
    StreamDescription(
      stream: name, rate: rate,
      channels: [Channel(name: channel, unit: unit, scaling: .linear(scale: 0.005, offset: 0))])
  }
}

/// Something that looks like a signal.
func wave(_ rows: Int, seed: UInt64 = 1) -> [Int16] {
  var random = SeededGenerator(seed: seed)
  return (0..<rows).map { Int16(60 * random.uniform()) + ($0 % 300 < 9 ? 180 : 0) }
}
