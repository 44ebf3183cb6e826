import RunnelCore
import RunnelKernels
import Testing

@testable import RunnelService

/// `model bench` as it is asked for. Nothing here depends on how fast the machine is.
@Suite struct BenchOrderTests {
  /// One repeat of each.
  private let effort = BenchEffort(secondsPerPoint: 0, secondsForLimits: 0)

  private func order(
    model: String? = nil, cell: String? = "lstm", hidden: Int? = 16, inputs: Int? = 1, layers: Int? = nil,
    precision: String? = nil, kernels: String? = nil
  ) throws -> BenchOrder {
    try BenchOrder(
      model: model, cell: cell, hidden: hidden, inputs: inputs, layers: layers, precision: precision, kernels: kernels,
      effort: effort)
  }

  private func refusal(_ body: () throws -> BenchOrder) -> String? {
    do { _ = try body() } catch let error as ServiceError {
      return error.kind == .usage ? error.description : "not 64: \(error)"
    } catch {}
    return nil
  }

  @Test func `options that do not fit are named`() {
    #expect(refusal { try order(cell: nil) }?.contains("give a model file, or --cell") == true)
    #expect(refusal { try order(hidden: nil) }?.contains("--hidden") == true)
    #expect(refusal { try order(cell: "elman") } == "--cell elman: give rnn, gru or lstm")
    #expect(refusal { try order(hidden: 0) } == "--hidden 0: give 1 to 8192")
    #expect(refusal { try order(inputs: 8193) } == "--inputs 8193: give 1 to 8192")
    #expect(refusal { try order(layers: 17) } == "--layers 17: give 1 to 16")
    #expect(refusal { try order(precision: "fp8") } == "--precision fp8: give float32, bf16 or int8")
    #expect(refusal { try order(kernels: "mmx") }?.contains("no kernels 'mmx'; it has scalar") == true)
    #expect(
      refusal { try order(model: "x", cell: nil, hidden: 4, inputs: 1) }
        == "x says what is stepped; leave out --hidden and --inputs")
  }

  @Test(arguments: ["", "0", "1,,2", "1;2", "-1", "65537", "1,x"])
  func `row counts that are none are refused`(text: String) {
    #expect(throws: ServiceError.self) { try BenchEffort.rows(text) }
  }

  @Test func `row counts are a list`() throws { #expect(try BenchEffort.rows("1,8,64") == [1, 8, 64]) }

  @Test(arguments: CellShape.Cell.allCases)
  func `cells without a model are measured at every row count`(cell: CellShape.Cell) throws {
    let report = try order(cell: cell.rawValue, layers: 2).run(rows: [1, 3])
    #expect(report.points.map(\.rows) == [1, 3])
    #expect(report.points.allSatisfy { $0.timing.best > 0 && $0.timing.median >= $0.timing.best })
    #expect(report.limits.levels.map(\.name) == ["L1", "L2", "L3", "memory"])
    #expect(report.limits.multiplyAddsPerSecond > 0 && report.limits.levels.allSatisfy { $0.bytesPerSecond > 0 })
  }

  @Test(arguments: ["two-rates", "window-lstm-last", "window-bilstm-final", "decoder-class-embedding"])
  func `a model is measured as the daemon runs it: steps, windows side by side, windows whole`(name: String) throws {
    let path = OfflineRig.root + "/Tests/Golden/models/\(name).safetensors"
    let report = try order(model: path, cell: nil, hidden: nil, inputs: nil).run(rows: [1, 5])
    let model = try ModelLoader.read(path).description
    guard case .model(let subject) = report.subject else { throw ServiceError(.software, "not a model") }
    #expect(subject.digest == model.digest && subject.rate == model.rate)
    #expect((subject.window != nil) == (model.regime == .windowed && model.windowsSideBySide == nil))
    for point in report.points {
      #expect(point.timing.best > 0 && point.multiplyAdds > 0)
      let channels = try #require(report.channelsPerCore(point))
      #expect(abs(channels * subject.stepsPerChannelSecond / point.stepsPerSecond - 1) < 1e-9)
    }
    var writer = JSONWriter()
    report.json(into: &writer)
    let json = try JSONValue(parsing: writer.text)
    #expect(json["digest"]?.string == model.digest && json["results"]?.array?.count == 2)
  }
}
