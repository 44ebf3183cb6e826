import RunnelCore
import RunnelWire

/// What the sequence numbers of a stream of runnel's own messages tell of its losses, whoever sends it: a message that is
/// missing, and where the publisher stood when it fell silent.
///
/// A late joiner has lost nothing; neither has who hears a publisher begin again. A copy of what was heard (an A/B feed)
/// is a repeat. Sums stop at the largest number: they are what publishers say.
struct SequenceLedger: Sendable, Hashable {
  private(set) var lostMessages: UInt64 = 0
  private(set) var lostRows: Int64 = 0
  private(set) var repeats: UInt64 = 0
  /// Epochs, in the order in which they were first heard.
  private(set) var sessions = 0

  private struct Position: Hashable {
    var epoch: UInt64
    var sequence: UInt64
    var index: Int64
  }

  /// The newest last; a straggler of an older session is told from a new one by them.
  private var positions: [Position] = []
  private static let most = 8

  mutating func enter(_ message: DecodedMessage) {
    switch message {
    case .samples(let samples):
      guard let epoch = samples.epoch, let sequence = samples.sequence, let first = samples.first else { return }
      advance(epoch, to: sequence, first, then: sequence + 1, first + Int64(samples.chunk.rows))
    case .heartbeat(let beat): advance(beat.epoch, to: beat.nextSequence, beat.nextIndex)
    case .end(let end): advance(end.epoch, to: end.nextSequence, end.nextIndex)
    case .description, .kept, .ignored: break
    }
  }

  /// A message of samples that came and cannot be decoded is not lost; nor does it begin a session.
  mutating func enter(_ rejected: RejectedSamples) {
    guard positions.contains(where: { $0.epoch == rejected.epoch }) else { return }
    advance(
      rejected.epoch, to: rejected.sequence, rejected.rows.lowerBound, then: rejected.sequence + 1,
      rejected.rows.upperBound)
  }

  /// - Parameter next: where the stream stands behind a message of samples; nil where none came.
  private mutating func advance(
    _ epoch: UInt64, to sequence: UInt64, _ index: Int64, then nextSequence: UInt64? = nil, _ nextIndex: Int64 = 0
  ) {
    let after = Position(
      epoch: epoch, sequence: nextSequence ?? sequence, index: nextSequence == nil ? index : nextIndex)
    guard let place = positions.lastIndex(where: { $0.epoch == epoch }) else {
      sessions += 1
      positions.append(after)
      if positions.count > Self.most { positions.removeFirst() }
      return
    }
    let known = positions[place]
    guard sequence >= known.sequence else {
      if nextSequence != nil { repeats += 1 }
      return
    }
    if sequence > known.sequence {
      lostMessages = lostMessages.addingClamped(sequence - known.sequence)
      lostRows = lostRows.addingClamped(max(0, index - known.index))
    }
    positions[place] = after
  }
}
