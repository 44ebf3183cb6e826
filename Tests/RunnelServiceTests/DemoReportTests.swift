import RunnelCore
import RunnelLabels
import Testing

@testable import RunnelService

@Suite struct DemoReportTests {
  @Test func `a loss without bounds, as a publisher may claim, is said as the most there is`() {
    var accounting = Accounting()
    accounting.lose(rows: .max)
    accounting.drop(.duplicate, rows: 3)
    let report = DemoReport(
      daemon: DaemonReport(accounting: accounting, streams: 1, lanes: 1, labels: 2, latencies: LatencyHistogram()),
      labelsLost: 4, scores: BeatMatrix(), beats: 0)
    #expect(report.lines[1] == "2 labels, latency - p50, - p99, \(Int64.max) lost")
  }
}
