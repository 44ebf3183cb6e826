import RunnelCore
import RunnelPipeline
import RunnelZeroMQ

/// What the daemon says of itself: in lines at its start, in figures at any time and at its end.
extension Daemon {
  /// Where everything went until now.
  public func report() -> DaemonReport {
    var accounting = accounting
    accounting.samplesFilled = lanes.samplesFilled
    accounting.valuesMissing = lanes.valuesMissing
    accounting.resets = lanes.resets
    accounting.windowsLeftOut = lanes.windowsLeftOut
    return DaemonReport(
      accounting: accounting, streams: intakes.reduce(0) { $0 + $1.streams.count }, lanes: host.owner.laneCount,
      labels: publisher.labels, dropped: publisher.dropped, shardWaits: host.waits, latencies: publisher.latencies,
      connections: connectionCounts,
      rates: intakes.flatMap(\.streams).compactMap { stream in
        guard let session = stream.session, let measured = stream.measuredRate else { return nil }
        return (stream: stream.identity.stream, declared: session.rate, measured: measured)
      })
  }

  /// Law 6, but for what lanes count.
  var accounting: Accounting {
    var accounting = intakes.reduce(into: Accounting()) { $0 += $1.total }
    // Rows on their way to a shard are admitted, and no lane has had them.
    let held = host.rowsHeld
    accounting.rowsUsed -= held
    accounting.rowsHeld += held
    return accounting
  }

  private var connectionCounts: [(endpoint: String, counts: ConnectionCounts)] {
    inputs.flatMap { input in
      input.monitor.counts.sorted { $0.key < $1.key }.map { (endpoint: $0.key, counts: $0.value) }
    }
  }

  /// What was opened, and who can reach it.
  public var banner: [String] {
    let listening = zip(inputs.map(\.input), inputEndpoints).map { input, endpoint in
      "input '\(input.name)' \(input.socket.attachment == .bind ? "listens at" : "connects to") \(endpoint)"
    }
    let publishing = zip(configuration.outputs, outputEndpoints).map { output, endpoint in
      "output '\(output.name)' publishes \(output.content.words) at \(endpoint)\(Self.reach(endpoint))"
    }
    return listening + publishing + (control.map { ["answers `runnel status` at \($0.path)"] } ?? [])
  }

  private static func reach(_ endpoint: String) -> String {
    guard let parsed = try? Endpoint(endpoint, for: .connect) else { return "" }
    return parsed.isLocal ? " (only this machine can subscribe)" : " (any machine that reaches this one can subscribe)"
  }

  /// One line for `systemctl status`.
  public var statusLine: String {
    let report = report()
    return "\(Phrase.count(report.streams, "stream")), \(Phrase.count(report.lanes, "lane")), \(report.labels) labels, "
      + "\(report.accounting.rowsLost) rows lost"
  }
}
