import RunnelCore
import RunnelPipeline
import RunnelWire

/// Lanes that recorded messages are told to.
protocol RecordedLanes: LaneOwner {
  func step()
  func takeCounts() -> LaneCounts
}

extension Shard: RecordedLanes {}

/// The lanes of each session apart, for files that hold one: a shard and a sink for each. What lanes share changes no label
/// (law 2).
final class SessionLanes: RecordedLanes {
  /// One session, and its labels.
  final class Part {
    let session: Session
    /// Row 0 in Unix nanoseconds, as the sender's first time says it.
    private(set) var start: Int64?
    var labels: [LabelMessage] { shard.sink.labels }

    fileprivate let shard: Shard<LabelList>
    fileprivate let stream: Int
    fileprivate var isWaiting = false

    fileprivate init(_ session: Session, _ shard: Shard<LabelList>) {
      (self.session, self.shard) = (session, shard)
      stream = shard.addStream()
    }

    fileprivate func note(_ first: Int64, _ timestamp: Int64?) {
      guard start == nil, let timestamp, session.rate > 0 else { return }
      start = UnixTime.time(-Double(first) / session.rate * 1e9, after: timestamp)
    }
  }

  struct LabelList: LabelSink {
    var labels: [LabelMessage] = []
    mutating func publish(_ label: LabelMessage, arrived: Int64) { labels.append(label) }
  }

  /// Those that lanes take, in their order.
  private(set) var sessions: [Part] = []
  var observe: (AdmissionEvent, StreamIdentity) -> Void = { _, _ in }

  private let make: () -> Shard<LabelList>
  private var streams: [Part?] = []
  /// Those that heard something since the last step.
  private var waiting: [Part] = []
  private var arrived: (monotonic: Int64, unix: Int64?) = (0, nil)

  /// - Parameter make: the lanes of a session.
  init(_ make: @escaping () -> Shard<LabelList>) { self.make = make }

  var laneCount: Int { sessions.reduce(0) { $0 + $1.shard.laneCount } }

  func step() {
    for part in waiting {
      part.shard.step()
      part.isWaiting = false
    }
    waiting.removeAll(keepingCapacity: true)
  }

  func takeCounts() -> LaneCounts { sessions.reduce(into: LaneCounts()) { $0 += $1.shard.takeCounts() } }

  // MARK: LaneOwner

  func drain() { for part in sessions { part.shard.drain() } }

  func addStream() -> Int {
    streams.append(nil)
    return streams.count - 1
  }

  func arrive(monotonic: Int64, unix: Int64?) { arrived = (monotonic, unix) }

  func start(_ session: Session, stream: Int) -> Refusal? {
    if let left = streams[stream] { left.shard.leave(stream: left.stream) }
    let part = Part(session, make())
    if let refusal = part.shard.start(session, stream: part.stream) {
      streams[stream] = nil
      return refusal
    }
    sessions.append(part)
    streams[stream] = part
    return nil
  }

  func chunk(_ chunk: Chunk, rows: Range<Int>, first: Int64, timestamp: Int64?, stream: Int) {
    tell(stream) { part in
      part.note(first, timestamp)
      part.shard.arrive(monotonic: arrived.monotonic, unix: arrived.unix)
      part.shard.chunk(chunk, rows: rows, first: first, timestamp: timestamp, stream: part.stream)
    }
  }

  func gap(_ range: Range<Int64>, stream: Int) { tell(stream) { $0.shard.gap(range, stream: $0.stream) } }
  func unknownGap(at index: Int64, stream: Int) { tell(stream) { $0.shard.unknownGap(at: index, stream: $0.stream) } }
  func end(at index: Int64, stream: Int) { tell(stream) { $0.shard.end(at: index, stream: $0.stream) } }
  func stale(at index: Int64, stream: Int) { tell(stream) { $0.shard.stale(at: index, stream: $0.stream) } }
  func note(_ event: AdmissionEvent, of stream: StreamIdentity) { observe(event, stream) }

  private func tell(_ stream: Int, _ body: (Part) -> Void) {
    guard let part = streams[stream] else { return }
    body(part)
    guard !part.isWaiting else { return }
    part.isWaiting = true
    waiting.append(part)
  }
}
