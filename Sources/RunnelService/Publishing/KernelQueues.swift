/// The kernel's send queues of a socket's connections over time: which one stands still, and when all are empty.
///
/// Looked at now and then with `note`; pure, so that a test can say what was seen and when.
struct KernelQueues: Sendable {
  struct Queue: Sendable, Hashable {
    var peer: String
    var bytes: Int
    /// When `bytes` last changed, monotonic nanoseconds.
    var movedAt: Int64
  }

  /// By descriptor.
  private(set) var queues: [Int32: Queue] = [:]
  /// Since when all are empty; nil while one is not.
  private(set) var emptySince: Int64?

  /// What the kernel holds for each connection now; those not named are gone.
  mutating func note(_ seen: [(descriptor: Int32, peer: String, bytes: Int)], at now: Int64) {
    var next: [Int32: Queue] = [:]
    for (descriptor, peer, bytes) in seen {
      let known = queues[descriptor].flatMap { $0.peer == peer && $0.bytes == bytes ? $0.movedAt : nil }
      next[descriptor] = Queue(peer: peer, bytes: bytes, movedAt: known ?? now)
    }
    queues = next
    let isEmpty = next.values.allSatisfy { $0.bytes == 0 }
    emptySince = isEmpty ? emptySince ?? now : nil
  }

  /// The queue that holds bytes and has stood still for longest; of equals the fullest.
  var stillest: Queue? {
    queues.values.filter { $0.bytes > 0 }
      .min { ($0.movedAt, -$0.bytes, $0.peer) < ($1.movedAt, -$1.bytes, $1.peer) }
  }

  /// When any queue last changed.
  var movedAt: Int64 { queues.values.map(\.movedAt).max() ?? .min / 2 }
}
