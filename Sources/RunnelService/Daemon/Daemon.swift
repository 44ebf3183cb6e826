import Logging
import RunnelCore
import RunnelPipeline
import RunnelWire
import RunnelZeroMQ

/// The outer story: sockets and files around the pipeline.
///
///     wait ─▶ receive ─▶ decode ─▶ admit ─▶ (pipeline: condition … settle) ─▶ encode ─▶ publish
///       ▲                                                                                  │
///       └────────────── heartbeats, ticks, connections, the signal to stop ◀───────────────┘
///
/// One thread owns the sockets. With one shard it does it all: a message is admitted, stepped and its labels are sent
/// before the next wait, with no queue in between. With more the lanes step on threads of their own (`ShardGroup`), while
/// this one receives, admits and publishes. `init` binds everything; `run` returns after the drain.
public final class Daemon {
  public let configuration: Configuration
  /// Where subscribers find the outputs, in the configuration's order.
  public let outputEndpoints: [String]
  let clock: Clock
  private let log: OperatorLog
  private let context = ZeroMQContext()
  private(set) var inputs: [InputSocket] = []
  private(set) var intakes: [Intake] = []
  let plans: [(input: String, plan: PipelinePlan)]
  let host: any LaneHost
  let publisher: LabelPublisher
  /// Nil where nobody can look on.
  let onlookers: ConditionedPublisher?
  let control: ControlServer?
  /// Tells recorders what is admitted; nil where nobody can ask for it.
  let tap: AdmittedTap?
  /// Who hears what is admitted.
  private let owner: any LaneOwner
  /// What clients asked of lanes on other threads.
  var questions: [LaneQuestion] = []
  /// The configuration's path, for who asks; empty where there is none.
  let origin: String
  let startedAt: Int64
  private(set) var throughput = Throughput()
  private var receiver = MultipartReceiver()
  private var poller = Poller()
  private var readable: [Poller.Entry] = []
  private var connections: [Poller.Entry] = []
  private var nextTick: Int64 = 0
  /// When a sign of life is due, and how it is given.
  private var nextSign = Int64.max
  private var sign: (every: Int64, give: () -> Void)?
  /// When a batch that lingers is due.
  private var nextBatch: Int64?
  private(set) var lanes = LaneCounts()
  private var lastStatus = ""

  /// How often waits of held messages and of silent streams are looked at.
  private static let tick: Int64 = 100_000_000
  /// Messages taken from one socket before the others have their turn.
  private static let batch = 256
  /// How long a drain may go on when publishers do not stop.
  private static let drainLimit: Int64 = 3_000_000_000
  /// How long recorders may take for what is left, in milliseconds.
  private static let recordersLimit: Int32 = 2000

  /// Binds and connects every socket of the configuration.
  ///
  /// - Parameter models: by their names in the configuration, checked.
  /// - Parameter control: where it answers who asks what it is doing; nil for nowhere.
  /// - Parameter origin: the configuration's path, for who asks.
  /// - Parameter meter: makes what is told of each step of one shard; nil where nobody asks.
  /// - Throws: `ServiceError` (69 where an endpoint is in use or cannot be reached, 73 where the folder of one is not there,
  ///   77 where it may not be had, 78 where model and configuration contradict each other).
  public init(
    _ configuration: Configuration, models: [String: Model], clock: Clock = .system, logger: Logger,
    control: String? = nil, origin: String = "", meter: (() -> any StepMeter)? = nil
  ) throws {
    self.configuration = configuration
    self.clock = clock
    self.origin = origin
    startedAt = clock.monotonic()
    log = OperatorLog(logger, clock: clock)
    self.control = try Self.server(at: control, configuration.control, log)
    let epoch = UInt64(clear: clock.unix())
    do {
      let now = clock.monotonic()
      let outputs = try configuration.outputs.map { [context] in ($0, try OutputSocket($0, context: context)) }
      outputEndpoints = outputs.map(\.1.endpoint)
      publisher = LabelPublisher(
        outputs: outputs.filter { $0.0.content == .labels }.map { output, socket in
          LabelPublisher.Output(output, socket: socket, nextHeartbeat: now)
        }, clock: clock)
      onlookers = ConditionedPublisher(outputs.filter { $0.0.content == .conditioned }, clock: clock)
      plans = try configuration.plans(models: models)
      try configuration.checkLanes(of: plans)
      host = try configuration.host(
        plans, epoch: epoch, publisher: publisher, onlookers: onlookers, clock: clock, meter: meter)
      tap = self.control == nil ? nil : AdmittedTap(host.owner, clock: clock)
      owner = tap ?? host.owner
      for (index, input) in configuration.inputs.enumerated() {
        let owner = owner
        intakes.append(Intake(policy: input.policy, numbering: { owner.addStream() }))
        for (number, endpoint) in input.socket.endpoints.enumerated() {
          inputs.append(
            try InputSocket(input, endpoint: endpoint, number: number, intake: index, context: context))
        }
      }
    } catch let error as ZeroMQError { throw ServiceError(error) }
    for input in inputs {
      readable.append(poller.add(input.socket))
      connections.append(poller.add(input.monitor))
    }
    // Subscriptions wake the loop, so that a late subscriber is answered at once.
    publisher.watch(with: &poller)
    onlookers?.watch(with: &poller)
    if let labels = host.labelsWait { _ = poller.add(fileDescriptor: labels) }
    self.control?.watch(with: &poller)
    let log = log
    owner.observe = { event, stream in log.tell(event, of: stream) }
  }

  /// The daemon works without it where nobody asked for it by name, but never beside another one.
  private static func server(
    at path: String?, _ setting: ControlSetting, _ log: OperatorLog
  ) throws(ServiceError) -> ControlServer? {
    guard let path else { return nil }
    do throws(ServiceError) { return try ControlServer(at: path) } catch {
      guard setting == .automatic, error.kind != .unavailable else { throw error }
      log.uncontrolled(error)
      return nil
    }
  }

  /// The endpoints as peers reach them.
  public var inputEndpoints: [String] { inputs.map(\.endpoint) }
  var laneCount: Int { host.owner.laneCount }
  /// Nanoseconds of processor time of each thread on which lanes step.
  var processorTimes: [Int64] { host.processorTimes }
  /// Subscriptions to labels that have come so far.
  var subscriptions: Int { publisher.subscriptions }

  // MARK: the loop

  /// Works until `stop` becomes readable, then drains: what has arrived is used, what is held is counted.
  ///
  /// - Parameters:
  ///   - alive: called so often while the loop turns, for whoever ends a daemon that hangs.
  ///   - status: hears one line of words, once a second while it changes.
  ///   - draining: called when the drain begins, so that who waits for the end knows why it takes a while.
  public func run(
    stop: Int32, alive: (every: Duration, give: () -> Void)? = nil, status: (String) -> Void = { _ in },
    draining: () -> Void = {}
  ) throws -> DaemonReport {
    if let alive { giveSigns(every: alive.every, alive.give) }
    let stopping = poller.add(fileDescriptor: stop)
    defer { poller.remove(stopping) }
    var nextStatus: Int64 = 0
    while !poller.ready(stopping).contains(.readable) {
      try turn(within: 1000)
      let now = clock.monotonic()
      if now >= nextStatus {
        tell(status)
        nextStatus = now + 1_000_000_000
      }
    }
    draining()
    return try drain()
  }

  /// Once around: waits until something comes or is due, at most so many milliseconds, and deals with it.
  func turn(within limit: Int64) throws {
    var now = clock.monotonic()
    if now >= nextTick {
      try tick(now)
      nextTick = now + Self.tick
    }
    if now >= nextSign { giveSign(now) }
    var heartbeat = try publisher.serve(now: now)
    if let onlookers {
      heartbeat = min(heartbeat, try onlookers.serve(now: now))
      if let interest = onlookers.takeInterest() { host.listen(to: interest) }
    }
    let asked = control?.serve(with: &poller, clock: clock) { answer($0, to: $1) } ?? .max
    now = clock.monotonic()
    let pause = max(0, min(nextTick, heartbeat, asked, nextBatch ?? .max) - now)
    let mayWait = host.prepareToSleep()
    try poller.wait(milliseconds: mayWait ? Int(min((pause + 999_999) / 1_000_000, limit)) : 0)
    host.didWake()
    // Before the rows: a peer that comes back does so 100 ms later at the earliest, and its rows are a new session's.
    if connections.contains(where: { poller.ready($0).contains(.readable) }) { try hearConnections(clock.monotonic()) }
    for (input, entry) in zip(inputs, readable) where poller.ready(entry).contains(.readable) {
      try receive(from: input, atMost: Self.batch)
    }
    nextBatch = host.step(now: clock.monotonic())
    if !questions.isEmpty { answerQuestions() }
  }

  /// Takes what waits in a socket; false when it held more than `limit`.
  @discardableResult
  private func receive(from input: InputSocket, atMost limit: Int) throws -> Bool {
    // The clock on the wall is read once for all of them, the other for each.
    let toUnix = clock.unix() - clock.monotonic()
    for _ in 0..<limit {
      switch try receiver.receive(from: input.socket) {
      case .nothing: return true
      case .message(let parts): admit(parts, from: input, toUnix: toUnix)
      case .tooManyParts(let count, _):
        reject(
          DecodeError(
            .parts, part: MultipartReceiver.partLimit, byteOffset: 0,
            expected: "at most \(MultipartReceiver.partLimit) parts", found: "\(count)"), from: input)
      }
    }
    return false
  }

  /// Takes all that waits in a socket, at most what its queue holds: other connections may go on sending meanwhile.
  private func receiveQueued(from input: InputSocket) throws {
    for _ in 0...(input.queueMessages / Self.batch) {
      let isEmpty = try receive(from: input, atMost: Self.batch)
      nextBatch = host.step(now: clock.monotonic())
      if isEmpty { return }
    }
  }

  /// - Parameter toUnix: nanoseconds from the monotonic clock to Unix time.
  private func admit(_ parts: MessageParts, from input: InputSocket, toUnix: Int64) {
    let now = clock.monotonic()
    // A turn may be long where a second of messages waits for a slow network.
    if now >= nextSign { giveSign(now) }
    owner.arrive(monotonic: now, unix: now + toUnix)
    do throws(DecodeError) {
      // At once what it is: a message that goes from hand to hand as any of these is copied by each.
      switch try input.decode(parts, decided: { log.decided($0, of: input) }) {
      case .samples(let samples): try stream(of: samples.topic, from: input)?.admit(samples, now: now, to: owner)
      case .heartbeat(let beat): try stream(of: beat.topic, from: input)?.admit(beat, now: now, to: owner)
      case .end(let end): try stream(of: end.topic, from: input)?.admit(end, now: now, to: owner)
      // It does not say itself whose it is.
      case .description(let description):
        try stream(of: parts[0], from: input)?.admit(description, now: now, to: owner)
      case .kept: intakes[input.intake].take()
      case .ignored(let reason): intakes[input.intake].take(ignored: reason)
      }
    } catch {
      if let rejected = input.rejected(parts) {
        intakes[input.intake].noteUnused(rejected, key: input.key(of: parts[0]), source: input.source)
      }
      reject(error, from: input)
    }
  }

  /// The stream of a topic; nil, and told, where there are too many.
  private func stream(
    of topic: UnsafeRawBufferPointer, from input: InputSocket
  ) throws(DecodeError) -> StreamAdmission? {
    guard input.claims(topic) else {
      throw DecodeError(
        .topic, part: 0, byteOffset: 0, expected: "a topic of input '\(input.input.name)'",
        found: "'\(String(decoding: topic.prefix(80), as: UTF8.self))'")
    }
    let found = intakes[input.intake].stream(
      of: input.key(of: topic), source: input.source, endpoint: input.endpoint
    ) { input.streamName(of: topic) }
    if found == nil { log.tooManyStreams(input.input, topic: input.streamName(of: topic)) }
    return found
  }

  private func reject(_ error: DecodeError, from input: InputSocket) {
    intakes[input.intake].reject(error)
    log.rejected(error, endpoint: input.endpoint)
  }

  // MARK: time passes

  private func tick(_ now: Int64) throws {
    for input in inputs { try input.tick(now: now) }
    for intake in intakes { intake.tick(now: now, to: owner) }
    nextBatch = host.step(now: now)
    lanes += host.takeCounts()
    tap?.tick(now: now)
    throughput.note(now: now) { (accounting, publisher.labels) }
    log.flush(now: now)
  }

  /// Gives a sign of life so often from now on.
  func giveSigns(every interval: Duration, _ give: @escaping () -> Void) {
    sign = (Int64(interval / .nanoseconds(1)), give)
    nextSign = .min
  }

  private func giveSign(_ now: Int64) {
    guard let sign else { return }
    sign.give()
    nextSign = now + sign.every
  }

  private func hearConnections(_ now: Int64) throws {
    for input in inputs {
      while let report = try input.monitor.next() {
        log.connection(report, of: input)
        if case .disconnected = report.event {
          // What was sent before the end still waits in the socket; it belongs to the session that ends here.
          try receiveQueued(from: input)
          intakes[input.intake].disconnected(endpoint: input.endpoint, now: now, to: owner)
        }
      }
    }
  }

  // MARK: the end

  /// Uses what has arrived and counts what is held; nothing is received after it.
  func drain() throws -> DaemonReport {
    let deadline = clock.monotonic() + Self.drainLimit
    for input in inputs {
      while clock.monotonic() < deadline, try !receive(from: input, atMost: Self.batch) {}
    }
    try hearConnections(clock.monotonic())
    for input in inputs {
      guard let message = input.drain(), let topic = message.topic else { continue }
      intakes[input.intake].admit(
        message, key: input.key(of: topic), source: input.source, endpoint: input.endpoint, now: clock.monotonic(),
        isCounted: true, to: owner
      ) { input.streamName(of: topic) }
    }
    for intake in intakes { intake.drain(to: owner) }
    owner.drain()
    host.awaitDrain()
    tap?.close()
    control?.drain(milliseconds: Self.recordersLimit)
    lanes += host.takeCounts()
    log.flush(now: .max)
    return report()
  }

  private func tell(_ status: (String) -> Void) {
    let line = statusLine
    guard line != lastStatus else { return }
    lastStatus = line
    status(line)
  }
}

extension UInt64 {
  /// A time before 1970 becomes 1: an epoch is positive.
  fileprivate init(clear nanoseconds: Int64) { self = nanoseconds > 0 ? UInt64(nanoseconds) : 1 }
}
