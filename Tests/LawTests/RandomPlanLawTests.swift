import Foundation
import RunnelCore
import RunnelInference
import RunnelPipeline
import RunnelWire
import Testing

/// Laws 1, 2, 4, 5 and 6 for pipelines drawn at random: any regime on any layers, rates, delays, rules and losses. A
/// seed reproduces everything; RUNNEL_SEEDS=FROM..<TO draws more of them.
@Suite struct RandomPlanLawTests {
  static let seeds = Seeds.wanted(usual: 0..<40)

  @Test(arguments: seeds)
  func `each output is that of its window or state alone, in its place, and each window is accounted for`(
    seed: UInt64
  ) throws {
    let random = try RandomPlan(seed: seed, isPlain: true)
    let slow = SlowLane(random)
    let heard = SeenRun()
    let rig = Rig([random.plan], frames: { heard.append($1, $2, width: random.made.inputs.count) })
    try random.stream.send(seed: seed, to: rig.receive) { heard.isOver = Self.next(rig) }
    let found = Self.labels(rig)
    #expect(heard.frames.keys.sorted() == slow.due, "frames, seed \(seed)")
    let wanted = slow.labels(heard.frames)
    #expect(found.count == wanted.labels.count, "seed \(seed), \(random.regime)")
    if let place = zip(found, wanted.labels).enumerated().first(where: { !Self.agree($1.0, $1.1) })?.offset {
      Issue.record("seed \(seed), \(random.regime), label \(place): \(found[place]) is not \(wanted.labels[place])")
    }
    #expect(rig.shard.takeCounts().windowsLeftOut == wanted.leftOut, "left out, seed \(seed), \(random.regime)")
  }

  @Test(arguments: seeds)
  func `cuts, company and the way in change no label and no count`(seed: UInt64) throws {
    let random = try RandomPlan(seed: seed, isPlain: false)
    let whole = Rig([random.plan])
    try random.stream.send(seed: nil, to: whole.receive) { whole.now += 3_000_000_000 }
    let (lines, counts) = (whole.labels["bed7/\(random.lane)"], whole.shard.takeCounts())
    for cut in 1...2 as ClosedRange<UInt64> {
      let rig = Rig([random.plan])
      var pauses = SeededGenerator(seed: seed + cut)
      try random.stream.send(seed: seed * 7 + cut) {
        rig.receive($0)
        if pauses.below(4) == 0 { rig.step() }
      } pause: {
        rig.now += 3_000_000_000
      }
      #expect(rig.labels["bed7/\(random.lane)"] == lines, "cut \(cut), seed \(seed), \(random.regime)")
      #expect(rig.shard.takeCounts() == counts, "cut \(cut), seed \(seed), \(random.regime)")
    }
    #expect(try Self.inCompany(random, seed) == lines, "company, seed \(seed), \(random.regime)")
  }

  // MARK: driving

  /// The same stream and two others, their messages mixed.
  private static func inCompany(_ random: RandomPlan, _ seed: UInt64) throws -> [String]? {
    let rig = Rig([random.plan])
    var order = SeededGenerator(seed: seed)
    var queues: [[Recorded.Message]] = []
    for (number, name) in ["other", "bed7", "third"].enumerated() {
      var messages: [Recorded.Message] = []
      var tail: [Recorded.Message]?
      try random.stream.send(seed: seed + UInt64(number), name: name) { parts in
        let message = Recorded.Message(parts)
        if tail == nil { messages.append(message) } else { tail?.append(message) }
      } pause: {
        tail = []
      }
      queues += [messages, tail ?? []]
    }
    for half in 0..<2 {
      var parts = [queues[half], queues[2 + half], queues[4 + half]]
      while let pick = parts.indices.filter({ !parts[$0].isEmpty }).randomElement(using: &order) {
        parts[pick].removeFirst().lend(rig.receive)
        if order.below(5) == 0 { rig.step() }
      }
      rig.now += 3_000_000_000
    }
    return rig.labels["bed7/\(random.lane)"]
  }

  /// Time passes, so that another session may take over.
  private static func next(_ rig: Rig) -> Bool {
    rig.now += 3_000_000_000
    return true
  }

  private static func labels(_ rig: Rig) -> [LabelMessage] {
    rig.labels.values.joined().compactMap { try? LabelDecoder().decode($0) }.filter(\.isDecision)
  }

  private static func agree(_ found: LabelMessage, _ wanted: SlowLane.Label) -> Bool {
    let warming = found.quality == .warming
    return found.at == wanted.at && found.first == wanted.first && found.last == wanted.last
      && found.decided == wanted.decided && (found.steps?.scores ?? found.scores) == wanted.scores
      && found.missing == wanted.missing && (wanted.isWarming ?? warming) == warming
  }

  /// What the network of one lane saw in its first session.
  final class SeenRun {
    private(set) var frames: SeenFrames = [:]
    var isOver = false

    func append(_ steps: Range<Int64>, _ values: UnsafeBufferPointer<Float>, width: Int) {
      guard !isOver else { return }
      for (place, step) in steps.enumerated() {
        frames[step] = Array(values[place * width..<(place + 1) * width])
      }
    }
  }
}

/// Seeds to draw from.
enum Seeds {
  static func wanted(usual: Range<UInt64>) -> Range<UInt64> {
    guard let text = ProcessInfo.processInfo.environment["RUNNEL_SEEDS"] else { return usual }
    let ends = text.split(separator: "..<").compactMap { UInt64($0) }
    return ends.count == 2 && ends[0] < ends[1] ? ends[0]..<ends[1] : usual
  }
}
