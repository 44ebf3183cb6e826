/// Law 6, as figures: where every message and every row went.
///
/// Messages: received = decoded + rejected. Rows of decoded messages: received = used + dropped + held.
/// Filled rows were never received and are counted apart; a missing value is counted per channel.
public struct Accounting: Sendable, Equatable {
  public var messagesReceived: Int64 = 0
  public var messagesDecoded: Int64 = 0
  public private(set) var rejected = Counts<RejectReason>()
  /// Of those decoded: messages without a sample of their input.
  public private(set) var ignored = Counts<IgnoreReason>()

  public var rowsReceived: Int64 = 0
  public var rowsUsed: Int64 = 0
  public private(set) var dropped = Counts<DropReason>()
  /// Rows waiting for a description or for a rival to fall silent; 0 after a drain.
  public var rowsHeld: Int64 = 0

  /// Rows that the publisher sent and that never came, where an index lets us know. What came and was dropped or rejected
  /// is not among them, as long as its message says where it belongs.
  public var rowsLost: Int64 = 0
  /// Messages that the publisher sent and we never saw, where only a sequence lets us know.
  public var messagesLost: Int64 = 0
  /// Samples made up to cross a short gap (per lane).
  public var samplesFilled: Int64 = 0
  /// NaN, infinite, sentinel, out-of-range and flat samples (per channel).
  public var valuesMissing: Int64 = 0
  public var gaps: Int64 = 0
  public var resets: Int64 = 0
  /// Windows that got no label, because they were not whole (per lane).
  public var windowsLeftOut: Int64 = 0
  public var sessions: Int64 = 0

  public init() {}

  public mutating func reject(_ reason: RejectReason, messages: Int64 = 1) { rejected[reason] += messages }

  /// A message that was received and understood, and holds no rows of its own.
  public mutating func take(ignored reason: IgnoreReason? = nil) {
    messagesReceived += 1
    messagesDecoded += 1
    if let reason { ignored[reason] += 1 }
  }

  /// What was taken as decoded comes again, as the rows it was kept for, and is counted where they are.
  public mutating func giveBack() {
    messagesReceived -= 1
    messagesDecoded -= 1
  }

  /// What was lost is what a publisher says, and nobody can check it: the sums stop at the largest number.
  public mutating func lose(rows: Int64 = 0, messages: Int64 = 0) {
    rowsLost = rowsLost.addingClamped(rows)
    messagesLost = messagesLost.addingClamped(messages)
  }

  public mutating func drop(_ reason: DropReason, rows: Int64) { dropped[reason] += rows }

  /// The two equations of law 6.
  public var balances: Bool {
    messagesReceived == messagesDecoded + rejected.total && rowsReceived == rowsUsed + dropped.total + rowsHeld
  }

  public static func += (sum: inout Accounting, other: Accounting) {
    sum.messagesReceived += other.messagesReceived
    sum.messagesDecoded += other.messagesDecoded
    sum.rejected += other.rejected
    sum.ignored += other.ignored
    sum.rowsReceived += other.rowsReceived
    sum.rowsUsed += other.rowsUsed
    sum.dropped += other.dropped
    sum.rowsHeld += other.rowsHeld
    sum.lose(rows: other.rowsLost, messages: other.messagesLost)
    sum.samplesFilled += other.samplesFilled
    sum.valuesMissing += other.valuesMissing
    sum.gaps += other.gaps
    sum.resets += other.resets
    sum.windowsLeftOut = sum.windowsLeftOut.addingClamped(other.windowsLeftOut)
    sum.sessions += other.sessions
  }
}

/// One counter per case of a reason, in the order of its cases; counting allocates nothing.
public struct Counts<Reason: CaseIterable & Equatable & Sendable>: Sendable, Equatable {
  private var counts: [Int64]

  public init() { counts = Array(repeating: 0, count: Reason.allCases.count) }

  public subscript(reason: Reason) -> Int64 {
    get { counts[Self.index(of: reason)] }
    set { counts[Self.index(of: reason)] = newValue }
  }

  public var total: Int64 { counts.reduce(0, +) }

  /// The reasons that occurred, with their counts.
  public var nonzero: [(reason: Reason, count: Int64)] {
    zip(Reason.allCases, counts).filter { $0.1 != 0 }.map { (reason: $0.0, count: $0.1) }
  }

  public static func += (sum: inout Self, other: Self) {
    for index in sum.counts.indices { sum.counts[index] += other.counts[index] }
  }

  private static func index(of reason: Reason) -> Int {
    var index = 0
    for each in Reason.allCases {
      if each == reason { return index }
      index += 1
    }
    preconditionFailure("every case is in allCases")
  }
}
