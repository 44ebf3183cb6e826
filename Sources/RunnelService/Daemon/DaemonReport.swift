import RunnelCore
import RunnelZeroMQ

/// What a daemon did: the accounting of law 6 and what came of it, for the log at the end and for `demo`.
public struct DaemonReport {
  public var accounting: Accounting
  public var streams: Int
  public var lanes: Int
  public var labels: Int64
  /// Messages that nobody took, of each output of labels; XPUB and PUB tell of theirs by the seq alone.
  public var dropped: [String: Int64] = [:]
  /// How often the queue of a shard was full, so that the sockets had to wait.
  public var shardWaits: Int64 = 0
  public var latencies: LatencyHistogram
  /// What happened to the connections of each input endpoint.
  public var connections: [(endpoint: String, counts: ConnectionCounts)] = []
  /// The declared and the measured rate of each stream that was heard for a second or longer, in Hz.
  public var rates: [(stream: String, declared: Double, measured: Double)] = []

  /// Streams whose rate is told; more would bury the sums.
  private static let mostRates = 8

  /// The accounting in words, one line a sum; each line balances.
  public var lines: [String] {
    let sums = AccountingLines(accounting)
    var lines = [sums.messages, sums.rows, sums.lost]
    var labelled = "labels: \(labels) from \(Phrase.count(lanes, "lane")) of \(Phrase.count(streams, "stream"))"
    if let median = latencies.microseconds(atPercentile: 50), let slow = latencies.microseconds(atPercentile: 99) {
      labelled += ", latency p50 \(Self.rounded(median)) µs, p99 \(Self.rounded(slow)) µs"
    }
    lines.append(labelled)
    for (output, count) in dropped.sorted(by: { $0.key < $1.key }) where count > 0 {
      lines.append("output '\(output)': \(count) dropped, for nobody took them")
    }
    if shardWaits > 0 { lines.append("shards: their queues were full \(Phrase.count(shardWaits, "time"))") }
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

  private static func rounded(_ value: Double) -> String {
    value < 10 ? "\((value * 10).rounded() / 10)" : "\(Int(value.rounded()))"
  }
}
