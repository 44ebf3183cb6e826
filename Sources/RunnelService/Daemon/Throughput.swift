import RunnelCore

/// What came and went in a second, as of the last one that was whole.
struct Throughput {
  /// Each a second.
  private(set) var messages = 0.0
  private(set) var rows = 0.0
  private(set) var labels = 0.0
  private var last: (at: Int64, messages: Int64, rows: Int64, labels: Int64)?

  private static let second: Int64 = 1_000_000_000

  /// Called as often as one likes; `sums` are those since the start, asked for once a second.
  mutating func note(now: Int64, sums: () -> (accounting: Accounting, labels: Int64)) {
    guard now - (last?.at ?? .min / 2) >= Self.second else { return }
    let (accounting, labelled) = sums()
    if let last {
      let seconds = Double(now - last.at) / 1e9
      messages = Double(accounting.messagesReceived - last.messages) / seconds
      rows = Double(accounting.rowsReceived - last.rows) / seconds
      labels = Double(labelled - last.labels) / seconds
    }
    last = (now, accounting.messagesReceived, accounting.rowsReceived, labelled)
  }
}
