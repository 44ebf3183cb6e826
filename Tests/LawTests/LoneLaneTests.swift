import RunnelCore
import RunnelPipeline
import RunnelWire
import Testing

/// A lane that is alone takes frames that wait many at once; laws 1 and 2 over both ways are in their own tests.
@Suite struct LoneLaneTests {
  private final class Meter: StepMeter {
    var steps = 0
    func begin() { steps += 1 }
    func end() {}
  }

  private struct Labels: LabelSink {
    var count = 0
    mutating func publish(_ label: LabelMessage, arrived: Int64) { if label.isDecision { count += 1 } }
  }

  /// How often the network was asked, and what it said, for one message of so many rows.
  private func run(_ plan: PipelinePlan, channels: [String], rows: Int = 3600) throws -> (steps: Int, labels: Int) {
    let pipeline = Pipeline(plan: plan, epoch: 1)
    let meter = Meter()
    pipeline.meter = meter
    let shard = Shard(claims: [.init(input: "in", pipeline: pipeline)], sink: Labels())
    let stream = shard.addStream()
    let signal = Signal(channels: channels, rows: rows, seed: 4)
    let session = Session(
      stream: StreamIdentity(input: "in", endpoint: "test", stream: signal.name), rate: signal.rate,
      channels: signal.channels, level: .sequenced)
    #expect(shard.start(session, stream: stream) == nil)
    signal.samples.withUnsafeBytes { payload in
      let chunk = Chunk(payload: payload, element: .int16, rows: signal.rows, channels: channels.count)
      shard.chunk(chunk, rows: 0..<signal.rows, first: 0, timestamp: nil, stream: stream)
    }
    shard.step()
    return (meter.steps, shard.sink.count)
  }

  @Test func `a lane alone takes many frames at once, two take as many steps in a turn`() throws {
    let plan = try PipelinePlan.everyStep(TestModel.load("conv-lstm"))
    let alone = try run(plan, channels: ["A"])
    let two = try run(plan, channels: ["A", "B"])
    #expect(two.labels == 2 * alone.labels && alone.labels > 500)
    #expect(alone.steps * 20 < alone.labels && two.steps * 10 < alone.labels, "\(alone.steps) runs, \(two.steps) turns")
  }

  @Test func `a label of a large network waits for no step but its own`() throws {
    var made = MadeModel(seed: 1)
    made.rate = 360
    made.recurrent("lstm", name: "lstm", from: 1, to: 192)
    made.linear("head", from: 192, to: 3)
    let eight = try run(.everyStep(made.model()), channels: (1...8).map { "c\($0)" }, rows: 20)
    #expect(eight.labels == 160 && eight.steps == 20, "\(eight.steps) turns")
  }

  @Test(arguments: ["renewed", "side-by-side"])
  func `where a frame has more rows than one, a lane alone is stepped too`(name: String) throws {
    let alone = try run(try RegimeLawTests.plan(name), channels: ["A"])
    let two = try run(try RegimeLawTests.plan(name), channels: ["A", "B"])
    #expect(alone.steps >= two.steps / 2 && alone.labels > 0)
  }
}
