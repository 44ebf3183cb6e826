import RunnelCore
import RunnelWire

/// Decides what of one stream's messages is new, in which order, and what is missing: the gate between decoded
/// messages and lanes. Pure: time comes in as `now`, nothing is read or written here.
///
///                 samples, heartbeat, end ──▶ whose epoch? ──▶ current ──▶ expected index ──▶ listener
///                                                │  │  │                   older: duplicate
///                          straggler: dropped ◀──┘  │  └──▶ next session   newer: gap, then rows
///                   rival or undescribed: held ◀────┘
///
/// Every message that comes in is counted as decoded or rejected, every row as used, dropped or held: law 6 holds
/// after each call.
public struct StreamAdmission {
  public let identity: StreamIdentity
  public let index: Int
  public private(set) var accounting = Accounting()
  public private(set) var session: Session?

  private let policy: StreamPolicy
  private var order = StreamOrder()
  private var held: HeldMessages
  private var descriptions: [StreamDescription] = []
  private var leftEpochs: [UInt64] = []
  private var lastHeard: Int64 = 0
  /// The publisher sent its end.
  private var isOver = false
  /// The connection was seen to drop and nothing came since.
  private var isDisconnected = false
  private var refusal: (epoch: UInt64?, refusal: Refusal)?
  /// The last rival or straggler an operator was told of: one line each, not one a message.
  private var toldOf: UInt64?

  public init(identity: StreamIdentity, index: Int, policy: StreamPolicy) {
    self.identity = identity
    self.index = index
    self.policy = policy
    held = HeldMessages(capacity: policy.holdBytes)
  }

  // MARK: what comes in

  public mutating func admit<L: StreamListener>(_ message: SampleMessage, now: Int64, to listener: L) {
    accounting.messagesReceived += 1
    release(now: now, to: listener)
    guard shapeFits(message, listener) else { return }
    place(message, wasHeld: false, now: now, to: listener)
  }

  /// A heartbeat tells what was lost at the tail, where no later sample would.
  public mutating func admit<L: StreamListener>(_ heartbeat: Heartbeat, now: Int64, to listener: L) {
    accounting.countDecoded()
    guard session != nil, heartbeat.epoch == session?.epoch, !isOver else { return }
    lastHeard = now
    isDisconnected = false
    tail(upTo: heartbeat.nextIndex, nextSequence: heartbeat.nextSequence, to: listener)
  }

  public mutating func admit<L: StreamListener>(_ end: EndOfStream, now: Int64, to listener: L) {
    accounting.countDecoded()
    release(now: now, to: listener)
    place(end, now: now, to: listener)
  }

  public mutating func admit<L: StreamListener>(_ description: StreamDescription, now: Int64, to listener: L) {
    accounting.messagesReceived += 1
    if let session, !isOver, description.epoch == nil || description.epoch == session.epoch {
      guard describes(description, session, listener) else { return }
      accounting.messagesDecoded += 1
      if description.subject != session.subject, isDescribed(session) {
        begin(
          .newSubject, description: description, epoch: session.epoch, rate: session.rate, level: session.level,
          now: now, to: listener)
      }
    } else {
      accounting.messagesDecoded += 1
    }
    remember(description)
    release(now: now, to: listener)
  }

  /// The socket monitor saw this stream's connection drop.
  public mutating func disconnected<L: StreamListener>(now: Int64, to listener: L) {
    isDisconnected = true
    release(now: now, to: listener)
  }

  /// Time passes: held messages whose wait is over are applied or dropped. Call it a few times a second.
  public mutating func tick<L: StreamListener>(now: Int64, to listener: L) { release(now: now, to: listener) }

  /// No more input will come: what is held is dropped with its reason, so that nothing stays uncounted.
  public mutating func drain<L: StreamListener>(to listener: L) {
    for entry in held.takeAll() { discard(entry, listener) }
  }

  // MARK: whose message it is

  private enum Owner {
    case current
    case straggler
    case rival
    case next(Session.Cause)
  }

  private func owner(epoch: UInt64?, first: Int64?, sequence: UInt64?, now: Int64) -> Owner {
    guard let session else { return .next((first ?? 0) > 0 ? .joinedMidStream : .first) }
    guard let epoch else {
      if isDisconnected { return .next(.reconnected) }
      let reach = Int64(policy.reorder * session.rate)
      return order.wentBack(first: first, sequence: sequence, byMoreThan: reach) ? .next(.restarted) : .current
    }
    if epoch == session.epoch { return isOver ? .straggler : .current }
    if leftEpochs.contains(epoch) { return .straggler }
    return isOver || isDisconnected || now - lastHeard >= policy.takeover ? .next(.newEpoch) : .rival
  }

  private mutating func place<L: StreamListener>(
    _ message: SampleMessage, wasHeld: Bool, now: Int64, to listener: L
  ) {
    let rows = Int64(message.chunk.rows)
    let owner = owner(epoch: message.epoch, first: message.first, sequence: message.sequence, now: now)
    if case .next(let cause) = owner, let description = describing(message.epoch) {
      let isLate = (message.first ?? 0) > 0 && cause != .restarted
      order = StreamOrder(nextIndex: message.first ?? 0, sequence: message.sequence)
      begin(
        isLate ? .joinedMidStream : cause, description: description.found, epoch: message.epoch, rate: message.rate,
        level: message.first == nil && message.sequence == nil ? .unsequenced : .sequenced, now: now, to: listener)
      if let refusal {
        return wasHeld ? accounting.drop(.refused, rows: rows) : accounting.reject(refusal.refusal.reason)
      }
    }
    if !wasHeld {
      accounting.messagesDecoded += 1
      accounting.rowsReceived += rows
    }
    switch owner {
    case .current: apply(message, now: now, to: listener)
    case .straggler:
      accounting.drop(.oldEpoch, rows: rows)
      if let epoch = firstTelling(of: message.epoch) {
        listener.note(.stragglerDropped(epoch: epoch, rows: rows), of: identity)
      }
    case .rival:
      if let epoch = firstTelling(of: message.epoch) { listener.note(.rivalHeld(epoch: epoch), of: identity) }
      hold(message, now: now, listener)
    case .next:
      if describing(message.epoch) == nil { return hold(message, now: now, listener) }
      apply(message, now: now, to: listener)
    }
  }

  private mutating func place<L: StreamListener>(_ end: EndOfStream, now: Int64, to listener: L) {
    switch owner(epoch: end.epoch, first: end.nextIndex, sequence: nil, now: now) {
    case .current:
      lastHeard = now
      tail(upTo: end.nextIndex, nextSequence: end.nextSequence, to: listener)
      leave()
      isOver = true
      if refusal == nil { listener.end(at: order.nextIndex, stream: index) }
      listener.note(.ended(at: order.nextIndex), of: identity)
      release(now: now, to: listener)
    case .straggler: break
    // The end of a session that has not begun waits behind its samples; alone it says nothing.
    case .rival, .next: if !held.isEmpty { _ = held.hold(end, now: now) }
    }
  }

  // MARK: sessions

  private mutating func begin<L: StreamListener>(
    _ cause: Session.Cause, description: StreamDescription?, epoch: UInt64?, rate: Double?, level: Level, now: Int64,
    to listener: L
  ) {
    if session != nil, epoch != session?.epoch { leave() }
    isOver = false
    isDisconnected = false
    lastHeard = now
    toldOf = nil
    let shape = StreamShape(policy: policy, description: description, headerRate: rate)
    let next = Session(
      stream: identity, epoch: epoch, cause: cause, start: order.nextIndex, rate: shape.rate ?? 0,
      channels: shape.channels, level: level, subject: description?.subject,
      synthetic: description?.synthetic ?? false)
    session = next
    accounting.sessions += 1
    let refused = shape.refusal(stream: identity) ?? listener.start(next, stream: index)
    refusal = refused.map { (epoch, $0) }
    if let refused {
      listener.note(.refused(refused), of: identity)
    } else {
      listener.note(.started(next), of: identity)
    }
  }

  /// The current epoch will not come back.
  private mutating func leave() {
    guard let epoch = session?.epoch, !leftEpochs.contains(epoch) else { return }
    leftEpochs.append(epoch)
    if leftEpochs.count > 8 { leftEpochs.removeFirst() }
    descriptions.removeAll { $0.epoch == epoch }
  }

  // MARK: descriptions

  private mutating func remember(_ description: StreamDescription) {
    descriptions.removeAll { $0.epoch == description.epoch }
    descriptions.append(description)
    if descriptions.count > 4 { descriptions.removeFirst() }
  }

  /// What is known of this epoch: a description, or nothing where the configuration says enough, or nil: wait.
  private func describing(_ epoch: UInt64?) -> (found: StreamDescription?, Void)? {
    if let found = descriptions.last(where: { $0.epoch == epoch || $0.epoch == nil }) { return (found, ()) }
    return policy.channels == nil ? nil : (nil, ())
  }

  private func isDescribed(_ session: Session) -> Bool { describing(session.epoch)?.found != nil }

  /// Whether a description agrees with the session it speaks of; a change of shape needs a new epoch.
  private mutating func describes<L: StreamListener>(
    _ description: StreamDescription, _ session: Session, _ listener: L
  ) -> Bool {
    let fits =
      isDescribed(session)
      ? description.channels == session.channels && StreamShape.agree(description.rate, session.rate)
      : description.channels.count == session.channels.count && StreamShape.agree(description.rate, session.rate)
    guard !fits else { return true }
    reject(
      DecodeError(
        .shapeChanged, part: 1, byteOffset: 0,
        expected: "the rate and channels this epoch began with (a change needs a new epoch)",
        found: "\(description.channels.map(\.name)) at \(description.rate ?? session.rate) Hz"), listener)
    return false
  }

  // MARK: order

  private mutating func apply<L: StreamListener>(_ message: SampleMessage, now: Int64, to listener: L) {
    lastHeard = now
    isDisconnected = false
    let rows = message.chunk.rows
    let before = order
    let verdict = order.take(first: message.first, sequence: message.sequence, rows: rows)
    if let lost = verdict.lostMessages {
      accounting.messagesLost += Int64(clamping: lost)
      listener.note(.lostMessages(lost), of: identity)
    }
    if let gap = verdict.gap { hear(gap: gap, listener) }
    if verdict.lostMessages != nil || (message.discontinuity && verdict.fresh.lowerBound < rows) {
      if message.discontinuity { listener.note(.discontinuity(at: verdict.firstIndex), of: identity) }
      accounting.gaps += 1
      if refusal == nil, before.hasBegun { listener.unknownGap(at: verdict.firstIndex, stream: index) }
    }
    let repeated = Int64(verdict.fresh.lowerBound)
    if repeated > 0 {
      accounting.drop(.duplicate, rows: repeated)
      listener.note(.duplicate(rows: repeated), of: identity)
    }
    guard !verdict.fresh.isEmpty else { return }
    accounting.rowsUsed += Int64(verdict.fresh.count)
    let skipped = Double(verdict.fresh.lowerBound)
    let rate = session?.rate ?? 0
    let timestamp = message.timestamp.map { rate > 0 ? $0 + Int64(skipped / rate * 1e9) : $0 }
    listener.chunk(
      message.chunk, rows: verdict.fresh, first: verdict.firstIndex, timestamp: timestamp, stream: index)
  }

  /// Rows up to `nextIndex` were sent, says the publisher; those we have not seen are lost.
  private mutating func tail<L: StreamListener>(upTo nextIndex: Int64, nextSequence: UInt64, to listener: L) {
    if let gap = order.skip(to: nextIndex, sequence: nextSequence) { hear(gap: gap, listener) }
  }

  private mutating func hear<L: StreamListener>(gap: Range<Int64>, _ listener: L) {
    accounting.gaps += 1
    accounting.rowsLost += Int64(gap.count)
    listener.note(.lost(rows: gap), of: identity)
    if refusal == nil { listener.gap(gap, stream: index) }
  }

  // MARK: refusing

  /// Whether the message has the shape of its session and the session was accepted; if not it is rejected, whole.
  private mutating func shapeFits<L: StreamListener>(_ message: SampleMessage, _ listener: L) -> Bool {
    guard let session, message.epoch == session.epoch, !isOver else {
      return countsFit(message, known: describing(message.epoch)?.found?.channels ?? policy.channels, listener)
    }
    if let refusal, refusal.epoch == message.epoch {
      accounting.reject(refusal.refusal.reason)
      return false
    }
    guard countsFit(message, known: session.channels, listener) else { return false }
    guard StreamShape.agree(message.rate, session.rate) else {
      let found = "\(message.rate ?? 0) Hz"
      reject(
        DecodeError(
          .shapeChanged, part: 1, byteOffset: 48, expected: "\(session.rate) Hz, the rate this epoch began with",
          found: found), listener)
      return false
    }
    return true
  }

  private mutating func countsFit<L: StreamListener>(
    _ message: SampleMessage, known: [Channel]?, _ listener: L
  ) -> Bool {
    guard let known, message.chunk.channels != known.count else { return true }
    reject(
      DecodeError(
        .shapeChanged, part: 1, byteOffset: 56, expected: "\(known.count) channels (\(known.map(\.name)))",
        found: "\(message.chunk.channels)"), listener)
    return false
  }

  private mutating func reject<L: StreamListener>(_ error: DecodeError, _ listener: L) {
    accounting.reject(error.reason)
    listener.note(.rejected(error), of: identity)
  }

  // MARK: holding

  private mutating func hold<L: StreamListener>(_ message: SampleMessage, now: Int64, _ listener: L) {
    let rows = Int64(message.chunk.rows)
    guard held.hold(message, now: now) else {
      accounting.drop(.overflow, rows: rows)
      return listener.note(.holdFull(rows: rows), of: identity)
    }
    accounting.rowsHeld += rows
  }

  /// Applies what no longer has to wait, in the order it came, and drops what waited too long.
  private mutating func release<L: StreamListener>(now: Int64, to listener: L) {
    guard let oldest = held.entries.first else { return }
    if canPlace(oldest, now: now) {
      for entry in held.takeAll() {
        accounting.rowsHeld -= entry.rows
        place(again: entry, now: now, to: listener)
      }
    }
    let (rival, undescribed) = (now - policy.takeover, now - policy.describeWithin)
    let overdue = held.take { [session, isOver] entry in
      entry.since < (Self.isRival(entry, of: session, isOver) ? rival : undescribed)
    }
    for entry in overdue { discard(entry, listener) }
  }

  private static func isRival(_ entry: HeldMessages.Entry, of session: Session?, _ isOver: Bool) -> Bool {
    guard let session, let epoch = entry.epoch else { return false }
    return epoch != session.epoch && !isOver
  }

  private func canPlace(_ entry: HeldMessages.Entry, now: Int64) -> Bool {
    var (first, sequence): (Int64?, UInt64?) = (nil, nil)
    if case .samples(let message, _) = entry.content { (first, sequence) = (message.first, message.sequence) }
    switch owner(epoch: entry.epoch, first: first, sequence: sequence, now: now) {
    case .rival: return false
    case .current, .straggler: return true
    case .next: return describing(entry.epoch) != nil
    }
  }

  private mutating func place<L: StreamListener>(
    again entry: HeldMessages.Entry, now: Int64, to listener: L
  ) {
    switch entry.content {
    case .end(let end): place(end, now: now, to: listener)
    case .samples(var message, let payload):
      payload.withUnsafeBytes { bytes in
        message.chunk.payload = bytes
        if refusal != nil, session?.epoch == message.epoch {
          accounting.drop(.refused, rows: Int64(message.chunk.rows))
        } else {
          place(message, wasHeld: true, now: now, to: listener)
        }
      }
    }
  }

  private mutating func discard<L: StreamListener>(_ entry: HeldMessages.Entry, _ listener: L) {
    guard entry.rows > 0 else { return }
    accounting.rowsHeld -= entry.rows
    if let epoch = entry.epoch, Self.isRival(entry, of: session, isOver) {
      accounting.drop(.rivalEpoch, rows: entry.rows)
      listener.note(.rivalDropped(epoch: epoch, rows: entry.rows), of: identity)
    } else {
      accounting.drop(.undescribed, rows: entry.rows)
      listener.note(.undescribed(rows: entry.rows), of: identity)
    }
  }

  /// The epoch, the first time it is asked for.
  private mutating func firstTelling(of epoch: UInt64?) -> UInt64? {
    guard let epoch, toldOf != epoch else { return nil }
    toldOf = epoch
    return epoch
  }
}
