import Glibc
import Logging
import RunnelCore
import RunnelPipeline
import RunnelWire
import RunnelZeroMQ

/// A configuration's pipelines under synthetic load, in this process: a thread that publishes, the daemon as it is, a thread
/// that subscribes, and real sockets over loopback between them.
///
///     LoadPublisher ─tcp▶ Daemon (this thread, and its shards) ─tcp▶ LoadSubscriber
///
/// Endpoints, topics and formats of the configuration give way to the bench's own; models, pipelines, rules, shards and
/// queues stay.
public final class LoadBench {
  private let settings: LoadSettings
  private let clock = Clock.system
  private let context = ZeroMQContext()
  private let daemon: Daemon
  private let publisher: LoadPublisher
  private let subscriber: LoadSubscriber
  private let lanes: Int
  private let meters: [StepTime]
  private let carriedBytes: Int

  /// - Throws: `ServiceError`: 78 where no pipeline can be loaded so.
  public init(
    _ configuration: Configuration, models: [String: Model], settings: LoadSettings, logger: Logger
  ) throws {
    self.settings = settings
    var configuration = configuration
    let shape = try LoadShape(configuration, models: models, settings: settings)
    try shape.redirect(&configuration)
    var meters: [StepTime] = []
    daemon = try Daemon(configuration, models: models, clock: clock, logger: logger) {
      let meter = StepTime()
      meters.append(meter)
      return meter
    }
    self.meters = meters
    (lanes, carriedBytes) = (shape.lanes, shape.carriedBytes)
    let publisher = LoadPublisher(
      streams: shape.streams, channels: shape.channels, rowsPerMessage: settings.rowsPerMessage, rate: shape.rate,
      endpoint: daemon.inputEndpoints[0], kind: configuration.inputs[0].kind == .sub ? .xpub : .push, context: context,
      clock: clock)
    self.publisher = publisher
    subscriber = LoadSubscriber(
      endpoint: daemon.outputEndpoints[0], context: context, clock: clock,
      schedule: { publisher.schedule.withLock { $0 } })
  }

  /// Loads and measures; `progress` hears a few words now and then.
  public func run(progress: (String) -> Void) throws -> LoadReport {
    let (publisher, subscriber) = (publisher, subscriber)
    let threads = [
      OwnThread { try? publisher.run() }, OwnThread { try? subscriber.run() },
    ]
    defer {
      publisher.order(.stop)
      publisher.used.store(.max / 2, ordering: .releasing)
      subscriber.stop()
      for thread in threads { thread.join() }
    }
    while daemon.subscriptions == 0 { try turn() }
    var report = LoadReport(settings: settings, lanes: lanes, streams: publisher.streams, rate: publisher.rate)
    try open(&report, progress)
    switch settings.load {
    case .max: report.phases.append(try measure("max", interval: 0, seconds: settings.seconds, progress))
    case .half:
      let fastest = try measure("max", interval: 0, seconds: settings.seconds / 2, progress)
      report.phases.append(fastest)
      let interval = 2e9 * Double(publisher.streams) / max(fastest.messagesPerSecond, 1)
      report.phases.append(try measure("half", interval: interval, seconds: settings.seconds / 2, progress))
    case .real:
      let interval = 1e9 * Double(publisher.rowsPerMessage) / publisher.rate
      report.phases.append(try measure("real", interval: interval, seconds: settings.seconds, progress))
    }
    report.accounting = try daemon.drain().accounting
    return report
  }

  /// The first message of each stream opens its lanes.
  private func open(_ report: inout LoadReport, _ progress: (String) -> Void) throws {
    progress("opening \(lanes) lanes")
    let (memory, start) = (ResidentMemory.bytes, clock.monotonic())
    publisher.order(.open)
    while !publisher.isDone || daemon.laneCount < lanes || !isThrough {
      try turn()
      if clock.monotonic() - start > 120_000_000_000 {
        throw ServiceError(
          .no, "after 120 s \(daemon.laneCount) of \(lanes) lanes were open: give fewer --channels")
      }
    }
    report.openSeconds = Double(clock.monotonic() - start) / 1e9
    report.bytesPerLane = max(0, ResidentMemory.bytes - memory) / lanes
    report.carriedBytesPerLane = carriedBytes
  }

  private func measure(
    _ name: String, interval: Double, seconds: Double, _ progress: (String) -> Void
  ) throws -> LoadReport.Phase {
    let before = daemon.accounting
    let (times, steps) = (daemon.processorTimes, meters.map(\.total))
    _ = subscriber.take()
    let start = clock.monotonic()
    publisher.order(.send(interval: interval, seconds: seconds))
    var told = start
    while !publisher.isDone || !isThrough {
      try turn()
      let now = clock.monotonic()
      if now - told > 500_000_000 {
        told = now
        progress("\(name): \((now - start) / 1_000_000_000) of \(Int(seconds.rounded(.up))) s")
      }
      // What was dropped on the way is never used.
      if now - start > Int64((seconds + 10) * 1e9) { break }
    }
    let took = Double(clock.monotonic() - start) / 1e9
    let after = daemon.accounting
    var phase = LoadReport.Phase(name: name, seconds: took)
    phase.rows = (after.rowsUsed - before.rowsUsed) * Int64(publisher.channels.count)
    phase.messages = after.messagesDecoded - before.messagesDecoded
    phase.rowsLost = after.rowsLost - before.rowsLost
    let spent = zip(daemon.processorTimes, times).map { Double($0 - $1) }.reduce(0, +)
    phase.processorSeconds = spent / 1e9
    // An estimate, of what cannot be more than all.
    phase.stepShare = min(1, zip(meters.map(\.total), steps).map { $0 - $1 }.reduce(0, +) / max(spent, 1))
    // Labels of the last rows are on their way.
    let settle = clock.monotonic() + 200_000_000
    while clock.monotonic() < settle { try turn() }
    let found = subscriber.take()
    phase.labels = found.labels
    if interval > 0 { phase.latencies = found.latencies }
    return phase
  }

  private var isThrough: Bool {
    publisher.used.load(ordering: .relaxed) >= publisher.sent.load(ordering: .relaxed)
  }

  private func turn() throws {
    try daemon.turn(within: 1)
    let accounting = daemon.accounting
    publisher.used.store(
      (accounting.rowsUsed + accounting.dropped.total) / Int64(publisher.rowsPerMessage), ordering: .releasing)
  }
}
