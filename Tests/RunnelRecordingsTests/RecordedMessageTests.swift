import RunnelCore
import RunnelTesting
import RunnelWire
import Testing

@testable import RunnelRecordings

/// ZeroMQ messages in MCAP files: what went in comes out, part by part.
@Suite struct RecordedMessageTests {
  private func parts(_ encoding: RecordedEncoding, topic: String, _ data: [UInt8]) throws(RecordingError) -> [[UInt8]] {
    let message = MCAPMessage(channel: 1, sequence: 0, logTime: 0, publishTime: 0, data: data[...])
    return try encoding.withParts(of: message, topic: topic, file: "x.mcap", place: 77) { parts in
      (0..<parts.count).map { Array(parts[$0]) }
    }
  }

  @Test func `any number of parts of any length comes out as it went in`() throws {
    var random = SeededGenerator(seed: 1)
    for _ in 0..<200 {
      let parts = (0..<1 + random.below(16)).map { _ in
        (0..<random.below(40)).map { _ in UInt8(random.below(256)) }
      }
      var packed: [UInt8] = [9, 9]
      OwnedMessage(parts).lend { RecordedEncoding.pack($0, into: &packed) }
      #expect(packed.count == 4 + parts.reduce(0) { $0 + 4 + $1.count })
      #expect(try self.parts(.multipart, topic: "a", packed) == parts)
      // Cut anywhere, or with a byte too many, it is none.
      for wrong in [packed.dropLast(), packed + [0]] {
        let error = failure { () throws(RecordingError) in _ = try self.parts(.multipart, topic: "a", Array(wrong)) }
        #expect(error?.kind == .malformed && error?.place == .byte(77))
      }
    }
  }

  @Test(arguments: [[], [0, 0, 0, 0], [255, 255, 255, 255], [1, 0, 0, 0, 255, 255, 255, 127, 1]] as [[UInt8]])
  func `bytes that are no parts are told of with their place`(bytes: [UInt8]) {
    let error = failure { () throws(RecordingError) in _ = try parts(.multipart, topic: "a", bytes) }
    #expect(error?.kind == .malformed && error?.place == .byte(77))
  }

  @Test func `samples leave their topic to the channel, and their header says where it ends`() throws {
    var encoder = try RunnelEncoder(
      StreamDescription(stream: "bed7", rate: 360, channels: [Channel(name: "a")]), epoch: 5, element: .int16)
    let payload: [UInt8] = [1, 2, 3, 4]
    let sent = payload.withUnsafeBytes { payload in
      encoder.withSamples(payload, rows: 2) { parts in
        #expect(RecordedEncoding.holdsSamples(parts))
        return (0..<parts.count).map { Array(parts[$0]) }
      }
    }
    #expect(try parts(.samples, topic: "s/bed7/", sent[1] + sent[2]) == sent)
    // A header that lies about its length could not be cut where it was.
    var lying = sent
    lying[1][8] = 65
    #expect(!OwnedMessage(lying).lend { RecordedEncoding.holdsSamples($0) })
    #expect(!OwnedMessage([sent[0], sent[1]]).lend { RecordedEncoding.holdsSamples($0) })
    #expect(!OwnedMessage([sent[0], Array(sent[1].prefix(20)), []]).lend { RecordedEncoding.holdsSamples($0) })
  }

  @Test func `JSON of another topic than labels is no message of ours`() {
    #expect(RecordedEncoding(of: MCAPChannel(topic: "l/a/b/c/", encoding: "json")) == .json)
    #expect(RecordedEncoding(of: MCAPChannel(topic: "j/a/", encoding: "json")) == .json)
    #expect(RecordedEncoding(of: MCAPChannel(topic: "/diagnostics", encoding: "json")) == nil)
    #expect(RecordedEncoding(of: MCAPChannel(topic: "x", encoding: "cdr")) == nil)
  }
}

/// Two rivals, an A/B feed and late names in one file, read as recordings.
@Suite struct RecordedStreamTests {
  private let folder = TemporaryFolder()

  private struct Publisher {
    var encoder: RunnelEncoder

    init(epoch: UInt64, element: ElementType = .int16, names: [String] = ["a"]) throws {
      encoder = try RunnelEncoder(
        StreamDescription(stream: "bed7", rate: 100, channels: names.map { Channel(name: $0, unit: "mV") }),
        epoch: epoch, element: element)
    }

    mutating func samples(_ values: [Int16], at first: Int64? = nil) -> [UInt8] {
      if let first { encoder.nextIndex = first }
      return values.withUnsafeBytes { payload in
        encoder.withSamples(payload, rows: values.count) { Array($0[1]) + Array($0[2]) }
      }
    }

    var description: [UInt8] {
      encoder.withDescription { parts in
        var packed: [UInt8] = []
        RecordedEncoding.pack(parts, into: &packed)
        return packed
      }
    }
  }

  private func record(_ messages: [(channel: Int, data: [UInt8])]) throws -> MCAPRecording {
    var writer = try MCAPWriter(folder.path + "/x.mcap")
    let channels = [
      writer.addChannel(MCAPChannel(topic: "s/bed7/", encoding: "runnel.v1", metadata: ["endpoint": "a"])),
      writer.addChannel(MCAPChannel(topic: "s/bed7/", encoding: "runnel.v1", metadata: ["endpoint": "b"])),
      writer.addChannel(MCAPChannel(topic: "m/bed7/", encoding: "zmq.multipart")),
    ]
    for (index, message) in messages.enumerated() {
      let time = UInt64(index)
      try writer.append(
        MCAPMessage(channel: 0, sequence: 0, logTime: time, publishTime: time, data: message.data[...]),
        as: channels[message.channel])
    }
    try writer.finish()
    return try MCAPRecording(folder.path + "/x.mcap")
  }

  private func values(_ recording: MCAPRecording, _ track: Int) throws -> [Int16] {
    try recording.tracks[track].runs.flatMap { run in
      try recording.bytes(run, of: track).withUnsafeBytes { Array($0.bindMemory(to: Int16.self)) }
    }
  }

  @Test func `an A/B feed is one track, whichever copy came first`() throws {
    var (a, b) = (try Publisher(epoch: 5), try Publisher(epoch: 5))
    let recording = try record([
      (0, a.samples([1, 2])), (1, b.samples([1, 2])), (1, b.samples([3, 4])), (0, a.samples([3, 4])),
      (0, a.samples([5])), (1, b.samples([5])),
    ])
    #expect(recording.tracks.map(\.name) == ["bed7"] && recording.tracks.map(\.runs) == [[0..<5]])
    #expect(try values(recording, 0) == [1, 2, 3, 4, 5])
  }

  @Test func `two publishers of one name that take turns are two tracks`() throws {
    var (a, b) = (try Publisher(epoch: 5), try Publisher(epoch: 9))
    let recording = try record([
      (0, a.samples([1, 2])), (0, b.samples([10])), (0, a.samples([3])), (0, b.samples([11, 12])),
    ])
    #expect(recording.tracks.map(\.name) == ["bed7", "bed7-2"])
    #expect(try values(recording, 0) == [1, 2, 3] && values(recording, 1) == [10, 11, 12])
  }

  @Test func `a description that comes after the samples names their channels`() throws {
    var publisher = try Publisher(epoch: 5, names: ["MLII"])
    let recording = try record([(0, publisher.samples([1])), (2, publisher.description), (0, publisher.samples([2]))])
    #expect(recording.tracks.map { $0.channels.map(\.name) } == [["MLII"]])
    #expect(try values(recording, 0) == [1, 2])
  }

  @Test func `a publisher that changes the type of its samples goes on in another track`() throws {
    var (a, b) = (try Publisher(epoch: 5), try Publisher(epoch: 5, element: .uint16))
    let recording = try record([(0, a.samples([1, 2])), (0, b.samples([3], at: 2))])
    #expect(
      recording.tracks.map(\.element) == [.int16, .uint16] && recording.tracks.map(\.runs) == [[0..<2], [2..<3]])
  }
}
