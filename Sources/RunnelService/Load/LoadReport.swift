import RunnelCore

/// What a bench found.
public struct LoadReport {
  public struct Phase {
    public var name: String
    public var seconds: Double
    /// Of every channel.
    public var rows: Int64 = 0
    public var messages: Int64 = 0
    public var labels: Int64 = 0
    public var rowsLost: Int64 = 0
    /// Of the threads on which lanes step.
    public var processorSeconds = 0.0
    /// Of that, the share in the networks' steps.
    public var stepShare = 0.0
    /// From when a message was due to its label's arrival; nil where nothing had a time.
    public var latencies: LatencyHistogram?

    public var messagesPerSecond: Double { Double(messages) / max(seconds, 1e-9) }
  }

  public let settings: LoadSettings
  public let lanes: Int
  public let streams: Int
  public let rate: Double
  public var openSeconds = 0.0
  public var bytesPerLane = 0
  /// Of that, what a lane must carry: state, window, filters.
  public var carriedBytesPerLane = 0
  public var phases: [Phase] = []
  public var accounting = Accounting()

  init(settings: LoadSettings, lanes: Int, streams: Int, rate: Double) {
    (self.settings, self.lanes, self.streams, self.rate) = (settings, lanes, streams, rate)
  }

  /// Whether every row that was sent became a row used.
  public var isWhole: Bool {
    accounting.rowsLost == 0 && accounting.dropped.total == 0 && accounting.rejected.total == 0
  }

  private static let percentiles: [(name: String, value: Double)] = [
    ("p50", 50), ("p90", 90), ("p99", 99), ("p999", 99.9), ("max", 100),
  ]

  /// In words, a line a fact.
  public var lines: [String] {
    var lines = [
      "\(lanes) lanes on \(streams) streams at \(rate) Hz, \(settings.rowsPerMessage) rows a message",
      "opened in \(Self.rounded(openSeconds)) s, \(bytesPerLane) bytes a lane, \(carriedBytesPerLane) of them state, window and filters",
    ]
    for phase in phases {
      let second = max(phase.seconds, 1e-9)
      lines.append(
        "\(phase.name): \(Int(Double(phase.rows) / second)) rows/s (channels at \(rate) Hz: "
          + "\(Int(Double(phase.rows) / second / rate))), \(Int(phase.messagesPerSecond)) messages/s, "
          + "\(Int(Double(phase.labels) / second)) labels/s, \(phase.rowsLost) rows lost")
      lines.append(
        "\(phase.name): \(Int((100 * phase.processorSeconds / second).rounded())) % of a processor, "
          + "\(Self.rounded(100 * phase.stepShare)) % of that in the networks' steps, "
          + "\(Self.rounded(1e9 * phase.processorSeconds / Double(max(phase.rows, 1)))) ns a row")
      if let latencies = phase.latencies, latencies.count > 0 {
        let figures = Self.percentiles.compactMap { percentile in
          latencies.microseconds(atPercentile: percentile.value).map { "\(percentile.name) \(Int($0)) µs" }
        }
        lines.append("\(phase.name): due sample to label \(figures.joined(separator: ", "))")
      }
    }
    let a = accounting
    lines.append(
      "rows: \(a.rowsReceived) received = \(a.rowsUsed) used + \(a.dropped.total) dropped + \(a.rowsHeld) held; "
        + "\(a.rowsLost) lost in \(a.gaps) gaps")
    return lines
  }

  public var json: JSONValue {
    .object([
      .init("lanes", .integer(Int64(lanes))), .init("streams", .integer(Int64(streams))), .init("rate", .number(rate)),
      .init("rows_per_message", .integer(Int64(settings.rowsPerMessage))), .init("open_seconds", .number(openSeconds)),
      .init("bytes_per_lane", .integer(Int64(bytesPerLane))),
      .init("carried_bytes_per_lane", .integer(Int64(carriedBytesPerLane))),
      .init("phases", .array(phases.map(Self.json))),
      .init(
        "rows",
        .object([
          .init("received", .integer(accounting.rowsReceived)), .init("used", .integer(accounting.rowsUsed)),
          .init("dropped", .integer(accounting.dropped.total)), .init("held", .integer(accounting.rowsHeld)),
          .init("lost", .integer(accounting.rowsLost)),
        ])),
    ])
  }

  private static func json(_ phase: Phase) -> JSONValue {
    let second = max(phase.seconds, 1e-9)
    var members: [JSONValue.Member] = [
      .init("load", .string(phase.name)), .init("seconds", .number(phase.seconds)),
      .init("rows_per_second", .number(Double(phase.rows) / second)),
      .init("messages_per_second", .number(phase.messagesPerSecond)),
      .init("labels_per_second", .number(Double(phase.labels) / second)), .init("rows_lost", .integer(phase.rowsLost)),
      .init("processor_share", .number(phase.processorSeconds / second)),
      .init("step_share", .number(phase.stepShare)),
      .init("ns_per_row", .number(1e9 * phase.processorSeconds / Double(max(phase.rows, 1)))),
    ]
    if let latencies = phase.latencies, latencies.count > 0 {
      members.append(
        .init(
          "latency_us",
          .object(
            percentiles.compactMap { percentile in
              latencies.microseconds(atPercentile: percentile.value).map { .init(percentile.name, .number($0)) }
            })))
    }
    return .object(members)
  }

  private static func rounded(_ value: Double) -> Double { (value * 100).rounded() / 100 }
}
