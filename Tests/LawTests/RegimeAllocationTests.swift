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
  /// lane in blocks of 64 at most, and each takes some; so does a batch, for a layer norm and its like.
  @Test(arguments: ["strided", "renewed", "side-by-side", "target"], [["A"], ["A", "B"]])
  func `a row takes no reference to an object`(name: String, channels: [String]) throws {
    // No score is as high, so that each lane has one label, or in windows each the same.
    let rule = DecisionRule(emit: .change, unknownBelow: 2)
    let plan = try PipelinePlan(name: "p", model: Regimes.model(name), rule: rule)
    let (few, many) = (try references(plan, channels, rows: 64), try references(plan, channels, rows: 640))
    #expect(many - few < 100 * 576 * channels.count * 45 / 64, "\(name)")
  }

  /// References taken in a hundred messages.
  private func references(_ plan: PipelinePlan, _ channels: [String], rows: Int) throws -> Int {
    let shard = Shard(claims: [.init(input: "in", pipeline: Pipeline(plan: plan, epoch: 1))], sink: Nowhere())
    var intake = Intake(policy: StreamPolicy(input: "in"), numbering: { shard.addStream() })
    let signal = Signal(rate: 120, channels: channels, rows: rows, seed: 1)
    var encoder = try RunnelEncoder(signal.description, epoch: 7, element: .int16)
    let decoder = RunnelDecoder()
    func receive(_ parts: MessageParts) {
      shard.arrive(monotonic: 1, unix: nil)
      guard let message = try? decoder.decode(parts) else { return }
      intake.admit(
        message, key: UnsafeRawBufferPointer(rebasing: parts[0].dropFirst()), endpoint: "test", now: 1, to: shard
      ) { "bed7" }
      shard.step()
    }
    encoder.withDescription(receive)
    func turn() { signal.samples.withUnsafeBytes { encoder.withSamples($0, rows: rows, receive) } }
    for _ in 0..<20 { turn() }
    return RunnelTesting.references { for _ in 0..<100 { turn() } }
  }

  private func measure(_ plan: PipelinePlan, _ name: String, channels: [String]) throws {
    let shard = Shard(claims: [.init(input: "in", pipeline: Pipeline(plan: plan, epoch: 1))], sink: Nowhere())
    var intake = Intake(policy: StreamPolicy(input: "in"), numbering: { shard.addStream() })
    let signal = Signal(rate: 120, channels: channels, rows: 400, seed: 1)
    var encoder = try RunnelEncoder(signal.description, epoch: 7, element: .int16)
    let decoder = RunnelDecoder()
    var failures = 0
    func receive(_ parts: MessageParts) {
      shard.arrive(monotonic: 1, unix: nil)
      guard let message = try? decoder.decode(parts) else { return failures += 1 }
      intake.admit(
        message, key: UnsafeRawBufferPointer(rebasing: parts[0].dropFirst()), endpoint: "test", now: 1, to: shard
      ) { "bed7" }
      shard.step()
    }
    encoder.withDescription(receive)
    func turn(_ number: Int) {
      // A hole that is filled, one that is carried over, one that resets.
      if number % 10 == 3 { encoder.nextIndex += 5 }
      if number % 10 == 5 { encoder.nextIndex += 100 }
      if number % 50 == 7 { encoder.nextIndex += 1000 }
      signal.samples.withUnsafeBytes { encoder.withSamples($0, rows: 400, receive) }
    }
    // A lane's ledger of missing rows grows with its holes, two in ten turns, to its 128 ranges.
    for number in 0..<700 { turn(number) }
    let before = shard.sink.count
    let count = allocations { for number in 700..<800 { turn(number) } }
    #expect(count == 0, "\(name)")
    #expect(failures == 0 && shard.sink.count > before + 100, "\(name)")
  }
}
