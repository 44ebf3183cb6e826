import RunnelCore
import RunnelPipeline

/// Where the daemon's lanes live: in its own thread, or in shards on threads of their own.
protocol LaneHost: AnyObject {
  /// Who hears what is admitted.
  var owner: any LaneOwner { get }
  /// Rows that were admitted and that no lane has dealt with yet.
  var rowsHeld: Int64 { get }
  /// Nanoseconds of processor time of each thread on which lanes step.
  var processorTimes: [Int64] { get }
  /// How often a full queue was waited for.
  var waits: Int64 { get }
  /// Readable when labels wait to be published; nil where none ever wait.
  var labelsWait: Int32? { get }

  /// Works off what is there and publishes its labels; when more is due, nil where nothing is.
  func step(now: Int64) -> Int64?
  /// Before and after a wait for sockets; false where there is no need to wait, for labels are there already.
  func prepareToSleep() -> Bool
  func didWake()
  /// Whose conditioned samples somebody wants from now on.
  func listen(to interest: TopicInterest)
  /// Has the lane answer, now or soon; `wait` ends when it has.
  func ask(_ question: WindowQuestion, of stream: StreamIdentity)
  /// Conditioned samples that found no room on their way here.
  var framesDropped: Int64 { get }
  /// What lanes counted, up to now or a little before.
  func takeCounts() -> LaneCounts
  /// After its owner was drained: returns when everything that was admitted is stepped and its labels are published.
  func awaitDrain()
}

/// One shard in the daemon's thread, with no queue between.
final class OwnShard: LaneHost {
  private let shard: Shard<LabelPublisher>

  init(_ shard: Shard<LabelPublisher>) { self.shard = shard }

  var owner: any LaneOwner { shard }
  var rowsHeld: Int64 { 0 }
  var waits: Int64 { 0 }
  var processorTimes: [Int64] { [ProcessorTime.ofThisThread] }
  var labelsWait: Int32? { nil }
  var framesDropped: Int64 { 0 }

  func step(now: Int64) -> Int64? { shard.step(now: now) }
  func prepareToSleep() -> Bool { true }
  func didWake() {}
  func ask(_ question: WindowQuestion, of stream: StreamIdentity) { shard.answer(question) }
  func listen(to interest: TopicInterest) { shard.listen(to: interest) }
  func takeCounts() -> LaneCounts { shard.takeCounts() }
  func awaitDrain() {}
}
