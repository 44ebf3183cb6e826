import RunnelCore
import RunnelWire

/// Messages of one stream that cannot be applied yet: they wait for a description, or for a rival to fall silent.
/// First in, first out; bounded in bytes; the payloads are copied, since waiting is rare and a socket reuses its memory.
struct HeldMessages {
  enum Content {
    case samples(SampleMessage, payload: [UInt8])
    case end(EndOfStream)
  }

  struct Entry {
    var content: Content
    /// When it came, monotonic ns.
    var since: Int64

    var epoch: UInt64? {
      switch content {
      case .samples(let message, _): message.epoch
      case .end(let end): end.epoch
      }
    }

    var rows: Int64 { if case .samples(let message, _) = content { Int64(message.chunk.rows) } else { 0 } }
    var bytes: Int { if case .samples(_, let payload) = content { payload.count + 64 } else { 64 } }
  }

  private(set) var entries: [Entry] = []
  private(set) var bytes = 0
  /// Samples found no room since something was taken out.
  private var isFull = false
  let capacity: Int

  init(capacity: Int) { self.capacity = capacity }

  var isEmpty: Bool { entries.isEmpty }
  var rows: Int64 { entries.reduce(0) { $0 + $1.rows } }

  /// False where it does not fit: the newest is dropped, and what follows it, so that what is held stays contiguous.
  mutating func hold(_ message: SampleMessage, now: Int64) -> Bool {
    isFull = isFull || !push(Entry(content: .samples(message, payload: Array(message.chunk.payload)), since: now))
    return !isFull
  }

  mutating func hold(_ end: EndOfStream, now: Int64) -> Bool { push(Entry(content: .end(end), since: now)) }

  private mutating func push(_ entry: Entry) -> Bool {
    guard bytes + entry.bytes <= capacity else { return false }
    entries.append(entry)
    bytes += entry.bytes
    return true
  }

  /// Takes out everything.
  mutating func takeAll() -> [Entry] {
    let all = entries
    entries = []
    bytes = 0
    isFull = false
    return all
  }

  /// Takes out what has waited too long.
  mutating func take(where isOver: (Entry) -> Bool) -> [Entry] {
    let old = entries.filter(isOver)
    guard !old.isEmpty else { return [] }
    entries.removeAll(where: isOver)
    bytes = entries.reduce(0) { $0 + $1.bytes }
    isFull = false
    return old
  }
}
