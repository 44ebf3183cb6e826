import RunnelCore
import RunnelWire
import RunnelZeroMQ
import Testing

@testable import RunnelService

/// The shapes in which an output writes labels, and the sockets that carry them.
@Suite struct OutputWriterTests {
  private static let arrival: Int64 = 1_763_923_532_987_654_321

  private static func label(timestamp: Int64? = 1_763_923_532_123_456_789) -> LabelMessage {
    LabelMessage(
      kind: .label, stream: "bed7", channel: "MLII", pipeline: "beats", epoch: 17, sequence: 42, at: 98765,
      first: 98700, last: 98780, decided: 98800, timestamp: timestamp, timeSource: timestamp == nil ? nil : .sender,
      label: "V", id: 2, p: 0.75,
      scores: [0.125, 0.125, 0.75], level: .sequenced, quality: .ok, missing: 0)
  }

  private static let heartbeat = LabelMessage(
    kind: .heartbeat, stream: "bed7", channel: "MLII", pipeline: "beats", epoch: 17, sequence: 43)

  private func parts(_ keys: String, _ message: LabelMessage) throws -> [[UInt8]]? {
    let text = ConfigurationExample.nineLines.replacing(
      #"{bind: "tcp://127.0.0.1:9872"}"#, with: #"{bind: "tcp://127.0.0.1:9872", \#(keys)}"#)
    var writer = OutputWriter(try ConfigurationReader.read(text: text, file: "o.yaml").configuration.outputs[0])
    var encoder = LabelEncoder()
    return encoder.encode(message) { json in
      writer.write(message, json: json, arrival: Self.arrival) { body, third in
        [Array(body)] + (third.map { [Array($0)] } ?? [])
      }
    }
  }

  private func text(_ bytes: [UInt8]?) -> String { String(decoding: bytes ?? [], as: UTF8.self) }

  @Test func `plotjuggler's shape is the JSON and its time in decimal seconds`() throws {
    let parts = try #require(try parts("format: plotjuggler", Self.label()))
    #expect(parts.count == 2 && text(parts[1]) == "1763923532.1234567")
    #expect(try LabelDecoder().decode(text(parts[0])) == Self.label())
    #expect(text(parts[0]).contains("\"t\":1763923532.1234567,"))
  }

  @Test func `a label without a time has the time of arrival there, and none in its JSON`() throws {
    let parts = try #require(try parts("format: plotjuggler", Self.label(timestamp: nil)))
    #expect(text(parts[1]) == "1763923532.9876543" && !text(parts[0]).contains("\"t\""))
  }

  @Test func `binary decisions are a header of 64 bytes and scores`() throws {
    let parts = try #require(try parts("format: binary, scores: false", Self.label()))
    #expect(parts.count == 2 && parts[0].count == 64)
    // As docs/wire-format.md §3 lays the fields out: magic, version, kind, dtype, layout, length, flags.
    #expect(Array(parts[0][..<12]) == [0x52, 0x4E, 0x4C, 0x31, 1, 1, 8, 0, 64, 0, 1, 0])
    func number<T: FixedWidthInteger>(_ offset: Int, _: T.Type) -> T {
      parts[0].withUnsafeBytes { T(littleEndian: $0.loadUnaligned(fromByteOffset: offset, as: T.self)) }
    }
    #expect(number(16, UInt64.self) == 17 && number(24, UInt64.self) == 42 && number(32, UInt64.self) == 98765)
    #expect(number(40, Int64.self) == 1_763_923_532_123_456_789 && number(48, UInt64.self) == 0)
    #expect(number(56, UInt32.self) == 3 && number(60, UInt32.self) == 1)
    let scores = parts[1].withUnsafeBytes { bytes in
      (0..<3).map { bytes.loadUnaligned(fromByteOffset: 4 * $0, as: Float.self) }
    }
    #expect(scores == [0.125, 0.125, 0.75])
  }

  @Test func `a sequence is a row of scores for each step`() throws {
    var message = Self.label()
    message.steps = LabelSequence(
      labels: ["N", "V"], ids: [1, 2], ps: [0.75, 0.5], scores: [0.25, 0.75, 0.5, 0.5], step: 3)
    message.scores = []
    let parts = try #require(try parts("format: binary", message))
    #expect(Array(parts[0][56...]) == [2, 0, 0, 0, 2, 0, 0, 0] && parts[1].count == 16)
  }

  @Test func `what has no score has no binary message, and what no data caused no plot`() throws {
    #expect(try parts("format: binary", Self.heartbeat) == nil)
    #expect(try parts("format: plotjuggler", Self.heartbeat) == nil)
    #expect(try parts("format: runnel", Self.heartbeat)?.count == 1)
    var before = Self.label()
    before.at = -5
    #expect(try parts("format: binary", before) == nil)
  }

  @Test(arguments: ["push", "pub", "xpub"]) func `labels reach a collector over each kind of socket`(kind: String)
    throws
  {
    let rig = try DaemonRig(outputs: ["more: {bind: 'tcp://127.0.0.1:*', type: \(kind), format: plotjuggler}"])
    let collector = try Socket(kind == "push" ? .pull : .sub, in: rig.context)
    if kind != "push" { try collector.subscribe("l/") }
    try collector.connect(rig.daemon.outputEndpoints[1])
    let publisher = try rig.publisher(.bed(), epoch: 1)
    try publisher.describe()
    var receiver = MultipartReceiver()
    var received: [[UInt8]] = []
    // PUB drops until the subscription has arrived.
    try rig.turn(
      until: {
        try publisher.send(wave(360))
        while case .message(let parts) = try receiver.receive(from: collector) {
          received = (0..<parts.count).map { Array(parts[$0]) }
        }
        return !received.isEmpty
      }, "a label comes")
    #expect(received.count == 3 && text(received[0]) == "l/bed7/beats/MLII/")
    let seconds = try #require(Double(text(received[2])))
    #expect(seconds > 1.7e9, "the time of arrival, for these messages have none")
  }
}
