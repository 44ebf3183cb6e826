import RunnelCore
import RunnelInference
import RunnelPipeline
import RunnelWire
import Testing

/// A pipeline without sockets or clocks: messages go in as bytes, canonical labels come out as text.
final class Rig {
  let shard: Shard<Collector>
  let intake: Intake
  private let decoder: MessageDecoder
  var now: Int64 = 0

  struct Collector: LabelSink {
    var lines: [String: [String]] = [:]  // by lane
    private var encoder = LabelEncoder(canonical: true, inlinesSamples: true)

    mutating func publish(_ label: LabelMessage, arrived: Int64) {
      guard label.isCanonical else { return }
      lines["\(label.stream)/\(label.channel)", default: []].append(encoder.text(label))
    }
  }

  /// - Parameter frames: hears what the networks see.
  init(
    _ plans: [PipelinePlan], policy: StreamPolicy = StreamPolicy(input: "in"), epoch: UInt64 = 1,
    decoder: MessageDecoder = .runnel(RunnelDecoder()), frames: FrameObserver? = nil
  ) {
    self.decoder = decoder
    let claims = plans.map { plan in
      let pipeline = Pipeline(plan: plan, epoch: epoch)
      pipeline.frameObserver = frames
      return Shard<Collector>.Claim(input: policy.input, pipeline: pipeline)
    }
    let shard = Shard(claims: claims, sink: Collector())
    self.shard = shard
    intake = Intake(policy: policy, numbering: { shard.addStream() })
  }

  /// Admits one message, as the daemon does.
  func receive(_ parts: MessageParts) {
    shard.arrive(monotonic: now, unix: nil)
    do throws(DecodeError) {
      let message = try decoder.decode(parts)
      admit(message, topic: message.topic ?? parts[0])
    } catch { intake.reject(error) }
    #expect(intake.total.balances, "law 6 holds at every instant")
  }

  private func admit(_ message: DecodedMessage, topic: UnsafeRawBufferPointer, isCounted: Bool = false) {
    let isOurs = if case .runnel = decoder { true } else { false }
    intake.admit(
      message, key: isOurs ? UnsafeRawBufferPointer(rebasing: topic.dropFirst()) : topic, endpoint: "test", now: now,
      isCounted: isCounted, to: shard
    ) { isOurs ? (try? Topic(topic))?.stream ?? "?" : "bed7" }
  }

  /// No more input will come.
  func drain() {
    if let message = decoder.drain(), let topic = message.topic { admit(message, topic: topic, isCounted: true) }
    intake.drain(to: shard)
    #expect(intake.total.balances)
  }

  /// Puts the whole signal into the pipelines, as a file is read: without messages.
  func read(_ signal: Signal) {
    let stream = shard.addStream()
    let session = Session(
      stream: StreamIdentity(input: "in", endpoint: "file", stream: signal.name), rate: signal.rate,
      channels: signal.channels, level: .sequenced)
    #expect(shard.start(session, stream: stream) == nil)
    signal.samples.withUnsafeBytes { payload in
      let chunk = Chunk(payload: payload, element: .int16, rows: signal.rows, channels: signal.channels.count)
      shard.chunk(chunk, rows: 0..<signal.rows, first: 0, timestamp: nil, stream: stream)
    }
    shard.end(at: Int64(signal.rows), stream: stream)
  }

  func step() { shard.step() }

  /// The labels of lane `bed7/MLII` as messages, without statuses.
  var decisions: [LabelMessage] {
    (labels["bed7/MLII"] ?? []).compactMap { try? LabelDecoder().decode($0) }.filter(\.isDecision)
  }

  /// Labels of all lanes, after everything that waits was stepped.
  var labels: [String: [String]] {
    shard.step()
    return shard.sink.lines
  }
}

/// A seeded signal of a few channels, in i16 of 200 units per millivolt, as a publisher sends it.
struct Signal {
  var name: String
  var rate: Double
  var channels: [Channel]
  /// rows × channels.
  var samples: [Int16]

  init(name: String = "bed7", rate: Double = 360, channels: [String] = ["MLII"], rows: Int, seed: UInt64) {
    self.name = name
    self.rate = rate
    self.channels = channels.map {
      Channel(name: $0, unit: "mV", scaling: .linear(scale: 0.005, offset: 0))
    }
    var random = SeededGenerator(seed: seed)
    var level = 0.0
    samples = (0..<rows * channels.count).map { index in
      level = 0.98 * level + 40 * (random.uniform() - 0.5)
      let spike = index / channels.count % Int(rate * 0.8) < 9 ? 180.0 : 0
      return Int16(level + spike)
    }
  }

  var rows: Int { samples.count / channels.count }

  var description: StreamDescription { StreamDescription(stream: name, rate: rate, channels: channels) }

  /// Messages of these many rows each, description first, end last. `skip` are messages that never arrive.
  func send(cut: [Int], epoch: UInt64 = 7, skip: Set<Int> = [], to receive: (MessageParts) -> Void) throws {
    var encoder = try RunnelEncoder(description, epoch: epoch, element: .int16)
    encoder.withDescription(receive)
    var row = 0
    for (number, count) in cut.enumerated() {
      let end = min(row + count, rows)
      samples[row * channels.count..<end * channels.count].withUnsafeBytes { payload in
        encoder.withSamples(payload, rows: end - row) { if !skip.contains(number) { receive($0) } }
      }
      row = end
    }
    encoder.withEnd(receive)
  }

  /// Cuts that cover all rows, seeded.
  func cuts(seed: UInt64, longest: Int = 900) -> [Int] {
    var random = SeededGenerator(seed: seed)
    var cuts: [Int] = []
    var left = rows
    while left > 0 {
      // Mostly short ones, and empty messages too.
      let cut = min(left, random.below(8) == 0 ? random.below(longest) : random.below(40))
      cuts.append(cut)
      left -= cut
    }
    return cuts
  }
}

/// The small models that PyTorch wrote for the tests.
enum TestModel {
  static func load(_ name: String) throws -> Model {
    let path = golden + "models/\(name).safetensors"
    return Model(try ModelFile(bytes: try GoldenFile.bytes(path)))
  }

  static let golden = String(#filePath.dropLast("LawTests/Rig.swift".count)) + "Golden/"
}

extension PipelinePlan {
  /// A label with all scores at every step: whatever differs anywhere shows.
  static func everyStep(_ model: Model, name: String = "p", gap: GapSettings = GapSettings()) throws -> PipelinePlan {
    try PipelinePlan(name: name, model: model, rule: DecisionRule(emit: .every), gap: gap)
  }

  static func peaks(_ model: Model) throws -> PipelinePlan {
    try PipelinePlan(
      name: "p", model: model, rule: DecisionRule(emit: .peaks, enter: 0.75, leave: 0.74, smooth: .mean(seconds: 0.05)))
  }

  static func group(_ model: Model, _ channels: [String: String]) throws -> PipelinePlan {
    try PipelinePlan(
      name: "p", model: model, binding: .group(name: "all", channels: channels), rule: DecisionRule(emit: .every))
  }
}
