import RunnelCore
import RunnelWire

/// Messages that wait for a description, or for a rival to fall silent: what becomes of them.
extension StreamAdmission {
  /// - Parameter since: when the message came; it stays so however often it has to be held again.
  func hold(_ message: SampleMessage, since: Int64, _ listener: any StreamListener) {
    let rows = Int64(message.chunk.rows)
    guard held.hold(message, now: since) else {
      drop(.overflow, message)
      return listener.note(.holdFull(rows: rows), of: identity)
    }
    accounting.rowsHeld += rows
  }

  /// Applies what no longer has to wait, in the order it came, and drops what waited too long.
  func release(now: Int64, to listener: any StreamListener) {
    guard !held.isEmpty else { return }
    if canPlaceAny(now: now) {
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

  static func isRival(_ entry: HeldMessages.Entry, of session: Session?, _ isOver: Bool) -> Bool {
    guard let session, let epoch = entry.epoch else { return false }
    return epoch != session.epoch && !isOver
  }

  /// Whether some publisher's messages need not wait any longer; those of one are alike, so one of a run is asked.
  private func canPlaceAny(now: Int64) -> Bool {
    var asked: UInt64??
    for entry in held.entries {
      guard case .samples(let message, _) = entry.content, asked != .some(entry.epoch) else { continue }
      asked = .some(entry.epoch)
      switch owner(of: message, now: now) {
      case .rival: continue
      case .current, .straggler: return true
      case .next: if describing(entry.epoch) != nil { return true }
      }
    }
    return false
  }

  private func place(again entry: HeldMessages.Entry, now: Int64, to listener: any StreamListener) {
    switch entry.content {
    case .end(let end): place(end, since: entry.since, now: now, to: listener)
    case .samples(var message, let payload):
      payload.withUnsafeBytes { bytes in
        message.chunk.payload = bytes
        let owner = owner(of: message, now: now)
        if case .current = owner, refusal != nil { return drop(.refused, message) }
        // What it is described as may have been said, or have changed, while it waited.
        if let error = misfit(message, owner) {
          drop(.refused, message)
          return listener.note(.rejected(error), of: identity)
        }
        place(message, owner, heldSince: entry.since, now: now, to: listener)
      }
    }
  }

  func drop(_ reason: DropReason, _ message: SampleMessage) {
    accounting.drop(reason, rows: Int64(message.chunk.rows))
    noteUnused(message)
  }

  func discard(_ entry: HeldMessages.Entry, _ listener: any StreamListener) {
    guard case .samples(let message, _) = entry.content, entry.rows > 0 else { return }
    accounting.rowsHeld -= entry.rows
    if let epoch = entry.epoch, Self.isRival(entry, of: session, isOver) {
      drop(.rivalEpoch, message)
      listener.note(.rivalDropped(epoch: epoch, rows: entry.rows), of: identity)
    } else {
      drop(.undescribed, message)
      listener.note(.undescribed(rows: entry.rows), of: identity)
    }
  }
}
