import RunnelCore
import Testing

@testable import RunnelService

/// From times to figures, and the forms in which they are read.
@Suite struct BenchReportTests {
  /// 50 GMAC/s; 200 GB/s from 32 KiB, 100 from 1 MiB, 25 from memory.
  private let limits = MachineLimits(
    multiplyAddsPerSecond: 50e9,
    levels: [
      .init(name: "L1", bytes: 32 << 10, bytesPerSecond: 200e9),
      .init(name: "L2", bytes: 1 << 20, bytesPerSecond: 100e9),
      .init(name: "memory", bytes: .max, bytesPerSecond: 25e9),
    ])

  private func report(_ shape: CellShape, rows: Int, seconds: [Double]) -> BenchReport {
    BenchReport(
      .cells(shape), kernels: .scalar, weightBytes: shape.weightBytes,
      weightSeconds: Double(shape.weightBytes) / 100e9, limits: limits,
      points: [.init(rows: rows, timing: Timing(seconds), multiplyAdds: Double(shape.multiplyAdds * rows))])
  }

  @Test func `work and weights follow from the sizes`() throws {
    let lstm = try CellShape(.lstm, hidden: 64, inputs: 1)
    #expect(lstm.multiplyAdds == 4 * 64 * 65 && lstm.weightBytes == 4 * 4 * 64 * 65)
    let gru = try CellShape(.gru, hidden: 32, inputs: 16, layers: 2)
    #expect(gru.multiplyAdds == 3 * 32 * (16 + 32) + 3 * 32 * (32 + 32))
    #expect(try CellShape(.rnn, hidden: 16, inputs: 2).multiplyAdds == 16 * 18)
  }

  @Test func `figures are of one step and row`() throws {
    let report = report(try CellShape(.lstm, hidden: 64, inputs: 1), rows: 64, seconds: [32e-6, 64e-6, 128e-6])
    let point = report.points[0]
    #expect(point.microsecondsPerStepRow == 0.5 && point.medianPerStepRow == 1)
    #expect(point.stepsPerSecond == 2e6)
    #expect(point.multiplyAddsPerSecond == 16640 * 64 / 32e-6)
    #expect(abs(report.fractionOfPeak(point) - 16640 * 64 / 32e-6 / 50e9) < 1e-12)
    #expect(report.channelsPerCore(point) == nil)
  }

  @Test func `one row is bound by reading, many by their multiply-adds`() throws {
    let shape = try CellShape(.lstm, hidden: 64, inputs: 1)
    let one = report(shape, rows: 1, seconds: [1e-6])
    #expect(one.bound(one.points[0]).name == "L2")
    #expect(abs(one.fractionOfLimit(one.points[0]) - 66560.0 / 100e9 / 1e-6) < 1e-12)
    let many = report(shape, rows: 64, seconds: [32e-6])
    #expect(many.bound(many.points[0]).name == "multiply-adds")
    #expect(abs(many.fractionOfLimit(many.points[0]) - many.fractionOfPeak(many.points[0])) < 1e-12)
  }

  @Test func `weights are read from the first level that holds them`() {
    #expect(limits.level(of: 32 << 10).name == "L1" && limits.level(of: 32 << 10 + 1).name == "L2")
    #expect(limits.level(of: 1 << 30).name == "memory")
  }

  @Test func `a window that is evaluated whole reads its weights at every step`() {
    let subject = BenchReport.ModelSubject(
      name: "w", digest: "sha256:0", rate: 100, stepsPerChannelSecond: 100 * 50 / 25, window: 50)
    let report = BenchReport(
      .model(subject), kernels: .scalar, weightBytes: 100_000, weightSeconds: 1e-6, limits: limits,
      points: [.init(rows: 2, steps: 50, timing: Timing([1e-3]), multiplyAdds: 1e5)])
    let point = report.points[0]
    #expect(point.microsecondsPerStepRow == 10)
    #expect(abs(report.bound(point).seconds - 50 * 1e-6) < 1e-15)
    #expect(report.channelsPerCore(point) == 500)
  }

  // MARK: forms

  @Test func `the JSON is what scripts rely on`() throws {
    let shape = try CellShape(.gru, hidden: 16, inputs: 2)
    var writer = JSONWriter()
    report(shape, rows: 4, seconds: [1.0 / 3 * 1e-6]).json(into: &writer)
    let json = try JSONValue(parsing: writer.text)
    let result = try #require(json["results"]?.array?.first)
    #expect(result["rows"]?.integer == 4)
    #expect(result["us_per_step_row"]?.number == 0.08333)
    for key in [
      "median", "spread", "steps_per_second", "gmac_per_second", "fraction_of_peak", "fraction_of_limit",
    ] {
      #expect(result[key]?.number != nil, "\(key)")
    }
    #expect(result["limit"]?.string == "multiply-adds" && result["channels_per_core"] == nil)
    #expect(json["kernels"]?.string == "scalar" && json["precision"]?.string == "float32")
    #expect(json["cell"]?.string == "gru" && json["hidden"]?.integer == 16)
    #expect(json["inputs"]?.integer == 2 && json["layers"]?.integer == 1)
    #expect(json["peak_gmac_per_second"]?.number == 50)
    #expect(json["bandwidth_gb_per_second"]?["L2"]?.number == 100)
  }

  @Test func `the table has a line for each row count below the limits`() throws {
    let lines = report(try CellShape(.rnn, hidden: 16, inputs: 1), rows: 8, seconds: [2e-6]).table.split(
      separator: "\n")
    #expect(lines.count == 4)
    #expect(lines[0].contains("rnn, 16 hidden") && lines[1].contains("50.0 GMAC/s") && lines[1].contains("100 GB/s L2"))
    #expect(lines[3].split(separator: " ").prefix(2) == ["8", "0.250"])
  }

  @Test(arguments: [
    (0.05687, "0.0569"), (4.957, "4.96"), (187.4, "187"), (1.0, "1.00"), (9.999, "10.0"), (1_234_567, "1230000"),
    (0, "0.00"), (-2.5, "-2.50"), (0.09999, "0.100"),
  ])
  func `a figure has three digits`(value: Double, text: String) {
    #expect(Figure.text(value) == text)
  }

  @Test func `columns are flushed right`() {
    #expect(Figure.table([["a", "bc"], ["100", "2"]]) == ["  a  bc", "100   2"])
  }
}
