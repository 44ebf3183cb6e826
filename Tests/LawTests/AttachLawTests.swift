import RunnelCore
import RunnelPipeline
import RunnelWire
import Testing

/// Laws 1, 2 and 5 of what goes with a label: the samples that the network saw around it are the same however the stream is
/// cut, whoever steps beside it and however many shards there are, and a gap cuts them where it is.
@Suite struct AttachLawTests {
  private static func every(_ model: Model) throws -> PipelinePlan { try .everyStep(model) }
  private static func peaks(_ model: Model) throws -> PipelinePlan { try .peaks(model) }
  private static var rules: [(Model) throws -> PipelinePlan] { [every, peaks] }

  private static func plan(
    before: Double = 0.25, after: Double = 0.5, _ make: (Model) throws -> PipelinePlan = every
  ) throws -> PipelinePlan {
    var plan = try make(TestModel.load("conv-lstm"))
    plan.missing = [-32768]
    plan.attach = AttachSettings(before: before, after: after)
    return plan
  }

  /// With holes of every kind: filled, carried, reset, and rows that never came.
  private static func signal(_ name: String = "bed7", rows: Int = 4000, seed: UInt64) -> Signal {
    var signal = Signal(name: name, rows: rows, seed: seed)
    for run in [100..<104, 900..<960, 2000..<2400, rows - 10..<rows - 2] {
      for row in run { signal.samples[row] = -32768 }
    }
    return signal
  }

  private func run(_ signal: Signal, _ plan: PipelinePlan, cuts: [Int]) throws -> [String: [String]] {
    let rig = Rig([plan])
    try signal.send(cut: cuts) { rig.receive($0) }
    return rig.labels
  }

  @Test(arguments: 0..<12)
  func `attached samples do not depend on the cuts`(seed: UInt64) throws {
    let signal = Self.signal(seed: 3)
    for plan in try Self.rules.map({ try Self.plan($0) }) {
      let whole = try run(signal, plan, cuts: [signal.rows])
      #expect(try run(signal, plan, cuts: signal.cuts(seed: seed)) == whole)
      #expect(whole["bed7/MLII"]?.contains { $0.contains("\"samples\":[") } == true)
    }
  }

  @Test func `one row a message gives the attached samples of one whole message`() throws {
    let signal = Self.signal(rows: 2600, seed: 5)
    let plan = try Self.plan()
    let single = try run(signal, plan, cuts: Array(repeating: 1, count: signal.rows))
    #expect(try single == run(signal, plan, cuts: [signal.rows]))
  }

  @Test(arguments: 0..<4)
  func `nor on the company, nor on how many shards there are`(seed: UInt64) throws {
    let plan = try Self.plan()
    let signals = (0..<4).map { Self.signal("s\($0)", rows: 2700, seed: 10 * seed + UInt64($0)) }
    for shards in [1, 3] {
      let shared = ShardRig([plan], shards: shards, seed: seed)
      for signal in signals { try signal.send(cut: signal.cuts(seed: seed)) { shared.receive($0) } }
      let labels = shared.drained()
      for signal in signals {
        let alone = Rig([plan])
        try signal.send(cut: [signal.rows]) { alone.receive($0) }
        #expect(labels["\(signal.name)/MLII"] == alone.labels["\(signal.name)/MLII"])
      }
    }
  }

  /// Nothing of the label itself changes, and it keeps its place among the others.
  @Test func `a label is the one it would be without, in the same order`() throws {
    for make in Self.rules {
      let signal = Self.signal(seed: 8)
      let with = try run(signal, Self.plan(make), cuts: signal.cuts(seed: 1))
      var plain = try make(TestModel.load("conv-lstm"))
      plain.missing = [-32768]
      let without = try run(signal, plain, cuts: signal.cuts(seed: 2))
      var encoder = LabelEncoder(canonical: true)
      let bare = try with.mapValues { lines in
        try lines.map { line in
          var message = try LabelDecoder().decode(line)
          message.attachment = nil
          return encoder.text(message)
        }
      }
      #expect(bare == without)
    }
  }

  @Test(arguments: [(0.25, 0.5), (0, 0.1), (0.4, 0), (1, 1), (1, 2)])
  func `what goes along is what the network saw, from before to after, and where it was cut it says so`(
    before: Double, after: Double
  ) throws {
    let signal = Self.signal(seed: 4)
    let plan = try Self.plan(before: before, after: after)
    var seen: [Int64: Float] = [:]
    let rig = Rig([plan]) { _, steps, values in for (step, value) in zip(steps, values) { seen[step] = value } }
    try signal.send(cut: signal.cuts(seed: 9)) { rig.receive($0) }
    let labels = rig.decisions
    #expect(labels.count > 900)
    let (back, on) = (Int64((before * 120).rounded()), Int64((after * 120).rounded()))
    for label in labels {
      let attached = try #require(label.attachment)
      let frame = try #require(label.at) / 3
      let wanted = frame - back...frame + on
      // The frames that go on without a gap from the one that the label speaks of.
      var first = frame
      var last = frame
      if seen[frame] != nil {
        while first > wanted.lowerBound, seen[first - 1] != nil { first -= 1 }
        while last < wanted.upperBound, seen[last + 1] != nil { last += 1 }
        #expect(attached.first == first && attached.rows == Int(last - first + 1), "label at \(label.at ?? 0)")
        #expect(attached.values == (first...last).compactMap { seen[$0] })
      } else {
        #expect(attached.rows == 0, "label at \(label.at ?? 0)")
      }
      #expect(attached.isCut == (attached.rows < wanted.count) && attached.rate == 120)
    }
    #expect(labels.contains { $0.attachment?.isCut == true } && labels.contains { $0.attachment?.isCut == false })
  }

  @Test func `a stream that breaks off without an end loses no label`() throws {
    let signal = Signal(rows: 1500, seed: 6)
    let plan = try Self.plan(before: 0.1, after: 1)
    let rig = Rig([plan])
    try Recorded(of: signal, cut: [700, 800], epoch: 7).messages.dropLast().forEach { $0.lend { rig.receive($0) } }
    let waiting = rig.labels["bed7/MLII"]?.count ?? 0
    rig.shard.drain()
    let all = rig.labels["bed7/MLII"]?.count ?? 0
    #expect(waiting == all - 120 + Int(0.35 * 120) && all == 500 - 42, "\(waiting) and \(all)")
    // The same where another session begins.
    let other = Rig([plan])
    try Recorded(of: signal, cut: [700, 800], epoch: 7).messages.dropLast().forEach { $0.lend { other.receive($0) } }
    other.now = 10_000_000_000
    try Recorded(of: Signal(rows: 3, seed: 1), cut: [3], epoch: 8).messages.dropLast().forEach {
      $0.lend { other.receive($0) }
    }
    #expect(other.labels["bed7/MLII"] == rig.labels["bed7/MLII"])
  }
}
