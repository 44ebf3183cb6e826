import RunnelCore
import Synchronization

/// What one thread tells another of streams, in order: a ring of records. Its capacity is in bytes. A full queue takes
/// nothing and says so; who writes waits then, so that nothing is lost.
public final class ShardQueue: @unchecked Sendable {
  /// What happened to a stream, its numbers as they are; a payload lies behind it, borrowed until the call returns.
  struct Record {
    enum Kind: UInt8 {
      case chunk, gap, unknownGap, end, stale
      /// `object` is a retained `Session` in its box.
      case start
      /// What the lanes counted is wanted.
      case count
      /// `object` is a retained `WindowQuestion`.
      case window
      /// `object` is a retained `TopicInterest` in its box: whose conditioned samples somebody wants.
      case listen
      /// No more input comes.
      case drain
      case stop
    }

    var kind: Kind
    var stream: Int32 = 0
    /// Session indexes: the first row or the place, and where a gap ends or the row that the times are of.
    var first: Int64 = 0
    var end: Int64 = 0
    /// Unix ns of the first row, and of the arrival.
    var timestamp: Int64?
    var receivedAt: Int64?
    /// Monotonic ns.
    var arrived: Int64 = 0
    var rows: Int32 = 0
    var channels: Int32 = 0
    var element = ElementType.int8
    var byteOrder = ByteOrder.little
    var layout = SampleLayout.interleaved
    var object: UnsafeRawPointer?
    /// Rows that the router had taken when it wrote this, this chunk's among them.
    var rowsBefore: Int64 = 0
  }

  private let ring: RecordRing<Record>
  /// `rowsBefore` of the record that was taken last.
  private let rowsTaken = Atomic<Int64>(0)

  /// - Parameter capacity: bytes; the usual one holds seconds of a thousand channels.
  public init(capacity: Int = 4 << 20) { ring = RecordRing(capacity: capacity) }

  deinit {
    // Sessions that nobody took.
    while ring.take({ record, _ in
      if let object = record.object { Unmanaged<AnyObject>.fromOpaque(object).release() }
    }) {}
  }

  /// The largest payload that is sure to fit into an empty queue.
  var payloadLimit: Int { ring.payloadLimit }

  // MARK: the writer

  /// Whether everything written has been taken.
  public var isEmpty: Bool { ring.isEmpty }

  /// Rows, of those the router had taken by the newest record, that this queue's reader has not yet dealt with come after
  /// this many; nil where it is through with all.
  var rowsDone: Int64? { isEmpty ? nil : rowsTaken.load(ordering: .acquiring) }

  /// False where it does not fit; nothing was written then.
  func push(_ record: Record, payload: Int = 0, _ write: (UnsafeMutableRawPointer) -> Void = { _ in }) -> Bool {
    ring.push(record, payload: payload, write)
  }

  // MARK: the reader

  /// Takes the next record; false where none waits. It counts as waiting until `body` returns.
  func take(_ body: (Record, UnsafeRawBufferPointer) -> Void) -> Bool {
    ring.take { record, payload in
      body(record, payload)
      rowsTaken.store(record.rowsBefore, ordering: .releasing)
    }
  }
}
