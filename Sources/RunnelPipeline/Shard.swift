import RunnelCore
import RunnelWire

/// The pipelines that one thread owns, and the streams that feed them. With one shard everything runs on one thread
/// with no queue between; nothing here is shared, so nothing is locked.
public final class Shard<Sink: LabelSink>: LaneOwner {
  /// Which inputs a pipeline reads.
  public struct Claim {
    public var input: String
    public var pipeline: Pipeline

    public init(input: String, pipeline: Pipeline) {
      self.input = input
      self.pipeline = pipeline
    }
  }

  public var sink: Sink
  /// Hears what an operator wants to know.
  public var observe: (AdmissionEvent, StreamIdentity) -> Void = { _, _ in }
  /// Which lanes are this shard's, by stream, pipeline and channel; asked when a session begins.
  public var owns: (StreamIdentity, _ pipeline: String, _ channel: String) -> Bool = { _, _, _ in true }
  /// What `t` in the labels of an input is made of; `sender` where nothing is said.
  public var timeSources: [String: LabelMessage.TimeSource?] = [:]

  /// Hears the conditioned samples of the lanes in which somebody is interested, as they come; nil where nobody can be.
  public var frames: ((ConditionedFrames) -> Void)? {
    didSet { for claim in claims { claim.pipeline.tapped = frames } }
  }

  private let claims: [Claim]
  private var streams: [OpenStream?] = []
  private var arrived: Int64 = 0
  private var receivedAt: Int64?

  public init(claims: [Claim], sink: Sink) {
    self.claims = claims
    self.sink = sink
  }

  public var laneCount: Int { claims.reduce(0) { $0 + $1.pipeline.laneCount } }

  public func addStream() -> Int {
    streams.append(nil)
    return streams.count - 1
  }

  /// For a number that a router gave.
  func makeRoom(forStream stream: Int) { while streams.count <= stream { streams.append(nil) } }

  public func arrive(monotonic: Int64, unix: Int64?) {
    arrived = monotonic
    receivedAt = unix
  }

  /// Steps all lanes that have frames. Call it when the sockets are empty for the moment, so that lanes of many
  /// streams share a batch.
  public func step() { for claim in claims { claim.pipeline.step(publish) } }

  /// As `step`, but for batches that linger: those step when they are full or their time has come.
  /// - Parameter now: monotonic ns.
  /// - Returns: when the next batch is due; nil where none waits.
  public func step(now: Int64) -> Int64? {
    var next: Int64?
    for claim in claims {
      if let due = claim.pipeline.step(now: now, publish) { next = min(next ?? due, due) }
    }
    return next
  }

  /// As `step`, and what labels still wait for does not come.
  public func drain() { for claim in claims { claim.pipeline.drain(publish) } }

  public func takeCounts() -> LaneCounts { claims.reduce(into: LaneCounts()) { $0 += $1.pipeline.takeCounts() } }

  /// Whose conditioned samples somebody wants from now on, of the lanes that are open and of those to come.
  public func listen(to interest: TopicInterest) { for claim in claims { claim.pipeline.listen(to: interest) } }

  /// Answers what somebody asks of a lane, between two batches.
  public func answer(_ question: WindowQuestion) {
    let claim = claims.first { $0.pipeline.plan.name == question.pipeline }
    question.answer(
      claim?.pipeline.window(ofChannel: question.channel, stream: question.stream, most: question.most))
  }

  // MARK: StreamListener

  public func start(_ session: Session, stream: Int) -> Refusal? {
    var refusals: [Refusal] = []
    var pipelines: [Pipeline] = []
    for claim in claims where claim.input == session.stream.input {
      do throws(Refusal) {
        let name = claim.pipeline.plan.name
        try claim.pipeline.start(session, stream: stream, owns: { owns(session.stream, name, $0) }, publish)
        pipelines.append(claim.pipeline)
      } catch { refusals.append(error) }
    }
    streams[stream] = OpenStream(
      pipelines: pipelines, rate: session.rate, timeSource: timeSources[session.stream.input] ?? .sender)
    if pipelines.isEmpty {
      return refusals.first ?? .unread(session.stream.input)
    }
    for refusal in refusals { observe(.refused(refusal), session.stream) }
    return nil
  }

  /// Another session takes over, whose lanes are elsewhere.
  public func leave(stream: Int) {
    for pipeline in streams[stream]?.pipelines ?? [] { pipeline.leave(stream: stream, publish) }
    streams[stream] = nil
  }

  public func chunk(_ chunk: Chunk, rows: Range<Int>, first: Int64, timestamp: Int64?, stream: Int) {
    self.chunk(chunk, rows: rows, first: first, timestamp: timestamp, of: first, stream: stream)
  }

  /// - Parameter timed: the row that the timestamp is of, where the chunk is a later piece of a message.
  func chunk(_ chunk: Chunk, rows: Range<Int>, first: Int64, timestamp: Int64?, of timed: Int64, stream: Int) {
    guard let open = streams[stream] else { return }
    let anchor = anchor(open, first: timed, timestamp: timestamp)
    for number in open.lent.indices {
      open.lent[number]._withUnsafeGuaranteedRef { pipeline in
        pipeline.chunk(chunk, rows: rows, first: first, time: anchor, arrived: arrived, stream: stream, publish)
      }
    }
  }

  public func gap(_ range: Range<Int64>, stream: Int) {
    for pipeline in streams[stream]?.pipelines ?? [] { pipeline.gap(range, stream: stream) }
  }

  public func unknownGap(at index: Int64, stream: Int) {
    for pipeline in streams[stream]?.pipelines ?? [] { pipeline.unknownGap(at: index, stream: stream) }
  }

  public func end(at index: Int64, stream: Int) {
    for pipeline in streams[stream]?.pipelines ?? [] { pipeline.end(at: index, stream: stream) }
  }

  public func stale(at index: Int64, stream: Int) {
    for pipeline in streams[stream]?.pipelines ?? [] { pipeline.stale(at: index, stream: stream, publish) }
  }

  public func note(_ event: AdmissionEvent, of stream: StreamIdentity) { observe(event, stream) }

  private func publish(_ label: LabelMessage, arrived: Int64) { sink.publish(label, arrived: arrived) }

  private func anchor(_ open: OpenStream, first: Int64, timestamp: Int64?) -> TimeAnchor? {
    switch open.timeSource {
    case nil: nil
    case .sender:
      timestamp.map { TimeAnchor(index: first, nanoseconds: $0, source: .sender, rate: open.rate) }
    case .received:
      receivedAt.map { TimeAnchor(index: first, nanoseconds: $0, source: .received, rate: open.rate) }
    case .index: TimeAnchor(index: 0, nanoseconds: 0, source: .index, rate: open.rate)
    }
  }
}

/// What a chunk needs to know of its session, looked up once; outside the generic class, where each use would look up its
/// type, and an object, so that a look at it copies nothing.
private final class OpenStream {
  let pipelines: [Pipeline]
  /// The same, without a reference counted for each chunk.
  let lent: [Unmanaged<Pipeline>]
  let rate: Double
  let timeSource: LabelMessage.TimeSource?

  init(pipelines: [Pipeline], rate: Double, timeSource: LabelMessage.TimeSource?) {
    (self.pipelines, self.rate, self.timeSource) = (pipelines, rate, timeSource)
    lent = pipelines.map { .passUnretained($0) }
  }
}

extension Refusal {
  static func unread(_ input: String) -> Refusal {
    Refusal(.topic, "no pipeline reads input '\(input)': name it in a pipeline's from")
  }
}
