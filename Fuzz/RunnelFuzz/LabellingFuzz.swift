import Glibc
import RunnelCore
import RunnelPipeline
import RunnelRecordings
import RunnelWire
import RunnelZeroMQ

@testable import RunnelService

/// Recorded messages as libFuzzer makes them, labelled by a small network with an event stage. A file of the corpus holds
/// messages as `MessageFuzz` reads them; the upper bits of a message's first byte say how much later it came (1 µs to 10 s)
/// and, of what was admitted, how it lies in the file.
enum LabellingFuzz {
  /// What a daemon would have recorded of itself.
  static func feedAdmitted(_ bytes: [UInt8]) {
    let lanes = Lanes(input: "beds")
    let replay = AdmittedReplay(lanes.shard, input: "beds", isAny: true)
    bytes.withUnsafeBytes { raw in
      var time: Int64 = 0
      MessageFuzz.forEach(raw[...]) { first, parts in
        time += step(first)
        let encoding: RecordedEncoding = first & 0x80 == 0 ? .multipart : parts.count > 2 ? .samples : .json
        _ = take(parts, encoding, at: time, of: "beds", by: replay)
        lanes.shard.step()
      }
    }
    _ = replay.finish()
    lanes.shard.step()
  }

  /// What arrived, in the format that the first byte chooses. What is admitted of it is recorded, and labelled again from
  /// that recording: the labels are the same (law 4).
  static func feedArrived(_ bytes: [UInt8]) {
    guard let which = bytes.first else { return }
    let input = inputs[Int(which) % inputs.count]
    let lanes = Lanes(input: input.name)
    var time: Int64 = 0
    let tap = AdmittedTap(lanes.shard, clock: Clock(monotonic: { 0 }, unix: { 1 }))
    let recorder = TapReader(input: input.name)
    tap.add(recorder.connection)
    let replay = ArrivedReplay(tap, inputs: [input])
    bytes.withUnsafeBytes { raw in
      MessageFuzz.forEach(raw.dropFirst()) { first, parts in
        time += step(first)
        _ = take(parts, .multipart, at: time, of: input.name, by: replay)
        lanes.shard.step()
        recorder.read()
      }
    }
    _ = replay.finish()
    lanes.shard.step()
    tap.close()
    recorder.read()
    precondition(recorder.lines == lanes.shard.sink.lines, "the same labels")
  }

  /// Whether the parts went into a recording and came out of it as they were, and were taken.
  private static func take(
    _ parts: MessageParts, _ encoding: RecordedEncoding, at time: Int64, of input: String, by replay: any MessageReplay
  ) -> Bool {
    var data: [UInt8] = []
    var topic = ""
    if encoding == .multipart {
      RecordedEncoding.pack(parts, into: &data)
    } else {
      topic = String(decoding: parts[0], as: UTF8.self)
      for place in 1..<parts.count { data.append(contentsOf: parts[place]) }
    }
    let channel = MCAPChannel(topic: topic, encoding: encoding.rawValue, metadata: ["input": input])
    let message = RecordedMessages.Message(
      recorded: MCAPMessage(
        channel: 1, sequence: 0, logTime: UInt64(time), publishTime: UInt64(time), data: data[...]),
      channel: channel, encoding: encoding, file: "x.mcap", place: 0)
    let taken = try? message.withParts { again in
      precondition(encoding != .multipart || again.count == parts.count && again.byteCount == parts.byteCount)
      do throws(DecodeError) {
        try replay.take(again, message)
        return true
      } catch { return false }
    }
    return taken ?? false
  }

  static func step(_ first: UInt8) -> Int64 {
    [1, 10, 100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000][Int(first >> 4 & 7)] * 1000
  }

  /// One of each format.
  private static let inputs: [InputConfiguration] = {
    let shape = "rate: 100 Hz, channels: [{name: a, unit: mV}, b]"
    let formats = [
      "runnel", "auto, dtype: i16, \(shape)", "array, \(shape)", "raw, dtype: i16, \(shape)",
      "gnuradio, dtype: f32, pass_tags: true, \(shape)", "openephys, channels: [CH1, CH2]",
      "json, rate: 100 Hz, channels: [{name: a, path: x.*.0}, {name: b, path: x.*.1}], fields: {time: t, index: first}",
      "msgpack, rate: 100 Hz, channels: [{name: a, path: ecg}], fields: {time: t, sequence: n}",
    ]
    let streams = formats.enumerated().map {
      "  i\($0.offset): {connect: 'tcp://127.0.0.1:\(5000 + $0.offset)', format: \($0.element)}\n"
    }
    let text = """
      streams:
      \(streams.joined())models: {small: {file: x}}
      pipelines: {small: {from: i0, channels: [a], model: small}}
      outputs: {labels: {bind: 'tcp://127.0.0.1:6000'}}
      """
    do throws(ConfigurationErrors) {
      return try ConfigurationReader.read(text: text, file: "fuzz").configuration.inputs
    } catch { fatalError("\(error.diagnostics.map(\.message))") }
  }()
}

/// Every channel of an input through the network, in canonical form, with the samples around each label.
private final class Lanes {
  let shard: Shard<Lines>

  struct Lines: LabelSink {
    /// By lane: in which order lanes say theirs is nothing that a law tells.
    var lines: [String: [String]] = [:]
    private var encoder = LabelEncoder(canonical: true)

    init() {}

    mutating func publish(_ label: LabelMessage, arrived: Int64) {
      if label.isCanonical { lines["\(label.stream)/\(label.channel)", default: []].append(encoder.text(label)) }
    }
  }

  init(input: String) {
    shard = Shard(claims: [.init(input: input, pipeline: Pipeline(plan: Self.plan, epoch: 1))], sink: Lines())
  }

  private static let plan: PipelinePlan = {
    let root = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(3).joined(separator: "/")
    guard let model = try? ModelLoader.load(root + "/Tests/Golden/models/event-stage.safetensors"),
      var plan = try? PipelinePlan(name: "small", model: model, binding: .each(nil))
    else { fatalError("the model is there") }
    // So that labels wait where a stream ends, is left or is stopped.
    plan.attach = AttachSettings(before: 0.05, after: 0.5)
    return plan
  }()
}

/// What the tap tells a recorder, told to lanes once more.
private final class TapReader {
  let connection: ControlConnection
  var lines: [String: [String]] { lanes.shard.sink.lines }

  private let client: Int32
  private let lanes: Lanes
  private let replay: AdmittedReplay
  private var bytes: [UInt8] = []

  init(input: String) {
    var ends: [Int32] = [0, 0]
    guard socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue), 0, &ends) == 0 else {
      fatalError("no sockets")
    }
    client = ends[1]
    var poller = Poller()
    connection = ControlConnection(ends[0], entry: poller.add(fileDescriptor: ends[0]), now: 0)
    lanes = Lanes(input: input)
    replay = AdmittedReplay(lanes.shard, input: input)
  }

  deinit { close(client) }

  func read() {
    var block = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      connection.flush(now: 0)
      let count = Glibc.read(client, &block, block.count)
      guard count > 0 else { break }
      bytes += block[..<count]
    }
    var rest = bytes[...]
    while let end = rest.firstIndex(of: 10) {
      guard let line = try? JSONValue(parsing: String(decoding: rest[..<end], as: UTF8.self)) else {
        fatalError("the daemon writes JSON")
      }
      rest = rest[(end + 1)...]
      guard let topic = line["topic"]?.string else { continue }
      let body = rest.prefix(Int(line["bytes"]?.integer ?? 0))
      rest = rest.dropFirst(body.count)
      take(topic, body)
    }
    bytes = Array(rest)
  }

  private func take(_ topic: String, _ body: ArraySlice<UInt8>) {
    let encoding: RecordedEncoding = topic.hasPrefix("s/") ? .samples : .json
    let message = RecordedMessages.Message(
      recorded: MCAPMessage(channel: 1, sequence: 0, logTime: 0, publishTime: 0, data: body),
      channel: MCAPChannel(topic: topic, encoding: encoding.rawValue), encoding: encoding, file: "x.mcap", place: 0)
    let taken = try? message.withParts { parts in
      do throws(DecodeError) {
        try replay.take(parts, message)
        return true
      } catch { return false }
    }
    precondition(taken == true, "what the daemon tells is understood")
    lanes.shard.step()
  }
}
