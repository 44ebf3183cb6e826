import RunnelCore
import RunnelZeroMQ

/// What a daemon did: the accounting of law 6 and what came of it, for the log at the end and for `demo`.
public struct DaemonReport {
  public var accounting: Accounting
  public var streams: Int
  public var lanes: Int
  public var labels: Int64
  public var latencies: LatencyHistogram
  /// What happened to the connections of each input endpoint.
  public var connections: [(endpoint: String, counts: ConnectionCounts)] = []
  /// The declared and the measured rate of each stream that was heard for a second or longer, in Hz.
  public var rates: [(stream: String, declared: Double, measured: Double)] = []

  /// Streams whose rate is told; more would bury the sums.
  private static let mostRates = 8

  /// The accounting in words, one line a sum; each line balances.
  public var lines: [String] {
    let a = accounting
    var lines = [
      "messages: \(a.messagesReceived) received = \(a.messagesDecoded) decoded + \(a.rejected.total) rejected"
        + reasons(a.rejected.nonzero.map { ($0.reason.rawValue, $0.count) })
        + (a.ignored.total > 0
          ? "; \(a.ignored.total) ignored" + reasons(a.ignored.nonzero.map { ($0.reason.rawValue, $0.count) }) : ""),
      "rows: \(a.rowsReceived) received = \(a.rowsUsed) used + \(a.dropped.total) dropped"
        + reasons(a.dropped.nonzero.map { ($0.reason.rawValue, $0.count) }) + " + \(a.rowsHeld) held",
      "lost: \(a.rowsLost) rows, \(a.messagesLost) messages in \(a.gaps) gaps; "
        + "\(a.samplesFilled) samples filled, \(a.valuesMissing) values missing, \(a.resets) resets"
        + (a.windowsLeftOut > 0 ? ", \(a.windowsLeftOut) windows left out" : ""),
    ]
    var labelled = "labels: \(labels) from \(Phrase.count(lanes, "lane")) of \(Phrase.count(streams, "stream"))"
    if let median = latencies.microseconds(atPercentile: 50), let slow = latencies.microseconds(atPercentile: 99) {
      labelled += ", latency p50 \(Self.rounded(median)) µs, p99 \(Self.rounded(slow)) µs"
    }
    lines.append(labelled)
    for (endpoint, counts) in connections {
      lines.append(
        "connections of \(endpoint): \(counts.handshakesSucceeded) made, \(counts.handshakesFailed) failed, "
          + "\(counts.disconnected) lost")
    }
    for rate in rates.prefix(Self.mostRates) {
      lines.append(
        "rate of '\(rate.stream)': \(rate.declared) Hz declared, \((rate.measured * 100).rounded() / 100) Hz measured")
    }
    return lines
  }

  private func reasons(_ counts: [(String, Int64)]) -> String {
    counts.isEmpty ? "" : " (" + counts.map { "\($0.1) \($0.0)" }.joined(separator: ", ") + ")"
  }

  private static func rounded(_ value: Double) -> String {
    value < 10 ? "\((value * 10).rounded() / 10)" : "\(Int(value.rounded()))"
  }
}
