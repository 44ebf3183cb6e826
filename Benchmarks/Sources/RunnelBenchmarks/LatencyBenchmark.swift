import Foundation
import Logging
import RunnelCore
import RunnelRecordings
import RunnelService
import RunnelWire
import RunnelZeroMQ
import Synchronization

/// From a sample to its label, through tcp on loopback: a message goes out, and the next one when its last label has
/// come. Beside it the same through a thread that only sends back what it receives.
struct LatencyBenchmark {
  var pace: Pace

  private var rounds: Int { pace.isQuick ? 300 : 3000 }

  var section: Section {
    get throws {
      var section = Section(
        "latency",
        "Sample to label over tcp on loopback, one message at a time, LSTM of 16, 4 classes; an echo of the same bytes",
        [
          ("rows", "rows in a message"), ("echo_p50_us", "echo p50 µs"), ("echo_p99_us", "p99"),
          ("label_p50_us", "label p50 µs"), ("label_p99_us", "p99"), ("ratio_p99", "ratio of p99"),
        ])
      for rows in [1, 36] {
        let echo = try Responder { try Self.echo($0, $1) }
        let back = try trips(to: echo, rows: rows, labels: 1)
        try echo.end()
        let daemon = try Responder { try Self.run($0, $1) }
        let labelled = try trips(to: daemon, rows: rows, labels: rows)
        try daemon.end()
        section.rows.append([
          .count(rows), .figure(back.p50 * 1e6), .figure(back.p99 * 1e6), .figure(labelled.p50 * 1e6),
          .figure(labelled.p99 * 1e6), .figure(labelled.p99 / back.p99),
        ])
      }
      return section
    }
  }

  // MARK: the one who asks

  private struct Trips {
    var p50: Double
    var p99: Double

    init(_ seconds: [Double]) {
      let sorted = seconds.sorted()
      p50 = sorted[sorted.count / 2]
      p99 = sorted[sorted.count * 99 / 100]
    }
  }

  /// - Parameter labels: messages that a message brings back.
  private func trips(to responder: Responder, rows: Int, labels: Int) throws -> Trips {
    let context = ZeroMQContext()
    let out = try Socket(.xpub, in: context)
    let back = try Socket(.sub, in: context)
    try out.connect(responder.endpoints.input)
    try back.subscribe("")
    try back.connect(responder.endpoints.output)
    var receiver = MultipartReceiver()
    var poller = Poller()
    _ = poller.add(out)
    _ = poller.add(back)
    let description = StreamDescription(
      stream: "bed7", rate: 360, channels: [Channel(name: "x0", scaling: .linear(scale: 0.005, offset: 0))])
    var encoder = try RunnelEncoder(description, epoch: 1, element: .int16)
    let samples = (0..<rows).map { Int16($0 % 100) }

    // Nothing that is sent before its subscription has come reaches anybody.
    var wanted = ["m/bed7/", "s/bed7/"].map { Array($0.utf8) }
    while !wanted.isEmpty {
      try poller.wait(milliseconds: 1000)
      while case .message(let parts) = try receiver.receive(from: out) {
        if let subscription = Subscription(parts) { wanted.removeAll { subscription.covers($0) } }
      }
    }
    _ = try encoder.withDescription { try out.send($0) }
    func trip(within limit: Int64) throws -> Double {
      let began = Clock.system.monotonic()
      _ = try samples.withUnsafeBytes { payload in
        try encoder.withSamples(payload, rows: rows) { try out.send($0) }
      }
      var left = labels
      while left > 0 {
        guard case .message(let parts) = try receiver.receive(from: back) else {
          guard Clock.system.monotonic() - began < limit else { break }
          try poller.wait(milliseconds: 10)
          continue
        }
        if responder.isAnswer(parts) { left -= 1 }
      }
      return Double(Clock.system.monotonic() - began) / 1e9
    }
    // The first answers are lost while the other connection is made.
    for _ in 0..<50 { _ = try trip(within: 100_000_000) }
    return Trips(try (0..<rounds).map { _ in try trip(within: 10_000_000_000) })
  }

  // MARK: those who answer

  /// Sends back whatever comes.
  private static func echo(_ stop: Int32, _ ready: (Responder.Endpoints) -> Void) throws {
    let context = ZeroMQContext()
    let input = try Socket(.sub, in: context)
    let output = try Socket(.xpub, in: context)
    let ends = Responder.Endpoints(
      input: try input.bind("tcp://127.0.0.1:*"), output: try output.bind("tcp://127.0.0.1:*"))
    try input.subscribe("")
    var receiver = MultipartReceiver()
    var poller = Poller()
    let stopping = poller.add(fileDescriptor: stop)
    _ = poller.add(input)
    let subscribing = poller.add(output)
    ready(ends)
    while !poller.ready(stopping).contains(.readable) {
      try poller.wait(milliseconds: 1000)
      if poller.ready(subscribing).contains(.readable) {
        while case .message = try receiver.receive(from: output) {}
      }
      while case .message(let parts) = try receiver.receive(from: input) { _ = try output.send(parts) }
    }
    poller.remove(stopping)
  }

  /// The daemon as `runnel run` runs it.
  private static func run(_ stop: Int32, _ ready: (Responder.Endpoints) -> Void) throws {
    let path = NSTemporaryDirectory() + "runnel-benchmark-\(getpid()).safetensors"
    defer { unlink(path) }
    try ByteFile.write(try MadeModel(CellShape(.lstm, hidden: 16, inputs: 1), hasHead: true).bytes, to: path)
    let text = """
      streams:
        beds: {bind: "tcp://127.0.0.1:*", topic: s/bed7/, format: runnel}
      models:
        small: {file: \(path)}
      pipelines:
        small: {from: beds, model: small, decide: {emit: every}}
      outputs:
        labels: {bind: "tcp://127.0.0.1:*", heartbeat: 10s}
      """
    let configuration = try ConfigurationReader.read(text: text, file: "benchmark.yaml").configuration
    let logger = Logger(label: "benchmark") { _ in SwiftLogNoOpLogHandler() }
    let daemon = try Daemon(configuration, models: ModelLoader.load(configuration.models), logger: logger)
    ready(.init(input: daemon.inputEndpoints[0], output: daemon.outputEndpoints[0]))
    _ = try daemon.run(stop: stop)
  }
}

/// A thread that answers, from its first bind to its stop.
private final class Responder: Sendable {
  struct Endpoints: Sendable {
    var input: String
    var output: String
  }

  let endpoints: Endpoints
  private let writer: Int32
  private let ended: DispatchSemaphore

  /// - Parameter body: is given a descriptor that becomes readable when it is to end, and tells its endpoints.
  init(_ body: @escaping @Sendable (Int32, (Endpoints) -> Void) throws -> Void) throws {
    var ends: [Int32] = [0, 0]
    guard pipe(&ends) == 0 else { throw ServiceError(.unavailable, "no pipe") }
    let (reader, started, ended) = (ends[0], DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
    final class Told: Sendable {
      let endpoints = Mutex<Endpoints?>(nil)
      let failure = Mutex<String?>(nil)
    }
    let told = Told()
    Thread.detachNewThread {
      do {
        try body(reader) { made in
          told.endpoints.withLock { $0 = made }
          started.signal()
        }
      } catch { told.failure.withLock { $0 = "\(error)" } }
      close(reader)
      started.signal()
      ended.signal()
    }
    started.wait()
    guard let made = told.endpoints.withLock({ $0 }) else {
      throw ServiceError(.unavailable, told.failure.withLock { $0 } ?? "nobody answers")
    }
    endpoints = made
    writer = ends[1]
    self.ended = ended
  }

  /// A label, or what an echo sent back; the daemon says other things too.
  func isAnswer(_ parts: MessageParts) -> Bool {
    guard let first = parts[0].first else { return false }
    if first == UInt8(ascii: "s") { return parts.count == 3 }
    return (try? LabelDecoder().decode(parts))?.isDecision == true
  }

  func end() throws {
    _ = write(writer, "x", 1)
    ended.wait()
    close(writer)
  }
}
