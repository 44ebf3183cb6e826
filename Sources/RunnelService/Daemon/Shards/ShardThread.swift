import RunnelPipeline
import RunnelWire

typealias LabelTimeSource = LabelMessage.TimeSource?

/// One shard, its thread and its two queues.
final class ShardThread: @unchecked Sendable {
  let queue = ShardQueue()
  let labels = LabelQueue()
  /// Conditioned samples for onlookers; nil where there can be none.
  let frames: ConditionedQueue?
  /// Of this thread.
  let waker: Waker
  private let worker: ShardWorker<LabelRelay>
  private let home: Waker
  private let clock: Clock
  private var thread: OwnThread?

  init(
    _ number: Int, of count: Int, claims: [Shard<LabelRelay>.Claim], timeSources: [String: LabelTimeSource],
    hasOnlookers: Bool, home: Waker, clock: Clock
  ) throws(ServiceError) {
    let waker = try Waker()
    let labels = labels
    let relay = LabelRelay(
      queue: labels, wake: { home.wake() },
      whenFull: { waker.sleep(milliseconds: 10) { labels.isEmpty } })
    let shard = Shard(claims: claims, sink: relay)
    shard.timeSources = timeSources
    let frames = hasOnlookers ? ConditionedQueue() : nil
    self.frames = frames
    if let frames { shard.frames = { frames.push($0) } }
    shard.owns = { ShardRouter.shard(of: $0, pipeline: $1, channel: $2, among: count) == number }
    worker = ShardWorker(shard, queue: queue)
    (self.waker, self.home, self.clock) = (waker, home, clock)
  }

  /// Runs until a stop comes through the queue.
  func start() { thread = OwnThread { [self] in run() } }

  /// After the stop: labels that still come are for nobody.
  func join() {
    labels.leave()
    waker.wake()
    thread?.join()
    thread = nil
  }

  var processorTime: Int64 { thread?.processorTime ?? 0 }

  /// Publishes the labels that wait.
  func handOver<Sink: LabelSink>(to sink: inout Sink) {
    guard !labels.isEmpty else { return }
    labels.drain(into: &sink)
    waker.wake()
  }

  func takeCounts() -> LaneCounts { worker.takeCounts() }

  private func run() {
    while !worker.isStopped {
      let now = clock.monotonic()
      let (hadWork, due) = worker.turn(now: now)
      if hadWork {
        home.wake()
      } else {
        let pause = due.map { Int32(clamping: (max(0, $0 - now) + 999_999) / 1_000_000) } ?? -1
        waker.sleep(milliseconds: pause) { !queue.isEmpty }
      }
    }
  }
}
