import Glibc
import RunnelCore
import RunnelPipeline
import Synchronization

/// Shards on threads of their own, and the queues between them and the thread that owns the sockets.
///
///     admission ─▶ router ═▶ thread of shard n: take, condition, step, settle ═▶ labels ─▶ publisher
///
/// A full queue makes its writer wait: the router publishes labels meanwhile, a shard waits until its labels are taken.
/// So neither can wait for the other, and nothing is lost.
final class ShardGroup: LaneHost {
  private let router: ShardRouter
  private let threads: [ShardThread]
  /// Of the thread that owns the sockets.
  private let home: Waker
  private var publisher: LabelPublisher
  private let onlookers: ConditionedPublisher?

  init(
    _ count: Int, claims: () -> [Shard<LabelRelay>.Claim], plans: [ShardRouter.Claim],
    timeSources: [String: LabelTimeSource], publisher: LabelPublisher, onlookers: ConditionedPublisher?, clock: Clock
  ) throws(ServiceError) {
    let home = try Waker()
    var threads: [ShardThread] = []
    for number in 0..<count {
      threads.append(
        try ShardThread(
          number, of: count, claims: claims(), timeSources: timeSources, hasOnlookers: onlookers != nil, home: home,
          clock: clock))
    }
    self.onlookers = onlookers
    (self.home, self.threads, self.publisher) = (home, threads, publisher)
    router = ShardRouter(
      claims: plans, queues: threads.map(\.queue), wake: { [threads] in threads[$0].waker.wake() },
      whenFull: { [threads, publisher, home] number in
        var publisher = publisher
        for thread in threads { thread.handOver(to: &publisher) }
        home.sleep(milliseconds: 10) { !threads.allSatisfy(\.labels.isEmpty) || threads[number].queue.isEmpty }
      })
    for thread in threads { thread.start() }
  }

  deinit {
    router.stop()
    for thread in threads { thread.join() }
  }

  var owner: any LaneOwner { router }
  var rowsHeld: Int64 { router.rowsHeld }
  var waits: Int64 { router.waits }
  var processorTimes: [Int64] { threads.map(\.processorTime) }
  var labelsWait: Int32? { home.fileDescriptor }

  func step(now: Int64) -> Int64? {
    publishLabels()
    return nil
  }

  func prepareToSleep() -> Bool {
    home.prepareToSleep()
    return threads.allSatisfy { $0.labels.isEmpty && $0.frames?.isEmpty ?? true }
  }

  func didWake() { home.didWake() }

  func listen(to interest: TopicInterest) { router.listen(to: interest) }

  var framesDropped: Int64 { threads.reduce(0) { $0 + ($1.frames?.dropped ?? 0) } }

  func ask(_ question: WindowQuestion, of stream: StreamIdentity) { router.ask(question, of: stream) }

  func takeCounts() -> LaneCounts {
    defer { router.askForCounts() }
    return threads.reduce(into: LaneCounts()) { $0 += $1.takeCounts() }
  }

  func awaitDrain() {
    router.askForCounts()
    while !router.isEmpty {
      publishLabels()
      home.sleep(milliseconds: 10) { router.isEmpty || !threads.allSatisfy(\.labels.isEmpty) }
    }
    publishLabels()
  }

  private func publishLabels() {
    for thread in threads {
      thread.handOver(to: &publisher)
      if let onlookers { thread.frames?.drain { onlookers.publish($0) } }
    }
  }
}
