import RunnelCore

/// Divides the lanes among shards on other threads: hears what admission says and writes it down for each shard that has
/// lanes of the stream, in its order.
///
///     admission ─▶ router ─▶ queue ─▶ shard 0 ─▶ labels
///                       └──▶ queue ─▶ shard 1 ─▶ labels
///
/// A lane's shard is a hash of its stream, pipeline and channel: the same in every run. Where a queue is full the router
/// waits, and with it the reading of sockets: nothing is lost on the way. Rows that wait in a queue count as held (law 6).
public final class ShardRouter: StreamListener, LaneOwner {
  /// Which inputs a pipeline reads.
  public struct Claim {
    public var input: String
    public var plan: PipelinePlan

    public init(input: String, plan: PipelinePlan) {
      self.input = input
      self.plan = plan
    }
  }

  final class SessionBox {
    let session: Session
    init(_ session: Session) { self.session = session }
  }

  final class InterestBox {
    let interest: TopicInterest
    init(_ interest: TopicInterest) { self.interest = interest }
  }

  public var observe: (AdmissionEvent, StreamIdentity) -> Void = { _, _ in }
  /// Times that a full queue was waited for.
  public private(set) var waits: Int64 = 0

  private let claims: [Claim]
  private let queues: [ShardQueue]
  private let wake: (Int) -> Void
  private let whenFull: (Int) -> Void
  /// Of each stream, a bit for each shard that has lanes of it, and its lanes.
  private var members: [(shards: UInt64, lanes: Int)] = []
  private var arrived: Int64 = 0
  private var receivedAt: Int64?
  /// Rows that came to be divided, since the beginning.
  private var rows: Int64 = 0

  public static let mostShards = 64

  /// - Parameters:
  ///   - wake: told after each record that shard `n` has something to do.
  ///   - whenFull: waits a little for shard `n` to take something; it must let labels come out meanwhile.
  public init(
    claims: [Claim], queues: [ShardQueue], wake: @escaping (Int) -> Void, whenFull: @escaping (Int) -> Void
  ) {
    precondition((1...Self.mostShards).contains(queues.count), "one bit a shard")
    self.claims = claims
    self.queues = queues
    self.wake = wake
    self.whenFull = whenFull
  }

  /// The shard of a lane among `count`. FNV-1a over the names, which hold no zero.
  public static func shard(of stream: StreamIdentity, pipeline: String, channel: String, among count: Int) -> Int {
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    for name in [stream.input, stream.stream, pipeline, channel] {
      for byte in name.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
      hash = hash &* 0x100_0000_01B3
    }
    return Int((hash ^ (hash >> 32)) % UInt64(count))
  }

  public var laneCount: Int { members.reduce(0) { $0 + $1.lanes } }

  public func addStream() -> Int {
    members.append((0, 0))
    return members.count - 1
  }

  public func arrive(monotonic: Int64, unix: Int64?) {
    arrived = monotonic
    receivedAt = unix
  }

  /// Rows that wait in a queue: all behind the first that some shard is not through with.
  public var rowsHeld: Int64 { rows - (queues.compactMap(\.rowsDone).min() ?? rows) }

  public var isEmpty: Bool { queues.allSatisfy(\.isEmpty) }

  /// Asks every shard for what its lanes counted.
  public func askForCounts() { for shard in queues.indices { push(ShardQueue.Record(kind: .count), to: shard) } }
  /// Has the shard of a lane answer, when it is through with what came before.
  public func ask(_ question: WindowQuestion, of stream: StreamIdentity) {
    let shard = Self.shard(
      of: stream, pipeline: question.pipeline, channel: question.channel, among: queues.count)
    let object = Unmanaged.passRetained(question).toOpaque()
    push(ShardQueue.Record(kind: .window, object: UnsafeRawPointer(object)), to: shard)
  }

  /// Tells every shard whose conditioned samples somebody wants from now on.
  public func listen(to interest: TopicInterest) {
    for shard in queues.indices {
      let box = Unmanaged.passRetained(InterestBox(interest)).toOpaque()
      push(ShardQueue.Record(kind: .listen, object: UnsafeRawPointer(box)), to: shard)
    }
  }

  /// Tells every shard that no more input comes.
  public func drain() { for shard in queues.indices { push(ShardQueue.Record(kind: .drain), to: shard) } }
  public func stop() { for shard in queues.indices { push(ShardQueue.Record(kind: .stop), to: shard) } }

  // MARK: StreamListener

  public func start(_ session: Session, stream: Int) -> Refusal? {
    var refusals: [Refusal] = []
    var isRead = false
    members[stream] = (0, 0)
    for claim in claims where claim.input == session.stream.input {
      do throws(Refusal) {
        for lane in try claim.plan.lanes(on: session) {
          members[stream].lanes += 1
          members[stream].shards |=
            1 << Self.shard(of: session.stream, pipeline: claim.plan.name, channel: lane, among: queues.count)
        }
        isRead = true
      } catch { refusals.append(error) }
    }
    // Every shard, so that their label epochs count alike.
    for shard in queues.indices {
      let box = Unmanaged.passRetained(SessionBox(session)).toOpaque()
      push(ShardQueue.Record(kind: .start, stream: Int32(stream), object: UnsafeRawPointer(box)), to: shard)
    }
    guard isRead else { return refusals.first ?? .unread(session.stream.input) }
    for refusal in refusals { observe(.refused(refusal), session.stream) }
    return nil
  }

  public func chunk(_ chunk: Chunk, rows range: Range<Int>, first: Int64, timestamp: Int64?, stream: Int) {
    let rowSize = chunk.channels * chunk.element.size
    let most = max(1, (queues.map(\.payloadLimit).min() ?? rowSize) / rowSize)
    var start = range.lowerBound
    while start < range.upperBound {
      let end = min(start + most, range.upperBound)
      rows += Int64(end - start)
      var record = ShardQueue.Record(kind: .chunk, stream: Int32(stream))
      record.first = first + Int64(start - range.lowerBound)
      // The times are those of the message's first row, whichever piece this is.
      record.end = first
      record.timestamp = timestamp
      record.receivedAt = receivedAt
      record.arrived = arrived
      record.rows = Int32(end - start)
      record.channels = Int32(chunk.channels)
      (record.element, record.byteOrder, record.layout) = (chunk.element, chunk.byteOrder, chunk.layout)
      push(record, payload: (end - start) * rowSize, toMembersOf: stream) {
        chunk.copy(rows: start..<end, to: $0)
      }
      start = end
    }
  }

  public func gap(_ range: Range<Int64>, stream: Int) {
    push(
      ShardQueue.Record(kind: .gap, stream: Int32(stream), first: range.lowerBound, end: range.upperBound),
      toMembersOf: stream)
  }

  public func unknownGap(at index: Int64, stream: Int) {
    push(ShardQueue.Record(kind: .unknownGap, stream: Int32(stream), first: index), toMembersOf: stream)
  }

  public func end(at index: Int64, stream: Int) {
    push(ShardQueue.Record(kind: .end, stream: Int32(stream), first: index), toMembersOf: stream)
  }

  public func stale(at index: Int64, stream: Int) {
    push(ShardQueue.Record(kind: .stale, stream: Int32(stream), first: index), toMembersOf: stream)
  }

  public func note(_ event: AdmissionEvent, of stream: StreamIdentity) { observe(event, stream) }

  // MARK: writing

  private func push(
    _ record: ShardQueue.Record, payload: Int = 0, toMembersOf stream: Int,
    _ write: (UnsafeMutableRawPointer) -> Void = { _ in }
  ) {
    var rest = members[stream].shards
    while rest != 0 {
      push(record, payload: payload, to: rest.trailingZeroBitCount, write)
      rest &= rest - 1
    }
  }

  private func push(
    _ record: ShardQueue.Record, payload: Int = 0, to shard: Int,
    _ write: (UnsafeMutableRawPointer) -> Void = { _ in }
  ) {
    var record = record
    record.rowsBefore = rows
    if !queues[shard].push(record, payload: payload, write) {
      waits += 1
      repeat { whenFull(shard) } while !queues[shard].push(record, payload: payload, write)
    }
    wake(shard)
  }
}
