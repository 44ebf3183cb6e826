import RunnelCore
import RunnelWire

/// Decides what of one stream's messages is new, in which order, and what is missing: the gate between decoded
/// messages and lanes. Time comes in as `now`; nothing is read or written here.
///
///                 samples, heartbeat, end ──▶ whose epoch? ──▶ current ──▶ expected index ──▶ listener
///                                                │  │  │                   older: duplicate
///                          straggler: dropped ◀──┘  │  └──▶ next session   newer: gap, then rows
///                   rival or undescribed: held ◀────┘
///
/// Every message that comes in is counted as decoded or rejected, every row as used, dropped or held: law 6 holds
/// after each call.
public final class StreamAdmission {
  public let identity: StreamIdentity
  public let index: Int
  public internal(set) var accounting = Accounting()
  public private(set) var session: Session?

  let policy: StreamPolicy
  private var order = StreamOrder()
  var held: HeldMessages
  private var unused = UnusedRows()
  private var descriptions: [StreamDescription] = []
  /// What the session was last described by; nil where it stands on the configuration alone.
  private var standing: StreamDescription?
  private var leftEpochs: [UInt64] = []
  private var silence = Silence()
  private var measured = MeasuredRate()
  /// The publisher sent its end.
  private(set) var isOver = false
  /// The connection was seen to drop and nothing came since.
  private var isDisconnected = false
  /// What the message that began the session said of its rate.
  private var statedRate: Double?
  /// Why nothing is made of its session; nil where something is.
  public private(set) var refusal: (epoch: UInt64?, refusal: Refusal)?
  /// The last rival or straggler an operator was told of: one line each, not one a message.
  private var toldOf: UInt64?

  public init(identity: StreamIdentity, index: Int, policy: StreamPolicy) {
    self.identity = identity
    self.index = index
    self.policy = policy
    held = HeldMessages(capacity: policy.holdBytes)
  }

  /// Rows of a session lie below this index: up to here positions are exact at every rate. At 1 MHz that is 285 years.
  public static let lastIndex: Int64 = 1 << 53

  /// Hz at which this session's rows really come; nil in its first second.
  public var measuredRate: Double? { measured.value }

  /// The row that comes next in this session.
  public var nextIndex: Int64 { order.nextIndex }

  /// How the stream is, in a word.
  public enum Phase: String, Sendable {
    /// Nothing has begun: its first samples, or its description, have not come.
    case waiting
    case live, stale, ended
    /// No pipeline can use its session.
    case refused
  }

  public var phase: Phase {
    if session == nil { return .waiting }
    if refusal != nil { return .refused }
    return isOver ? .ended : silence.isStale ? .stale : .live
  }

  // MARK: what comes in

  public func admit(_ message: SampleMessage, now: Int64, to listener: any StreamListener) {
    accounting.messagesReceived += 1
    guard isInReach((message.first ?? 0) + Int64(message.chunk.rows), of: message.epoch, listener) else { return }
    release(now: now, to: listener)
    let owner = owner(of: message, now: now)
    if case .current = owner, let refusal { return reject(message, refusal.refusal) }
    if let error = misfit(message, owner) {
      noteUnused(message)
      return reject(error, listener)
    }
    place(message, owner, heldSince: nil, now: now, to: listener)
  }

  /// A heartbeat tells what was lost at the tail, where no later sample would.
  public func admit(_ heartbeat: Heartbeat, now: Int64, to listener: any StreamListener) {
    accounting.messagesReceived += 1
    guard isInReach(heartbeat.nextIndex, of: heartbeat.epoch, listener) else { return }
    accounting.messagesDecoded += 1
    guard session != nil, heartbeat.epoch == session?.epoch, !isOver else { return }
    silence.hear(at: now)
    isDisconnected = false
    tail(upTo: heartbeat.nextIndex, nextSequence: heartbeat.nextSequence, to: listener)
  }

  public func admit(_ end: EndOfStream, now: Int64, to listener: any StreamListener) {
    accounting.messagesReceived += 1
    guard isInReach(end.nextIndex, of: end.epoch, listener) else { return }
    accounting.messagesDecoded += 1
    release(now: now, to: listener)
    place(end, since: now, now: now, to: listener)
  }

  public func admit(_ description: StreamDescription, now: Int64, to listener: any StreamListener) {
    accounting.messagesReceived += 1
    if let session, !isOver, description.epoch == session.epoch {
      guard describes(description, session, listener) else { return }
      accounting.messagesDecoded += 1
      if standing == nil {
        // The session began without it, so its subject was not known; it has not changed.
        standing = description
        self.session?.subject = description.subject
      } else if description.subject != session.subject {
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
  public func disconnected(now: Int64, to listener: any StreamListener) {
    isDisconnected = true
    release(now: now, to: listener)
  }

  /// Time passes: held messages whose wait is over are applied or dropped. Call it a few times a second.
  public func tick(now: Int64, to listener: any StreamListener) {
    release(now: now, to: listener)
    guard session != nil, !isOver, silence.becomesStale(at: now, after: policy.staleAfter) else { return }
    listener.note(.stale(since: order.nextIndex), of: identity)
    if refusal == nil { listener.stale(at: order.nextIndex, stream: index) }
  }

  /// No more input will come: what is held is dropped with its reason, so that nothing stays uncounted.
  public func drain(to listener: any StreamListener) {
    for entry in held.takeAll() { discard(entry, listener) }
  }

  // MARK: whose message it is

  enum Owner {
    case current
    case straggler
    case rival
    case next(Session.Cause)
  }

  func owner(of message: SampleMessage, now: Int64) -> Owner {
    let stated = message.rate ?? (message.rateHolds ? statedRate : nil)
    return owner(epoch: message.epoch, first: message.first, sequence: message.sequence, rate: stated, now: now)
  }

  /// - Parameter stated: its rate, where it states one, or one that was stated before still holds.
  func owner(epoch: UInt64?, first: Int64?, sequence: UInt64?, rate stated: Double?, now: Int64) -> Owner {
    // By its members: the session taken out whole would be copied, with five references.
    guard let rate = session?.rate else { return .next((first ?? 0) > 0 ? .joinedMidStream : .first) }
    guard let epoch else {
      if isDisconnected { return .next(.reconnected) }
      // Where it is was not known until now.
      if session?.level == .unsequenced, first != nil || sequence != nil {
        return .next(first == 0 ? .restarted : .joinedMidStream)
      }
      let reach = Int64(policy.reorder * rate)
      if order.wentBack(first: first, sequence: sequence, byMoreThan: reach) { return .next(.restarted) }
      return takesOver(stated, from: rate, now: now) ? .next(.newRate) : .current
    }
    if epoch == session?.epoch { return isOver ? .straggler : .current }
    if leftEpochs.contains(epoch) { return .straggler }
    return isOver || isDisconnected || silence.lasts(at: now) >= policy.takeover ? .next(.newEpoch) : .rival
  }

  /// In a format without epochs, whether a message begins a session by its rate alone: the one that is there was refused
  /// for another, or has not been heard for `takeover`. So no bad message outlives its fault, and none ends a session
  /// that lives.
  private func takesOver(_ stated: Double?, from rate: Double, now: Int64) -> Bool {
    if refusal != nil {
      if let stated, let statedRate, StreamShape.agree(stated, statedRate) { return false }
      return stated != statedRate && contradiction(stated) == nil
    }
    return !StreamShape.agree(stated, rate) && silence.outlasts(policy.takeover, at: now)
      && contradiction(stated) == nil
  }

  /// - Parameter heldSince: when the message came, where it has waited; its rows are counted as received then.
  func place(
    _ message: SampleMessage, _ owner: Owner, heldSince: Int64?, now: Int64, to listener: any StreamListener
  ) {
    let rows = Int64(message.chunk.rows)
    if case .next(let cause) = owner, let description = describing(message.epoch) {
      let isLate = (message.first ?? 0) > 0 && cause != .restarted && cause != .newRate
      order = StreamOrder(nextIndex: message.first ?? 0, sequence: message.sequence)
      begin(
        isLate ? .joinedMidStream : cause, description: description.found, epoch: message.epoch, rate: message.rate,
        level: message.first == nil && message.sequence == nil ? .unsequenced : .sequenced, now: now, to: listener)
      if let refusal {
        return heldSince == nil ? reject(message, refusal.refusal) : drop(.refused, message)
      }
    }
    if heldSince == nil {
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
      hold(message, since: heldSince ?? now, listener)
    case .next:
      if describing(message.epoch) == nil { return hold(message, since: heldSince ?? now, listener) }
      apply(message, now: now, to: listener)
    }
  }

  func place(_ end: EndOfStream, since: Int64, now: Int64, to listener: any StreamListener) {
    switch owner(epoch: end.epoch, first: end.nextIndex, sequence: nil, rate: nil, now: now) {
    case .current:
      silence.hear(at: now)
      tail(upTo: end.nextIndex, nextSequence: end.nextSequence, to: listener)
      leave()
      isOver = true
      if refusal == nil { listener.end(at: order.nextIndex, stream: index) }
      listener.note(.ended(at: order.nextIndex), of: identity)
      release(now: now, to: listener)
    case .straggler: break
    // The end of a session that has not begun waits behind its samples; alone it says nothing.
    case .rival, .next: if !held.isEmpty { _ = held.hold(end, now: since) }
    }
  }

  // MARK: sessions

  private func begin(
    _ cause: Session.Cause, description: StreamDescription?, epoch: UInt64?, rate: Double?, level: Level, now: Int64,
    to listener: any StreamListener
  ) {
    if session != nil, epoch == nil || epoch != session?.epoch { leave(mayReturn: epoch == nil) }
    isOver = false
    isDisconnected = false
    silence.begin(at: now)
    measured = MeasuredRate()
    toldOf = nil
    statedRate = rate
    let shape = StreamShape(policy: policy, description: description, headerRate: rate)
    let next = Session(
      stream: identity, epoch: epoch, cause: cause, start: order.nextIndex, rate: shape.rate ?? 0,
      channels: shape.channels, level: level, subject: description?.subject,
      synthetic: description?.synthetic ?? false)
    session = next
    standing = description
    accounting.sessions += 1
    let refused = shape.refusal(stream: identity) ?? listener.start(next, stream: index)
    refusal = refused.map { (epoch, $0) }
    if let refused {
      listener.note(.refused(refused), of: identity)
    } else {
      listener.note(.started(next), of: identity)
    }
  }

  /// - Parameter mayReturn: its epoch gave way to a message without one; otherwise it will not come back.
  private func leave(mayReturn: Bool = false) {
    unused.forget(session?.epoch)
    guard !mayReturn, let epoch = session?.epoch, !leftEpochs.contains(epoch) else { return }
    leftEpochs.append(epoch)
    if leftEpochs.count > 8 { leftEpochs.removeFirst() }
    descriptions.removeAll { $0.epoch == epoch }
  }

  // MARK: descriptions

  private func remember(_ description: StreamDescription) {
    descriptions.removeAll { $0.epoch == description.epoch }
    descriptions.append(description)
    if descriptions.count > 4 { descriptions.removeFirst() }
  }

  /// What is known of this epoch: a description, or nothing where the configuration says enough, or nil: wait.
  func describing(_ epoch: UInt64?) -> (found: StreamDescription?, Void)? {
    if let found = descriptions.last(where: { $0.epoch == epoch }) { return (found, ()) }
    return policy.channels == nil ? nil : (nil, ())
  }

  /// Whether a description agrees with the session it speaks of; a change of shape needs a new epoch. The first one of
  /// a session that began with the configuration's channels may give them other names: these stay.
  private func describes(
    _ description: StreamDescription, _ session: Session, _ listener: any StreamListener
  ) -> Bool {
    let said = description.channels
    let fits =
      StreamShape.agree(description.rate, session.rate)
      && (said.isEmpty || (standing.map { said == $0.channels } ?? (said.count == session.channels.count)))
    guard !fits else { return true }
    reject(
      DecodeError(
        .shapeChanged, part: 1, byteOffset: 0,
        expected: "the rate and channels this epoch began with (a change needs a new epoch)",
        found: "\(description.channels.map(\.name)) at \(description.rate ?? session.rate) Hz"), listener)
    return false
  }

  // MARK: order

  private func apply(_ message: SampleMessage, now: Int64, to listener: any StreamListener) {
    silence.hear(at: now)
    isDisconnected = false
    let rows = message.chunk.rows
    let before = order
    let verdict = order.take(first: message.first, sequence: message.sequence, rows: rows)
    if let missed = verdict.missedMessages {
      unused.takeUnseen(of: missed, epoch: session?.epoch) { lost in
        accounting.lose(messages: Int64(lost.count))
        listener.note(.lostMessages(lost.count), of: identity)
      }
    }
    if let gap = verdict.gap { hear(gap: gap, listener) }
    let jumps = message.discontinuity && verdict.beginsNew
    if verdict.missedMessages != nil || jumps {
      if jumps { listener.note(.discontinuity(at: verdict.firstIndex), of: identity) }
      accounting.gaps += 1
      if refusal == nil, before.hasBegun { listener.unknownGap(at: verdict.firstIndex, stream: index) }
    }
    let repeated = Int64(verdict.fresh.lowerBound)
    if repeated > 0 {
      accounting.drop(.duplicate, rows: repeated)
      listener.note(.duplicate(rows: repeated), of: identity)
    }
    measured.hear(rows: Int64(verdict.fresh.count + (verdict.gap?.count ?? 0)), at: now)
    guard !verdict.fresh.isEmpty else { return }
    accounting.rowsUsed += Int64(verdict.fresh.count)
    let timestamp = message.timestamp.flatMap { time($0, after: verdict.fresh.lowerBound) }
    listener.chunk(
      message.chunk, rows: verdict.fresh, first: verdict.firstIndex, timestamp: timestamp, stream: index)
  }

  /// A time so many rows later; nil where it is beyond what a message says, or the rows have no rate.
  private func time(_ timestamp: Int64, after rows: Int) -> Int64? {
    guard rows > 0, let rate = session?.rate else { return timestamp }
    return UnixTime.time(Double(rows) / rate * 1e9, after: timestamp)
  }

  /// Rows up to `nextIndex` were sent, says the publisher; those that have not come are missing.
  private func tail(upTo nextIndex: Int64, nextSequence: UInt64, to listener: any StreamListener) {
    if let gap = order.skip(to: nextIndex, sequence: nextSequence) { hear(gap: gap, listener) }
  }

  private func hear(gap: Range<Int64>, _ listener: any StreamListener) {
    var isLoss = false
    unused.takeUnseen(of: gap, epoch: session?.epoch) { lost in
      isLoss = true
      accounting.lose(rows: Int64(lost.count))
      listener.note(.lost(rows: lost), of: identity)
    }
    if refusal == nil || isLoss { accounting.gaps += 1 }
    if refusal == nil { listener.gap(gap, stream: index) }
  }

  // MARK: what is not used

  /// Its rows came, so where their session misses them they were not lost.
  func noteUnused(_ message: SampleMessage) {
    if let first = message.first {
      noteUnused(first..<first + Int64(message.chunk.rows), of: message.epoch)
    } else if let sequence = message.sequence {
      noteUnused(Int64(sequence)..<Int64(sequence) + 1, of: message.epoch)
    }
  }

  /// Rows of a message that could not be read whole.
  func noteUnused(_ rows: Range<Int64>, of epoch: UInt64?) { unused.note(rows, of: epoch) }

  /// The epoch, the first time it is asked for.
  private func firstTelling(of epoch: UInt64?) -> UInt64? {
    guard let epoch, toldOf != epoch else { return nil }
    toldOf = epoch
    return epoch
  }
}
