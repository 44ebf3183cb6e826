import RunnelCore

/// Where sequence numbers and sample indexes of one topic jumped while we listened.
///
/// Kept apart by epoch only as far as the current one: a new epoch begins a new count and is no gap.
public struct OrderFinding: Sendable, Hashable {
  /// Publishers' runs seen, in order; at most sixteen are kept.
  public private(set) var epochs: [UInt64] = []
  public private(set) var rowsLost: Int64 = 0
  public private(set) var messagesLost: Int64 = 0
  /// Jumps forward, and of what length nobody said.
  public private(set) var gaps = 0
  public private(set) var discontinuities = 0
  /// Messages older than what had come.
  public private(set) var older = 0
  public private(set) var hasSequence = false
  public private(set) var hasIndex = false
  private var current: UInt64?
  private var nextSequence: UInt64?
  private var nextIndex: Int64?

  public init() {}

  /// - Parameter counts: whether the message takes the sequence number it tells; a heartbeat or end tells the next
  ///   one, so that a loss at the tail shows.
  mutating func message(
    epoch: UInt64?, sequence: UInt64?, first: Int64?, rows: Int, discontinuity: Bool = false, counts: Bool = true
  ) {
    enter(epoch)
    if discontinuity { discontinuities += 1 }
    hasSequence = hasSequence || sequence != nil
    hasIndex = hasIndex || first != nil
    let lostMessages = sequence.map { Int64($0) - Int64(nextSequence ?? $0) } ?? 0
    let lostRows = first.map { $0 - (nextIndex ?? $0) } ?? 0
    guard lostMessages >= 0, lostRows >= 0 else {
      older += 1
      return
    }
    if lostMessages > 0 || lostRows > 0 { gaps += 1 }
    messagesLost = messagesLost.addingClamped(lostMessages)
    rowsLost = rowsLost.addingClamped(lostRows)
    nextSequence = sequence.map { $0 + (counts ? 1 : 0) } ?? nextSequence
    nextIndex = first.map { $0 + Int64(rows) } ?? nextIndex
  }

  private mutating func enter(_ epoch: UInt64?) {
    guard let epoch, epoch != current else { return }
    current = epoch
    (nextSequence, nextIndex) = (nil, nil)
    if !epochs.contains(epoch), epochs.count < 16 { epochs.append(epoch) }
  }
}
