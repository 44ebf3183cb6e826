import RunnelCore

/// Who hears what was admitted on behalf of the lanes: one shard on the same thread, or a router to shards on others.
public protocol LaneOwner: StreamListener {
  var laneCount: Int { get }
  /// Hears what an operator wants to know.
  var observe: (AdmissionEvent, StreamIdentity) -> Void { get set }

  /// A number for a new stream, under which admission will speak of it.
  func addStream() -> Int

  /// Before a message is admitted: when it came, on the monotonic clock and, if it is known, in Unix ns.
  func arrive(monotonic: Int64, unix: Int64?)

  /// No more will be admitted: the lanes work off what they have, and what labels still wait for does not come.
  func drain()
}
