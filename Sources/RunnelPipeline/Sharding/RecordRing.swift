import Synchronization

/// A ring of records with payloads, one writer and one reader, which share no lock and allocate nothing.
///
///     writer   push(record, payload) ─▶ │ record payload │ record │ record payload │ … ─▶ take { record, payload in … }   reader
///
/// Its capacity is in bytes. A full ring takes nothing and says so.
///
/// A record is bytes: of an object in it nobody counts the references.
final class RecordRing<Record>: @unchecked Sendable {
  /// Bytes.
  let capacity: Int
  private let base: UnsafeMutableRawPointer
  /// Bytes written and taken since the beginning.
  private let written = Atomic<Int>(0)
  private let taken = Atomic<Int>(0)

  /// Before each record the size of its payload, or that the rest of the ring is not used.
  private static var recordOffset: Int { 16 }
  private static var skip: Int { -1 }

  /// Everything begins at multiples of it, so that what is left at the end of the ring has room to say so.
  private static var header: Int { (recordOffset + MemoryLayout<Record>.stride + 63) / 64 * 64 }

  private static func size(withPayload size: Int) -> Int { header + (size + header - 1) / header * header }

  /// - Parameter capacity: bytes.
  init(capacity: Int) {
    precondition(capacity >= 4096, "a ring holds some records")
    precondition(MemoryLayout<Record>.alignment <= Self.recordOffset, "a record stands behind its size")
    self.capacity = capacity / Self.header * Self.header
    base = .allocate(byteCount: self.capacity, alignment: 64)
  }

  deinit { base.deallocate() }

  /// The largest payload that is sure to fit when the ring is empty.
  var payloadLimit: Int { capacity / 2 - 2 * Self.header }

  // MARK: the writer

  /// Whether everything written has been taken.
  var isEmpty: Bool { taken.load(ordering: .acquiring) == written.load(ordering: .acquiring) }

  /// False where it does not fit; nothing was written then.
  func push(_ record: Record, payload: Int = 0, _ write: (UnsafeMutableRawPointer) -> Void = { _ in }) -> Bool {
    precondition(payload <= payloadLimit, "payloads are cut to what fits")
    let size = Self.size(withPayload: payload)
    let start = written.load(ordering: .relaxed)
    let place = start % capacity
    let rest = place + size > capacity ? capacity - place : 0
    guard start + rest + size - taken.load(ordering: .acquiring) <= capacity else { return false }
    if rest > 0 { (base + place).storeBytes(of: Self.skip, as: Int.self) }
    let target = base + (start + rest) % capacity
    target.storeBytes(of: payload, as: Int.self)
    (target + Self.recordOffset).storeBytes(of: record, as: Record.self)
    if payload > 0 { write(target + Self.header) }
    written.store(start + rest + size, ordering: .releasing)
    return true
  }

  // MARK: the reader

  /// Takes the next record; false where none waits. It counts as waiting until `body` returns.
  func take(_ body: (Record, UnsafeRawBufferPointer) -> Void) -> Bool {
    var start = taken.load(ordering: .relaxed)
    guard start < written.load(ordering: .acquiring) else { return false }
    if (base + start % capacity).load(as: Int.self) == Self.skip { start += capacity - start % capacity }
    let place = UnsafeRawPointer(base + start % capacity)
    let size = place.load(as: Int.self)
    let payload = UnsafeRawBufferPointer(start: size > 0 ? place + Self.header : nil, count: size)
    body((place + Self.recordOffset).load(as: Record.self), payload)
    taken.store(start + Self.size(withPayload: size), ordering: .releasing)
    return true
  }
}
