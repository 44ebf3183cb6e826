import RunnelCore

/// Who hears what was admitted, in the order of the stream: the pipeline, or a test that writes it down.
///
/// For one stream the calls are: `start`, then any number of `chunk` and gaps whose indexes continue each other
/// without hole or overlap, then perhaps `end`; then another `start`. A gap is always heard (law 5).
public protocol StreamListener: AnyObject {
  /// State starts fresh. A refusal means that no pipeline can use the session; its rows are then not delivered.
  func start(_ session: Session, stream: Int) -> Refusal?

  /// Rows `first ..< first + rows.count` of the session: the rows `rows` of `chunk`.
  /// `timestamp` is the sender's Unix time in ns of row `first`, where it gave one.
  func chunk(_ chunk: Chunk, rows: Range<Int>, first: Int64, timestamp: Int64?, stream: Int)

  /// The rows of `range` did not arrive.
  func gap(_ range: Range<Int64>, stream: Int)

  /// Something is missing before index `at`, and nobody knows how much.
  func unknownGap(at index: Int64, stream: Int)

  /// The publisher said that nothing follows index `at - 1`.
  func end(at index: Int64, stream: Int)

  /// Nothing has come for longer than `stale_after`; the next row would be `index`. No state changes.
  func stale(at index: Int64, stream: Int)

  /// Something an operator wants to know.
  func note(_ event: AdmissionEvent, of stream: StreamIdentity)
}

/// What admission has to tell an operator; logs and counters are made from it.
public enum AdmissionEvent: Sendable, Equatable {
  case started(Session)
  case ended(at: Int64)
  /// Nothing has come for longer than `stale_after`.
  case stale(since: Int64)
  case lost(rows: Range<Int64>)
  case lostMessages(Int)
  case discontinuity(at: Int64)
  case refused(Refusal)
  case rejected(DecodeError)
  /// Another publisher uses this name while the current one is alive.
  case rivalHeld(epoch: UInt64)
  case rivalDropped(epoch: UInt64, rows: Int64)
  case stragglerDropped(epoch: UInt64, rows: Int64)
  case undescribed(rows: Int64)
  case holdFull(rows: Int64)
  case duplicate(rows: Int64)
}
