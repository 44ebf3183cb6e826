import RunnelCore
import Synchronization

/// One shard beside the thread that receives: takes what the router wrote for its lanes, in order, and steps them.
///
/// It owns no thread and never waits: whoever turns it does, a thread of the service or a test.
public final class ShardWorker<Sink: LabelSink>: @unchecked Sendable {
  public let queue: ShardQueue
  private let shard: Shard<Sink>
  private let counts = Mutex(LaneCounts())
  /// What it was told to.
  private(set) public var isStopped = false

  /// Records taken before the lanes step, so that one stream cannot keep the others waiting.
  private static var most: Int { 256 }

  public init(_ shard: Shard<Sink>, queue: ShardQueue) {
    self.shard = shard
    self.queue = queue
  }

  /// Takes what waits and steps; when a batch is due that lingers, nil where none is, and whether there was anything.
  public func turn(now: Int64) -> (hadWork: Bool, due: Int64?) {
    var hadWork = false
    for _ in 0..<Self.most {
      guard queue.take({ record, payload in deal(with: record, payload) }) else { break }
      hadWork = true
    }
    return (hadWork, shard.step(now: now))
  }

  /// What the lanes counted up to the last time the router asked.
  public func takeCounts() -> LaneCounts {
    counts.withLock { counts in
      defer { counts = LaneCounts() }
      return counts
    }
  }

  private func deal(with record: ShardQueue.Record, _ payload: UnsafeRawBufferPointer) {
    let stream = Int(record.stream)
    switch record.kind {
    case .chunk:
      shard.arrive(monotonic: record.arrived, unix: record.receivedAt)
      let chunk = Chunk(
        payload: payload, element: record.element, byteOrder: record.byteOrder, layout: record.layout,
        rows: Int(record.rows), channels: Int(record.channels))
      shard.chunk(
        chunk, rows: 0..<chunk.rows, first: record.first, timestamp: record.timestamp, of: record.end, stream: stream)
    case .gap: shard.gap(record.first..<record.end, stream: stream)
    case .unknownGap: shard.unknownGap(at: record.first, stream: stream)
    case .end: shard.end(at: record.first, stream: stream)
    case .stale: shard.stale(at: record.first, stream: stream)
    case .start:
      guard let object = record.object else { preconditionFailure("a start has its session") }
      let box = Unmanaged<ShardRouter.SessionBox>.fromOpaque(object).takeRetainedValue()
      shard.makeRoom(forStream: stream)
      // Whether anything can be made of the session the router has found out.
      _ = shard.start(box.session, stream: stream)
    case .count:
      shard.step()
      let new = shard.takeCounts()
      counts.withLock { $0 += new }
    case .window:
      guard let object = record.object else { preconditionFailure("a question is there") }
      shard.step()
      shard.answer(Unmanaged<WindowQuestion>.fromOpaque(object).takeRetainedValue())
    case .listen:
      guard let object = record.object else { preconditionFailure("an interest is there") }
      shard.listen(to: Unmanaged<ShardRouter.InterestBox>.fromOpaque(object).takeRetainedValue().interest)
    case .drain: shard.drain()
    case .stop:
      shard.step()
      isStopped = true
    }
  }
}
