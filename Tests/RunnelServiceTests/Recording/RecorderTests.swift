import RunnelCore
import RunnelRecordings
import RunnelTesting
import RunnelWire
import RunnelZeroMQ
import Testing

@testable import RunnelService

/// Recording over real sockets: the publisher sends when it has seen the subscription, and the recorder ends when all came.
@Suite struct RecorderTests {
  private let context = ZeroMQContext()
  private let folder = TemporaryFolder()

  /// Sends, once a subscriber is there.
  private func send(_ messages: [[[UInt8]]], on publisher: borrowing Socket) throws {
    var poller = Poller()
    _ = poller.add(publisher, for: publisher.kind == .push ? .writable : .readable)
    guard try poller.wait(milliseconds: 10_000) == 1 else { throw Missed() }
    for parts in messages {
      for (index, part) in parts.enumerated() {
        let result = try part.withUnsafeBytes { try publisher.send($0, more: index + 1 < parts.count) }
        guard result == .sent else { throw Missed(state: "\(result)") }
      }
    }
  }

  private func record(
    _ messages: [[[UInt8]]], kind: SocketKind = .xpub, _ change: (inout Recorder.Settings) -> Void = { _ in }
  ) throws -> RecorderReport {
    let publisher = try Socket(kind, in: context)
    let endpoint = try publisher.bind("tcp://127.0.0.1:*")
    var settings = Recorder.Settings(path: folder.path + "/x.mcap")
    settings.messages = UInt64(messages.count)
    settings.seconds = 20
    change(&settings)
    let recorder = try Recorder([.bare([endpoint], kind: kind == .push ? .pull : .sub)], settings)
    try send(messages, on: publisher)
    return try recorder.run()
  }

  /// Every message of a file in its order: its channel, and its parts.
  private func read(_ file: String) throws -> [(channel: MCAPChannel, message: MCAPMessage, parts: [[UInt8]])] {
    var reader = try MCAPReader(file)
    var found: [(MCAPChannel, MCAPMessage, [[UInt8]])] = []
    while let item = try reader.next() {
      guard case .message(let message) = item, let channel = reader.channels[message.channel] else { continue }
      let encoding = try #require(RecordedEncoding(of: channel))
      let parts = try encoding.withParts(of: message, topic: channel.topic, file: file, place: reader.place) { parts in
        (0..<parts.count).map { Array(parts[$0]) }
      }
      found.append((channel, message, parts))
    }
    #expect(reader.end == .whole && reader.wrongChecksums.isEmpty)
    return found
  }

  private static func copy(_ parts: MessageParts) -> [[UInt8]] { (0..<parts.count).map { Array(parts[$0]) } }

  /// A description, three messages of samples of which the second is lost, a heartbeat, a malformed one, the end.
  private func stream() throws -> [[[UInt8]]] {
    var encoder = try RunnelEncoder(
      StreamDescription(stream: "bed7", rate: 360, channels: [Channel(name: "MLII", unit: "mV")]), epoch: 5,
      element: .int16, checksums: true)
    var messages = [encoder.withDescription(Self.copy)]
    for k in 0..<3 {
      let values: [Int16] = [Int16(2 * k), Int16(2 * k + 1)]
      let sent = values.withUnsafeBytes {
        encoder.withSamples($0, rows: 2, timestamp: 1_000 + Int64(k), Self.copy)
      }
      if k != 1 { messages.append(sent) }
    }
    messages.append(encoder.withHeartbeat(Self.copy))
    var broken = messages[1]
    broken[2][0] ^= 1
    messages.append(broken)
    messages.append(encoder.withEnd(Self.copy))
    return messages
  }

  @Test func `every message of every format comes out as it was sent, part by part`() throws {
    var encoder = LabelEncoder()
    let label = LabelMessage(
      kind: .label, stream: "bed7", channel: "MLII", pipeline: "beats", epoch: 5, sequence: 3, at: 1, first: 0, last: 2,
      decided: 3, label: "N", level: .sequenced, quality: .ok, missing: 0)
    let messages =
      try stream() + [
        [try Topic.labels(stream: "bed7", pipeline: "beats", channel: "MLII").bytes, Array(encoder.text(label).utf8)],
        [Array("{\"dtype\":\"<f4\",\"shape\":[1,1]}".utf8), [0, 0, 0, 0]], [Array("raw".utf8)], [[]],
        [Array("gaze".utf8), [0x81, 0xA1, 0x61, 1]], [[0xFF, 0x00], [1], [], [2]], [Array("gaze".utf8), [2]],
        Array(repeating: [7], count: 16),
      ]
    let report = try record(messages)
    #expect(report.messages == UInt64(messages.count) && report.ending == .messages && report.files.count == 1)
    let found = try read(report.files[0])
    #expect(found.map(\.parts) == messages)
    // The samples and the label can be read by other programs; what is malformed among them is kept with its parts.
    #expect(
      found.map(\.channel.encoding) == [
        "zmq.multipart", "runnel.v1", "runnel.v1", "runnel.v1", "zmq.multipart", "runnel.v1", "json",
      ] + Array(repeating: "zmq.multipart", count: 7))
    #expect(found[1].channel.topic == "s/bed7/" && found[4].channel.topic == "s/bed7/")
    #expect(found[10].channel.topic == "gaze" && found[10].message.channel == found[12].message.channel)
    #expect(found[1].channel.metadata["names"] == "MLII" && found[1].channel.metadata["decoder"] == "runnel")
    #expect(found[10].channel.metadata["decoder"] == "msgpack")
    #expect(found[1].channel.metadata["endpoint"]?.hasPrefix("tcp://127.0.0.1:") == true)
    // Times: when it came, and when it was sent as far as it says so; the number of its own.
    #expect(found[1].message.publishTime == 1_000 && found[3].message.publishTime == found[3].message.logTime)
    #expect(found.map(\.message.logTime) == found.map(\.message.logTime).sorted())
    #expect(found[2].message.sequence == 2 && found[6].message.sequence == 3)
  }

  @Test func `a message that cannot be decoded is recorded and is not lost`() throws {
    var messages = try stream()
    messages[2..<2] = [messages[1]]
    // The second of three, which did not come, of a type that is not known, and without a checksum.
    messages[2][1].replaceSubrange(6..<7, with: [99])
    messages[2][1].replaceSubrange(12..<16, with: [0, 0, 0, 0])
    (messages[2][1][24], messages[2][1][32]) = (1, 2)
    let report = try record(messages)
    #expect(report.messages == UInt64(messages.count) && report.lostMessages == 0 && report.lostRows == 0)
    #expect(try read(report.files[0]).map(\.parts) == messages)
  }

  @Test func `a loss is seen where messages are numbered, and where they are not that is said`() throws {
    let report = try record(try stream() + [[Array("gaze".utf8), [1]]])
    #expect(report.lostMessages == 1 && report.lostRows == 2)
    let samples = try #require(report.topics.first { $0.topic == "s/bed7/" })
    #expect(samples.lostMessages == 1 && samples.sessions == 1 && samples.messages == 5)
    #expect(report.topics.first { $0.topic == "gaze" }?.lostMessages == nil)
    #expect(report.sentence.contains("1 message (2 rows) lost, unseen in 1 topic"))
    var writer = JSONWriter()
    report.write(to: &writer)
    let json = try JSONValue(parsing: writer.text)
    #expect(json["lost_messages"]?.number == 1 && json["topics_without_index"]?.number == 1)
    #expect(json["ended_by"]?.string == "messages")
  }

  @Test func `a recorded stream is a recording, with its gap`() throws {
    let report = try record(try stream())
    let recording = try RecordingFormat.open(report.files[0])
    #expect(recording.tracks.map(\.name) == ["bed7"] && recording.tracks[0].runs == [0..<2, 4..<6])
    #expect(recording.tracks[0].channels.map(\.name) == ["MLII"] && recording.tracks[0].rate == 360)
  }

  @Test func `a PUSH publisher is read with a PULL`() throws {
    let report = try record([[[1], [2]], [[3]]], kind: .push)
    #expect(try read(report.files[0]).map(\.parts) == [[[1], [2]], [[3]]])
  }

  @Test func `a message of more parts than are read is counted and said`() throws {
    let report = try record([Array(repeating: [7], count: 17), [[1]]]) { $0.messages = 1 }
    #expect(report.tooManyParts == 1 && report.messages == 1)
    #expect(report.sentence.contains("1 of more than 16 parts"))
  }

  @Test func `the configuration goes with the recording`() throws {
    let bytes = Array("streams: {}".utf8)
    let report = try record([[[1]]]) { $0.configuration = ("ward.yaml", bytes) }
    var reader = try MCAPReader(report.files[0])
    var (attached, described): ([UInt8], [UInt8]) = ([], [])
    while let item = try reader.next() {
      if case .attachment(let content) = item { attached = content }
      if case .metadata(let content) = item { described = content }
    }
    #expect(attached.dropLast(4).suffix(bytes.count) == bytes[...])
    #expect(String(decoding: described, as: UTF8.self).contains("ward.yaml"))
  }

  @Test func `it ends after the seconds that were asked for, though nothing came`() throws {
    var settings = Recorder.Settings(path: folder.path + "/x.mcap")
    settings.seconds = 0.1
    let recorder = try Recorder([.bare(["ipc://\(folder.path)/nobody"])], settings)
    let report = try recorder.run()
    #expect(report.ending == .seconds && report.messages == 0 && !recorder.wasConnected)
    #expect(report.sentence.contains("nothing came") && report.files.isEmpty)
    #expect(folder.names.isEmpty, "a file would be in the way of the next try")
  }

  @Test func `an endpoint that cannot be is refused before a file is made`() {
    let error = #expect(throws: ServiceError.self) { try InputConfiguration.bare(["localhost:5556"]) }
    #expect(error?.kind == .usage && error?.description.contains("tcp://localhost:5556") == true)
    #expect(folder.names.isEmpty)
  }

  @Test func `the live line says size, rates and loss`() {
    var pace = RecorderPace()
    var report = RecorderReport(
      files: ["x.mcap"],
      topics: [
        RecorderReport.Topic(
          topic: "s/a/", endpoint: "e", decoder: "runnel", messages: 10, bytes: 5, lostMessages: 0, lostRows: 0)
      ], messages: 100, bytes: 1000, size: 3_140_000, seconds: 1, tooManyParts: 0, lostLabels: 0)
    pace.look(at: report, now: 0)
    report.messages = 2500
    report.bytes = 601_000
    pace.look(at: report, now: 2_000_000_000)
    #expect(pace.line(report) == "x.mcap  3.1 MB  1200 messages/s  300 kB/s  0 lost")
  }
}
