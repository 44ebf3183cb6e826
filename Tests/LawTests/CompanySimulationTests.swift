import Foundation
import RunnelCore
import RunnelPipeline
import RunnelWire
import Testing

/// Law 2 at large: random companies of lanes, in random batches, among random numbers of shards, in slots that others left.
/// `RUNNEL_COMPANIES` says how many; `make simulate-company` asks for ten thousand.
@Suite struct CompanySimulationTests {
  static let companies = ProcessInfo.processInfo.environment["RUNNEL_COMPANIES"].flatMap { Int($0) } ?? 60

  @Test func `whatever company a lane keeps, its labels are those it has alone`() throws {
    let plans = try Regimes.names.map { try PipelinePlan.everyStep(Regimes.model($0)) }
    for seed in 0..<UInt64(Self.companies) {
      var random = SeededGenerator(seed: seed)
      let plan = plans[random.below(plans.count)]
      let company = try Company(seed: seed, &random)
      let shared = ShardRig([plan], shards: 1 + random.below(7), seed: seed, queueBytes: 16_384)
      for message in company.mixed { message.lend { shared.receive($0) } }
      let labels = shared.drained()
      var expected: [String: [String]] = [:]
      for stream in company.streams {
        let alone = Rig([plan])
        for message in stream { message.lend { alone.receive($0) } }
        expected.merge(alone.labels) { first, _ in first }
      }
      #expect(labels == expected, "company \(seed)")
    }
  }

  /// Streams that meet: each with its messages, sessions that follow each other so that slots change hands, and the order
  /// in which all of them come.
  private struct Company {
    private(set) var streams: [[Recorded.Message]] = []
    private(set) var mixed: [Recorded.Message] = []

    init(seed: UInt64, _ random: inout SeededGenerator) throws {
      for number in 0..<2 + random.below(4) {
        var messages: [Recorded.Message] = []
        for epoch in 0..<1 + random.below(3) {
          let signal = Signal(
            name: "s\(number)", rate: 120, channels: random.below(2) == 0 ? ["A"] : ["A", "B"],
            rows: 40 + random.below(120), seed: 100 * seed + UInt64(10 * number + epoch))
          messages += try Recorded(
            of: signal, cut: signal.cuts(seed: seed + UInt64(epoch), longest: 60), epoch: UInt64(epoch + 1)
          ).messages
        }
        streams.append(messages)
      }
      var rest = streams
      while rest.contains(where: { !$0.isEmpty }) {
        let pick = random.below(rest.count)
        for _ in 0...random.below(4) where !rest[pick].isEmpty { mixed.append(rest[pick].removeFirst()) }
      }
    }
  }
}
