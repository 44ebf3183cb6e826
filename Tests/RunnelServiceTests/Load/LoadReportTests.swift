import RunnelCore
import Testing

@testable import RunnelService

@Suite struct LoadReportTests {
  @Test func `the JSON has these keys, and a latency only where there was a schedule`() {
    let json = Self.report().json
    #expect(
      json.members?.map(\.key) == [
        "lanes", "streams", "rate", "rows_per_message", "open_seconds", "bytes_per_lane", "carried_bytes_per_lane",
        "phases", "rows",
      ])
    let keys = [
      "load", "seconds", "rows_per_second", "messages_per_second", "labels_per_second", "rows_lost", "processor_share",
      "step_share", "ns_per_row",
    ]
    guard case .array(let phases)? = json["phases"] else {
      Issue.record("phases are a list")
      return
    }
    #expect(phases.map { $0.members?.map(\.key) } == [keys, keys + ["latency_us"]])
    #expect(phases[0]["rows_per_second"] == .number(4000) && phases[0]["ns_per_row"] == .number(125_000))
    #expect(phases[1]["latency_us"]?.members?.map(\.key) == ["p50", "p90", "p99", "p999", "max"])
    #expect(json["rows"]?.members?.map(\.key) == ["received", "used", "dropped", "held", "lost"])
  }

  @Test func `a report is whole unless a row was lost or dropped, or a message rejected`() {
    var report = Self.report()
    #expect(report.isWhole)
    report.accounting.lose(rows: 1)
    #expect(!report.isWhole)
    report = Self.report()
    report.accounting.drop(.duplicate, rows: 1)
    #expect(!report.isWhole)
    report = Self.report()
    report.accounting.reject(.topic)
    #expect(!report.isWhole)
  }

  @Test func `each phase has its lines, latency only where there was a schedule`() {
    let lines = Self.report().lines
    #expect(lines.filter { $0.hasPrefix("max:") }.count == 2)
    #expect(lines.filter { $0.hasPrefix("half:") }.count == 3)
    #expect(lines.contains { $0.hasPrefix("half: due sample to label p50 ") })
  }

  static func report() -> LoadReport {
    var report = LoadReport(
      settings: LoadSettings(channels: 4, rowsPerMessage: 10), lanes: 4, streams: 1, rate: 100)
    var phase = LoadReport.Phase(name: "max", seconds: 2)
    (phase.rows, phase.messages, phase.processorSeconds) = (8000, 200, 1)
    report.phases.append(phase)
    phase.name = "half"
    var latencies = LatencyHistogram()
    for microseconds in 1...100 { latencies.record(nanoseconds: Int64(microseconds) * 1000) }
    phase.latencies = latencies
    report.phases.append(phase)
    return report
  }
}
