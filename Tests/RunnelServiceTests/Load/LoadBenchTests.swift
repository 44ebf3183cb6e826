import Foundation
import Logging
import RunnelCore
import RunnelPipeline
import Testing

@testable import RunnelService

/// A bench in this process: its daemon, publisher and subscriber on loopback sockets, for as long as it takes to send a
/// few messages.
@Suite struct LoadBenchTests {
  @Test(arguments: [1, 2])
  func `every row that was sent is used, and the phases' rows are those of the accounting`(shards: Int) throws {
    let report = try Self.run(LoadSettings(channels: 6, streams: 2, rowsPerMessage: 5, seconds: 0.2), shards: shards)
    #expect(report.lanes == 6 && report.streams == 2 && report.isWhole)
    #expect(report.accounting.balances && report.accounting.rowsHeld == 0)
    let opening: Int64 = 2 * 5
    #expect(report.phases.map(\.rows).reduce(0, +) == 3 * (report.accounting.rowsUsed - opening))
    #expect(report.phases.map(\.messages).reduce(0, +) * 5 == report.accounting.rowsUsed - opening)
    #expect(report.phases.map(\.name) == ["max", "half"])
    for phase in report.phases {
      #expect(phase.messages > 0 && phase.rowsLost == 0)
      #expect(phase.processorSeconds > 0 && (0...1).contains(phase.stepShare))
    }
    // Labels of one phase may come in the next.
    let labels = report.phases.map(\.labels).reduce(0, +)
    #expect(labels > 0 && labels <= 3 * report.accounting.rowsUsed)
    #expect(report.phases[0].latencies == nil, "at full load each message waits for the one before")
    let timed = try #require(report.phases[1].latencies)
    #expect(timed.count <= report.phases[1].labels)
    #expect(report.openSeconds > 0 && report.carriedBytesPerLane > 4 * 2 * 8)
  }

  @Test func `the real load is on the streams' schedule`() throws {
    let settings = LoadSettings(channels: 2, rowsPerMessage: 10, load: .real, rate: 1000, seconds: 0.2)
    let report = try Self.run(settings)
    #expect(report.rate == 1000 && report.phases.map(\.name) == ["real"])
    #expect(report.phases[0].rows == 2 * 200)
  }

  @Test func `channels that streams cannot share evenly are a wrong use`() throws {
    #expect(throws: ServiceError(.usage, "3 channels cannot be shared evenly by 2 streams: give a multiple")) {
      try Self.run(LoadSettings(channels: 3, streams: 2, seconds: 0.1))
    }
    #expect(
      throws: ServiceError(.usage, "a message has at most 4096 channels: give --streams 3 or more")
    ) { try Self.run(LoadSettings(channels: 8194, streams: 2, seconds: 0.1)) }
  }

  @Test func `an unknown cell is a wrong use`() {
    #expect(throws: ServiceError(.usage, "there is no cell 'elman': it is rnn, gru or lstm")) {
      try LoadModel.bytes(cell: "elman", hidden: 8, layers: 1, rate: 100)
    }
  }

  @discardableResult
  static func run(_ settings: LoadSettings, shards: Int = 1) throws -> LoadReport {
    let folder = FileManager.default.temporaryDirectory.appending(path: "runnel-load-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let model = folder.appending(path: "bench.safetensors")
    try Data(LoadModel.bytes(cell: "lstm", hidden: 8, layers: 1, rate: 360)).write(to: model)
    let text = LoadModel.configuration(model: model.path, emit: "every", shards: shards)
    let configuration = try ConfigurationReader.read(text: text, file: "bench.yaml").configuration
    let bench = try LoadBench(
      configuration, models: ModelLoader.load(configuration.models), settings: settings,
      logger: Logger(label: "bench") { _ in SwiftLogNoOpLogHandler() })
    return try bench.run { _ in }
  }
}
