import RunnelCore
import Synchronization

/// What one thread tells another of streams, in order: a ring of bytes with one writer and one reader, which share no
/// lock and allocate nothing.
///
///     writer   push(record, payload) ─▶ │ record payload │ record │ record payload │ … ─▶ take { record, payload in … }   reader
///
/// Its capacity is in bytes. A full queue takes nothing and says so; who writes waits then, so that nothing is lost.
public final class ShardQueue: @unchecked Sendable {
  /// What happened to a stream, its numbers as they are; a payload lies behind it, borrowed until the call returns.
  struct Record {
    enum Kind: UInt8 {
      /// The rest of the ring is not used.
      case skip
      case chunk, gap, unknownGap, end, stale
      /// `object` is a retained `Session` in its box.
      case start
      /// What the lanes counted is wanted.
      case count
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
    var payloadSize = 0
    var object: UnsafeRawPointer?
    /// Rows that the router had taken when it wrote this, this chunk's among them.
    var rowsBefore: Int64 = 0
  }

  /// Bytes.
  public let capacity: Int
  private let base: UnsafeMutableRawPointer
  /// Bytes written and taken since the beginning.
  private let written = Atomic<Int>(0)
  private let taken = Atomic<Int>(0)
  /// `rowsBefore` of the record that was taken last.
  private let rowsTaken = Atomic<Int64>(0)

  /// Everything begins at multiples of it, so that what is left at the end of the ring has room for a record that says so.
  private static let header = (MemoryLayout<Record>.stride + 63) / 64 * 64

  private static func size(withPayload size: Int) -> Int { header + (size + header - 1) / header * header }

  /// - Parameter capacity: bytes; the usual one holds seconds of a thousand channels.
  public init(capacity: Int = 4 << 20) {
    precondition(capacity >= 4096, "a queue holds some records")
    self.capacity = capacity / Self.header * Self.header
    base = .allocate(byteCount: self.capacity, alignment: 64)
  }

  deinit {
    // Sessions that nobody took.
    while take({ record, _ in
      if let object = record.object { Unmanaged<AnyObject>.fromOpaque(object).release() }
    }) {}
    base.deallocate()
  }

  /// The largest payload that is sure to fit into an empty queue.
  var payloadLimit: Int { capacity / 2 - 2 * Self.header }

  // MARK: the writer

  /// Whether everything written has been taken.
  public var isEmpty: Bool { taken.load(ordering: .acquiring) == written.load(ordering: .acquiring) }

  /// Rows, of those the router had taken by the newest record, that this queue's reader has not yet dealt with come after
  /// this many; nil where it is through with all.
  var rowsDone: Int64? { isEmpty ? nil : rowsTaken.load(ordering: .acquiring) }

  /// False where it does not fit; nothing was written then.
  func push(_ record: Record, _ write: (UnsafeMutableRawPointer) -> Void = { _ in }) -> Bool {
    let size = Self.size(withPayload: record.payloadSize)
    precondition(record.payloadSize <= payloadLimit, "chunks are cut to what fits")
    let start = written.load(ordering: .relaxed)
    let place = start % capacity
    let rest = place + size > capacity ? capacity - place : 0
    guard start + rest + size - taken.load(ordering: .acquiring) <= capacity else { return false }
    if rest > 0 { (base + place).storeBytes(of: Record(kind: .skip), as: Record.self) }
    let target = base + (start + rest) % capacity
    target.storeBytes(of: record, as: Record.self)
    if record.payloadSize > 0 { write(target + Self.header) }
    written.store(start + rest + size, ordering: .releasing)
    return true
  }

  // MARK: the reader

  /// Takes the next record; false where none waits. It counts as waiting until `body` returns.
  func take(_ body: (Record, UnsafeRawBufferPointer) -> Void) -> Bool {
    var start = taken.load(ordering: .relaxed)
    let end = written.load(ordering: .acquiring)
    guard start < end else { return false }
    var record = (base + start % capacity).load(as: Record.self)
    if record.kind == .skip {
      start += capacity - start % capacity
      record = (base + start % capacity).load(as: Record.self)
    }
    let payload = UnsafeRawPointer(base + start % capacity + Self.header)
    body(record, UnsafeRawBufferPointer(start: record.payloadSize > 0 ? payload : nil, count: record.payloadSize))
    rowsTaken.store(record.rowsBefore, ordering: .releasing)
    taken.store(start + Self.size(withPayload: record.payloadSize), ordering: .releasing)
    return true
  }
}
