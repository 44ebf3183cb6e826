import RunnelCore
import RunnelPipeline
import RunnelWire
import Testing

/// As `Rig`, its lanes divided among shards that no thread turns but the test itself, in a random order: a seed shows the
/// same again. The queues are small, so that they fill.
final class ShardRig {
  let router: ShardRouter
  let intake: Intake
  let turns: ShardTurns
  private let decoder = RunnelDecoder()
  var now: Int64 = 0
  /// The most rows that were seen to wait in the queues.
  private(set) var mostHeld: Int64 = 0

  init(_ plans: [PipelinePlan], shards: Int, seed: UInt64, queueBytes: Int = 8192) {
    let policy = StreamPolicy(input: "in")
    let turns = ShardTurns(plans, input: policy.input, shards: shards, seed: seed, queueBytes: queueBytes)
    let router = ShardRouter(
      claims: plans.map { .init(input: policy.input, plan: $0) }, queues: turns.queues, wake: { _ in },
      whenFull: { turns.turn($0) })
    (self.turns, self.router) = (turns, router)
    intake = Intake(policy: policy, numbering: { router.addStream() })
  }

  func receive(_ parts: MessageParts) {
    router.arrive(monotonic: now, unix: nil)
    do throws(DecodeError) {
      let message = try decoder.decode(parts)
      let topic = parts[0]
      intake.admit(
        message, key: UnsafeRawBufferPointer(rebasing: topic.dropFirst()), endpoint: "test", now: now, to: router
      ) { (try? Topic(topic))?.stream ?? "?" }
    } catch { intake.reject(error) }
    checkAccounting()
    turns.turnSometimes()
    checkAccounting()
  }

  /// Law 6, with the rows that wait in a queue among those held.
  private func checkAccounting() {
    let (total, held) = (intake.total, router.rowsHeld)
    mostHeld = max(mostHeld, held)
    #expect(total.balances && held >= 0 && held <= total.rowsUsed, "law 6 holds at every instant")
  }

  /// Labels of all lanes, after everything that waits was stepped.
  func drained() -> [String: [String]] {
    intake.drain(to: router)
    router.askForCounts()
    while !router.isEmpty { turns.turnAll() }
    turns.takeLabels()
    #expect(router.rowsHeld == 0, "held is 0 after a drain")
    return turns.labels.lines
  }
}

/// The shards of a rig, turned when the seed says so.
final class ShardTurns {
  let queues: [ShardQueue]
  private let workers: [ShardWorker<LabelRelay>]
  private let relays: [LabelQueue]
  private(set) var labels = Rig.Collector()
  private var random: SeededGenerator

  init(_ plans: [PipelinePlan], input: String, shards: Int, seed: UInt64, queueBytes: Int) {
    random = SeededGenerator(seed: seed)
    queues = (0..<shards).map { _ in ShardQueue(capacity: queueBytes) }
    relays = (0..<shards).map { _ in LabelQueue() }
    workers = zip(queues, relays).enumerated().map { number, pair in
      let shard = Shard(
        claims: plans.map { .init(input: input, pipeline: Pipeline(plan: $0, epoch: 1)) },
        sink: LabelRelay(queue: pair.1, wake: {}, whenFull: { Issue.record("labels are taken after each turn") }))
      shard.owns = { ShardRouter.shard(of: $0, pipeline: $1, channel: $2, among: shards) == number }
      return ShardWorker(shard, queue: pair.0)
    }
  }

  func turn(_ shard: Int) {
    _ = workers[shard].turn(now: 0)
    takeLabels()
  }

  func turnAll() { for shard in workers.indices { turn(shard) } }

  func turnSometimes() { if random.below(3) == 0 { turn(random.below(workers.count)) } }

  func takeLabels() { for relay in relays { relay.drain(into: &labels) } }

  var counts: LaneCounts { workers.reduce(into: LaneCounts()) { $0 += $1.takeCounts() } }
}
