import RunnelCore
import RunnelWire

/// The pipelines that one thread owns, and the streams that feed them. With one shard everything runs on one thread
/// with no queue between; nothing here is shared, so nothing is locked.
public final class Shard<Sink: LabelSink>: StreamListener {
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
  /// What `t` in the labels of an input is made of; `sender` where nothing is said.
  public var timeSources: [String: LabelMessage.TimeSource?] = [:]

  private let claims: [Claim]
  private var streams: [OpenStream?] = []
  private var arrived: Int64 = 0
  private var receivedAt: Int64?

  private struct OpenStream {
    var session: Session
    var pipelines: [Pipeline]
    var anchor: TimeAnchor?
  }

  public init(claims: [Claim], sink: Sink) {
    self.claims = claims
    self.sink = sink
  }

  public var laneCount: Int { claims.reduce(0) { $0 + $1.pipeline.laneCount } }

  /// A number for a new stream, under which admission will speak of it.
  public func addStream() -> Int {
    streams.append(nil)
    return streams.count - 1
  }

  /// Before a message is admitted: when it came, on the monotonic clock and, if it is known, in Unix ns.
  public func arrive(monotonic: Int64, unix: Int64?) {
    arrived = monotonic
    receivedAt = unix
  }

  /// Steps all lanes that have frames. Call it when the sockets are empty for the moment, so that lanes of many
  /// streams share a batch.
  public func step() { for claim in claims { claim.pipeline.step(sink: &sink) } }

  public func takeCounts() -> LaneCounts { claims.reduce(into: LaneCounts()) { $0 += $1.pipeline.takeCounts() } }

  // MARK: StreamListener

  public func start(_ session: Session, stream: Int) -> Refusal? {
    var refusals: [Refusal] = []
    var open = OpenStream(session: session, pipelines: [])
    for claim in claims where claim.input == session.stream.input {
      do throws(Refusal) {
        try claim.pipeline.start(session, stream: stream, sink: &sink)
        open.pipelines.append(claim.pipeline)
      } catch { refusals.append(error) }
    }
    streams[stream] = open
    if open.pipelines.isEmpty {
      return refusals.first
        ?? Refusal(.topic, "no pipeline reads input '\(session.stream.input)': name it in a pipeline's from")
    }
    for refusal in refusals { observe(.refused(refusal), session.stream) }
    return nil
  }

  public func chunk(_ chunk: Chunk, rows: Range<Int>, first: Int64, timestamp: Int64?, stream: Int) {
    guard let open = streams[stream] else { return }
    let anchor = anchor(open.session, first: first, timestamp: timestamp)
    for pipeline in open.pipelines {
      pipeline.chunk(chunk, rows: rows, first: first, time: anchor, arrived: arrived, stream: stream, sink: &sink)
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
    for pipeline in streams[stream]?.pipelines ?? [] { pipeline.stale(at: index, stream: stream, sink: &sink) }
  }

  public func note(_ event: AdmissionEvent, of stream: StreamIdentity) { observe(event, stream) }

  private func anchor(_ session: Session, first: Int64, timestamp: Int64?) -> TimeAnchor? {
    guard let source = timeSources[session.stream.input] ?? .sender else { return nil }
    switch source {
    case .sender:
      return timestamp.map { TimeAnchor(index: first, nanoseconds: $0, source: .sender, rate: session.rate) }
    case .received:
      return receivedAt.map { TimeAnchor(index: first, nanoseconds: $0, source: .received, rate: session.rate) }
    case .index: return TimeAnchor(index: 0, nanoseconds: 0, source: .index, rate: session.rate)
    }
  }
}
