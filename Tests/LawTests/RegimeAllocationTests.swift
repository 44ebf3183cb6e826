import RunnelCore
import RunnelPipeline
import RunnelTesting
import RunnelWire
import Testing

/// From a received message to its settled labels nothing is allocated once warm, in whatever regime. Debug builds box
/// what release builds do not, so this is one for `swift test -c release`.
@Suite(.enabled(if: allocationsAreCounted && isOptimised)) struct RegimeAllocationTests {
  struct Nowhere: LabelSink {
    var count = 0
    mutating func publish(_ label: LabelMessage, arrived: Int64) { count += 1 }
  }

  /// A lane alone takes many frames at once.
  @Test(arguments: Regimes.names, [["A"], ["A", "B"]])
  func `admitting, stepping and settling allocate nothing once warm`(name: String, channels: [String]) throws {
    try measure(try RegimeLawTests.plan(name), name, channels: channels)
  }

  @Test(arguments: [false, true])
  func `judging events allocates nothing once warm`(waits: Bool) throws {
    let plan = try PipelinePlan(name: "p", model: EventStageLawTests.made(waits: waits).model())
    try measure(plan, "events", channels: ["A", "B"])
  }

  /// Counted over messages that differ in their rows alone, so that what a message takes is not in it. Rows go through a
  /// lane in blocks of 64, and each takes some; more of them a lane alone, which takes a block's frames at once.
  @Test(arguments: ["strided", "renewed", "side-by-side", "target"], [["A"], ["A", "B"]])
  func `a row takes no reference to an object`(name: String, channels: [String]) throws {
    let blocks = 100 * (640 - 64) / 64 * channels.count
    let perBlock = name == "strided" && channels.count == 1 ? 48 : 20
    let (few, many) = (try references(name, channels, rows: 64), try references(name, channels, rows: 640))
    #expect(many - few < blocks * perBlock, "\(name)")
  }

  /// One that is published, decoded, admitted, conditioned and stepped alone, which takes its own; the session that it goes
  /// to is looked at and not copied.
  @Test func `a message takes few references to objects`() throws {
    let count = try references("strided", ["A"], rows: 1)
    #expect(count > 0 && count < 100 * 20)
  }

  /// Taken by a hundred messages of so many rows.
  private func references(_ name: String, _ channels: [String], rows: Int) throws -> Int {
    // No score is as high, so that each lane has one label, or in windows each the same.
    let rule = DecisionRule(emit: .change, unknownBelow: 2)
    let plan = try PipelinePlan(name: "p", model: Regimes.model(name), rule: rule)
    let traffic = try Traffic(plan, channels: channels, rows: rows)
    for _ in 0..<20 { traffic.turn() }
    let count = RunnelTesting.references { for _ in 0..<100 { traffic.turn() } }
    #expect(traffic.failures == 0 && traffic.rowsUsed == 120 * rows && traffic.shard.sink.count > 0, "\(name)")
    return count
  }

  private func measure(_ plan: PipelinePlan, _ name: String, channels: [String]) throws {
    let traffic = try Traffic(plan, channels: channels, rows: 400)
    func turn(_ number: Int) {
      // A hole that is filled, one that is carried over, one that resets.
      if number % 10 == 3 { traffic.encoder.nextIndex += 5 }
      if number % 10 == 5 { traffic.encoder.nextIndex += 100 }
      if number % 50 == 7 { traffic.encoder.nextIndex += 1000 }
      traffic.turn()
    }
    // A lane's ledger of missing rows grows with its holes, two in ten turns, to its 128 ranges.
    for number in 0..<700 { turn(number) }
    let before = traffic.shard.sink.count
    let count = allocations { for number in 700..<800 { turn(number) } }
    #expect(count == 0, "\(name)")
    #expect(traffic.failures == 0 && traffic.shard.sink.count > before + 100, "\(name)")
  }

  /// A publisher of equal messages, and what receives them.
  private final class Traffic {
    let shard: Shard<Nowhere>
    var encoder: RunnelEncoder
    private(set) var failures = 0
    private let rows: Int
    private let signal: Signal
    private let decoder = RunnelDecoder()
    private let intake: Intake

    init(_ plan: PipelinePlan, channels: [String], rows: Int) throws {
      let shard = Shard(claims: [.init(input: "in", pipeline: Pipeline(plan: plan, epoch: 1))], sink: Nowhere())
      self.shard = shard
      intake = Intake(policy: StreamPolicy(input: "in"), numbering: { shard.addStream() })
      self.rows = rows
      signal = Signal(rate: 120, channels: channels, rows: rows, seed: 1)
      encoder = try RunnelEncoder(signal.description, epoch: 7, element: .int16)
      encoder.withDescription { receive($0) }
    }

    var rowsUsed: Int64 { intake.total.rowsUsed }

    func turn() { signal.samples.withUnsafeBytes { encoder.withSamples($0, rows: rows) { receive($0) } } }

    private func receive(_ parts: MessageParts) {
      shard.arrive(monotonic: 1, unix: nil)
      guard let message = try? decoder.decode(parts) else { return failures += 1 }
      intake.admit(
        message, key: UnsafeRawBufferPointer(rebasing: parts[0].dropFirst()), endpoint: "test", now: 1, to: shard
      ) { "bed7" }
      shard.step()
    }
  }
}
