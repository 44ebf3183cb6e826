import RunnelCore
import RunnelWire

/// Which labels of each topic came, and which did not: drops repeats, counts losses.
///
///     switch ledger.enter(message) {
///     case .repeated: continue
///     case .taken(let notices): …
///     }
///
/// A topic's labels are counted by `seq` within its `epoch`, and what does not count (heartbeats, statuses of the
/// clock) tells the `next` one, so that a loss at the tail shows too. A late subscriber has lost nothing: counting
/// begins with what comes first. An epoch that begins while the topic is watched begins at 0.
public struct LabelLedger: Sendable {
  public enum Notice: Sendable, Hashable {
    /// Labels of this topic that never came; a later repeat of the last of them may take one back.
    case lost(Int64, topic: LabelTopic)
    /// The publisher began anew, or another one uses the name: what it carried is gone.
    case newEpoch(UInt64?, topic: LabelTopic)
  }

  public enum Entry: Sendable, Hashable {
    /// Seen before.
    case repeated
    case taken([Notice])
  }

  /// Where one epoch of one topic stands.
  private struct Account: Sendable {
    let epoch: UInt64?
    /// The newest seq that came; nil before the first.
    var newest: UInt64?
    /// The seq expected.
    var next: UInt64
    /// What came before counting began was not lost.
    let joined: UInt64
  }

  /// Epochs remembered of a topic: enough for stragglers, and for two publishers under one name.
  private static let epochLimit = 4
  /// Topics followed; the labels of further ones are taken as they come.
  private static let topicLimit = 65536

  private var accounts: [LabelTopic: [Account]] = [:]
  /// Labels and events.
  public private(set) var labels: Int64 = 0
  /// Gaps, resets and ends, which are counted in seq as labels are.
  public private(set) var statuses: Int64 = 0
  public private(set) var lost: Int64 = 0
  public private(set) var repeats: Int64 = 0

  public init() {}

  public var topics: Int { accounts.count }

  public mutating func enter(_ message: LabelMessage) -> Entry {
    let topic = LabelTopic(message)
    var notices: [Notice] = []
    var known = accounts[topic] ?? []
    guard !known.isEmpty || accounts.count < Self.topicLimit else { return count(message, true, []) }
    let place: Int
    if let found = known.firstIndex(where: { $0.epoch == message.epoch }) {
      place = found
    } else {
      if !known.isEmpty { notices.append(.newEpoch(message.epoch, topic: topic)) }
      let isLater = if let last = known.last?.epoch, let epoch = message.epoch { epoch > last } else { false }
      let joined = isLater ? 0 : message.sequence
      if known.count == Self.epochLimit { known.removeFirst() }
      known.append(Account(epoch: message.epoch, next: joined, joined: joined))
      place = known.count - 1
    }
    let (isNew, change) = Self.settle(message, in: &known[place])
    accounts[topic] = known
    lost = lost.addingClamped(change)
    if change > 0 { notices.append(.lost(change, topic: topic)) }
    return count(message, isNew, notices)
  }

  private mutating func count(_ message: LabelMessage, _ isNew: Bool, _ notices: [Notice]) -> Entry {
    guard isNew else {
      repeats += 1
      return .repeated
    }
    if message.isDecision { labels += 1 } else if message.consumesSequence { statuses += 1 }
    return .taken(notices)
  }

  /// Whether the message is new, and by how much the lost ones became more.
  private static func settle(_ message: LabelMessage, in account: inout Account) -> (isNew: Bool, lost: Int64) {
    let sequence = message.sequence
    let missed = sequence > account.next ? Int64(sequence - account.next) : 0
    guard message.consumesSequence else {
      account.next = max(account.next, sequence)
      return (true, missed)
    }
    if let newest = account.newest, sequence <= newest { return (false, 0) }
    account.newest = sequence
    guard sequence < account.next else {
      account.next = sequence + 1
      return (true, missed)
    }
    // Told of as lost, or from before we came, and now sent again.
    return (true, sequence >= account.joined ? -1 : 0)
  }
}

/// Whose labels: what `l/<stream>/<pipeline>/<channel>/` names.
public struct LabelTopic: Sendable, Hashable, CustomStringConvertible {
  public let stream: String
  public let pipeline: String
  public let channel: String

  public init(stream: String, pipeline: String, channel: String) {
    self.stream = stream
    self.pipeline = pipeline
    self.channel = channel
  }

  public init(_ message: LabelMessage) {
    self.init(stream: message.stream, pipeline: message.pipeline, channel: message.channel)
  }

  public var description: String { "\(stream)/\(pipeline)/\(channel)" }
}
