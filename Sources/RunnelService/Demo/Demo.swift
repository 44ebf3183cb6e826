import Logging
import RunnelCore
import RunnelLabels
import RunnelSignal
import RunnelWire
import RunnelZeroMQ

/// The main job on one machine, with nothing made up but the heart: a synthetic ECG is published on a socket, the
/// daemon subscribes to it and publishes labels on another, and a subscriber reads them from there.
///
///     SyntheticSource ─▶ SamplePublisher ─tcp▶ Daemon ─tcp▶ subscriber ─▶ shown, compared with the true beats
public final class Demo {
  public struct Settings: Sendable {
    /// Of signal; nil goes on until it is stopped.
    public var seconds: Double?
    public var model: String
    public var seed: UInt64 = 1
    public var speed = PublishSpeed.times(1)

    public init(seconds: Double?, model: String) {
      self.seconds = seconds
      self.model = model
    }
  }

  private let publisher: SamplePublisher
  private let daemon: Daemon
  private let labels: Socket
  private var receiver = MultipartReceiver()
  private let truth = TrueBeats()
  private let rate: Double
  private var found = BeatLabels()
  private var ledger = LabelLedger()
  private var hasEnded = false

  public init(_ settings: Settings, logger: Logger) throws {
    var heart = SyntheticECG.Settings()
    heart.seconds = settings.seconds
    heart.seed = settings.seed
    heart.ventricularFraction = 0.12
    heart.supraventricularFraction = 0.06
    let source = try SyntheticSource(heart, stream: "synthetic")
    rate = source.rate
    source.heard = { [truth] in truth.beats += $0 }
    let context = ZeroMQContext()
    publisher = try SamplePublisher(
      source, SamplePublisher.Settings(endpoint: "tcp://127.0.0.1:*", speed: settings.speed, isLive: true),
      context: context)
    let read = try ConfigurationReader.read(
      text: Self.configuration(samples: publisher.endpoint, model: settings.model), file: "demo.yaml")
    daemon = try Daemon(
      read.configuration, models: ModelLoader.load(read.configuration.models), logger: logger)
    labels = try Socket(.sub, in: context)
    try labels.subscribe("l/")
    try labels.connect(daemon.outputEndpoints[0])
  }

  /// The configuration that the daemon of the demo runs, as anybody would write it.
  public static func configuration(samples: String, model: String) -> String {
    """
    streams:
      beds: {connect: "\(samples)", topic: s/*/, format: runnel}
    models:
      beats: {file: "\(model)"}
    pipelines:
      beats: {from: beds, channels: [MLII], model: beats}
    outputs:
      labels: {bind: "tcp://127.0.0.1:*", heartbeat: 1s}
    """
  }

  /// Where the signal and the labels can be had by others while it runs.
  public var endpoints: (samples: String, labels: String) { (publisher.endpoint, daemon.outputEndpoints[0]) }

  /// Runs until the signal ends or `stop` becomes readable. `show` gets each label as it was received.
  public func run(stop: StopSignal, show: (LabelMessage) -> Void) throws -> DemoReport {
    while daemon.subscriptions == 0 { try daemon.turn(within: 10) }
    while publisher.phase != .done {
      if stop.next() != nil { publisher.stop() }
      try publisher.turn(within: 0)
      try daemon.turn(within: 5)
      try receive(show)
    }
    let report = try daemon.drain()
    // What the daemon sent last is on its way over loopback; its end status closes the stream.
    var poller = Poller()
    _ = poller.add(labels)
    while !hasEnded, try poller.wait(milliseconds: 1000) > 0 { try receive(show) }
    return DemoReport(
      daemon: report, labelsLost: ledger.lost, scores: scores(rows: publisher.report.rows), beats: truth.beats.count)
  }

  private func receive(_ show: (LabelMessage) -> Void) throws {
    while case .message(let parts) = try receiver.receive(from: labels) {
      let message = try LabelDecoder().decode(parts)
      guard case .taken = ledger.enter(message), message.kind != .heartbeat else { continue }
      if case .status(.end, _) = message.kind { hasEnded = true }
      found.publish(message, arrived: 0)
      show(message)
    }
  }

  /// What was found of the beats whose label could have come by the end.
  private func scores(rows: Int64) -> BeatMatrix {
    let length = max(rows - Int64(0.8 * rate), 0)
    return BeatPairing(
      truth: truth.beats.filter { $0.at < length }, test: found.annotations.filter { $0.at < length }, rate: rate,
      length: length,
      scoring: BeatScoring(learning: 0)
    ).matrix
  }
}

/// The beats that the generator made, as it tells of them.
private final class TrueBeats {
  var beats: [Annotation] = []
}

/// What a demo ends with.
public struct DemoReport {
  public var daemon: DaemonReport
  /// Labels that the subscriber missed.
  public var labelsLost: Int64
  public var scores: BeatMatrix
  /// Beats that the generator made.
  public var beats: Int

  public var lines: [String] {
    let books = daemon.accounting
    let lost = books.rowsLost.addingClamped(books.dropped.total + books.rejected.total).addingClamped(labelsLost)
    return [
      "",
      "\(daemon.labels) labels, latency \(latency(50)) p50, \(latency(99)) p99, \(lost) lost",
    ] + daemon.lines + [found(.ventricular, "ventricular"), found(.supraventricular, "supraventricular"), beatsFound]
  }

  private func latency(_ percentile: Double) -> String {
    daemon.latencies.microseconds(atPercentile: percentile).map { "\(Int($0.rounded())) µs" } ?? "-"
  }

  private func found(_ question: BeatStatistics.Question, _ name: String) -> String {
    let s = BeatStatistics(question, of: scores)
    return "ectopic beats: \(s.truePositive) of \(s.truthCount) \(name) found, \(s.falsePositive) false"
  }

  private var beatsFound: String {
    let s = BeatStatistics(.qrs, of: scores)
    return "all beats: \(s.truePositive) of \(s.truthCount) found, \(s.falsePositive) false"
  }
}
