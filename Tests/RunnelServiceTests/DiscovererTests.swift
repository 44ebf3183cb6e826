import RunnelCore
import RunnelTesting
import RunnelWire
import RunnelZeroMQ
import Testing

@testable import RunnelService

/// What is said of messages whose kind nobody announced; times are given, so nothing here waits.
@Suite struct DiscovererTests {
  static func take(_ parts: [[UInt8]], _ discoverer: inout Discoverer, at milliseconds: Int) {
    OwnedMessage(parts).lend { discoverer.take($0, at: Int64(milliseconds) * 1_000_000) }
  }

  static func discovery(_ discoverer: Discoverer) -> Discovery {
    var peer = PeerStatus()
    peer.note(.connected)
    peer.note(.handshakeSucceeded)
    return Discovery(endpoint: "tcp://127.0.0.1:5556", seconds: 5, peer: peer, discoverer: discoverer)
  }

  private func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

  private func array(_ shape: [Int], dtype: String = "float32", size: Int = 4, extra: String = "") -> [[UInt8]] {
    let head = "{\"dtype\": \"\(dtype)\", \"shape\": \(shape)\(extra)}"
    return [bytes(head), [UInt8](repeating: 0, count: shape.reduce(size, *))]
  }

  /// The configuration, after the reader has accepted it.
  private func accepted(_ discovery: Discovery) throws -> Configuration {
    let text = try #require(discovery.configuration)
    do { return try ConfigurationReader.read(text: text, file: "found.yaml").configuration } catch {
      Issue.record("\(error)\n\(text)")
      throw error
    }
  }

  @Test func `arrays without a topic become a stream with the rate somebody meant`() throws {
    var discoverer = Discoverer()
    for index in 0..<20 { Self.take(array([36, 2]), &discoverer, at: index * 101) }
    let configuration = try accepted(Self.discovery(discoverer))
    let input = configuration.inputs[0]
    #expect(input.format == .array && input.rate == 360 && input.topic == nil && input.layout == .interleaved)
    #expect(input.channels?.map(\.name) == ["ch0", "ch1"])
    #expect(configuration.pipelines[0].lanes == .channels(["ch0"]))
    #expect(configuration.models[0].path == Discovery.bundledModel)
  }

  @Test func `the axis that varies is the rows`() throws {
    var discoverer = Discoverer()
    for index in 0..<10 { Self.take([bytes("eeg")] + array([8, 30 + index % 3]), &discoverer, at: index * 100) }
    let input = try accepted(Self.discovery(discoverer)).inputs[0]
    #expect(input.layout == .planar && input.channels?.count == 8 && input.topic?.text == "eeg")
  }

  @Test func `one message is a configuration too, with a guess for a rate`() throws {
    var discoverer = Discoverer()
    Self.take(array([36]), &discoverer, at: 0)
    #expect(try accepted(Self.discovery(discoverer)).inputs[0].rate == 360)
  }

  @Test func `each topic becomes a stream, and one of bytes that are no text is said in escapes`() throws {
    var discoverer = Discoverer()
    for index in 0..<5 {
      Self.take([[0, 7, 0xFF]] + array([10]), &discoverer, at: index * 100)
      Self.take([bytes("it's: #1")] + array([10]), &discoverer, at: index * 100)
    }
    let discovery = Self.discovery(discoverer)
    #expect(discovery.words.contains { $0.contains("'\\x00\\x07\\xff'") })
    #expect(try accepted(discovery).inputs.map(\.topic?.text) == [nil, "it's: #1"])
  }

  @Test func `a stream of runnel's own format is found with its channels, and its losses are counted`() throws {
    var discoverer = Discoverer()
    let description = StreamDescription(
      stream: "bed 7", rate: 360, channels: [Channel(name: "MLII", unit: "mV"), Channel(name: "a: b", unit: "mV")])
    var encoder = try RunnelEncoder(description, epoch: 9, element: .int16)
    func note(_ parts: MessageParts, _ time: Int) {
      Self.take((0..<parts.count).map { Array(parts[$0]) }, &discoverer, at: time)
    }
    encoder.withDescription { note($0, 0) }
    for index in 0..<10 {
      if index == 4 {
        encoder.nextSequence += 2
        encoder.nextIndex += 72
      }
      [UInt8](repeating: 0, count: 144).withUnsafeBytes { payload in
        encoder.withSamples(payload, rows: 36) { note($0, index * 100 + (index >= 4 ? 200 : 0)) }
      }
    }
    encoder.nextSequence += 1
    encoder.nextIndex += 36
    encoder.withHeartbeat { note($0, 1300) }
    let discovery = Self.discovery(discoverer)
    let signal = try #require(discovery.topics.first { $0.format == .samples }?.signal)
    #expect(signal.order.gaps == 2 && signal.order.messagesLost == 3 && signal.order.rowsLost == 108)
    #expect(signal.order.epochs == [9] && signal.heartbeats == 1 && signal.declaredRate == 360)
    let configuration = try accepted(discovery)
    #expect(configuration.inputs[0].topic == .everyStream && configuration.inputs[0].format == .runnel)
    #expect(configuration.pipelines[0].lanes == .channels(["MLII"]))
  }

  @Test func `publishers that say they lost more than can be counted stop the count, not the look`() throws {
    var discoverer = Discoverer()
    let most = Int64(WireLimits.largestIndex) - 1
    for epoch in UInt64(1)...3 {
      var encoder = try RunnelEncoder(
        StreamDescription(stream: "a", rate: 360, channels: [Channel(name: "a")]), epoch: epoch, element: .int16)
      func note(_ parts: MessageParts) {
        Self.take((0..<parts.count).map { Array(parts[$0]) }, &discoverer, at: Int(epoch) * 100)
      }
      for first in [0, 1] {
        encoder.nextIndex = Int64(first)
        [UInt8](repeating: 0, count: 2).withUnsafeBytes { encoder.withSamples($0, rows: 1, note) }
      }
      (encoder.nextSequence, encoder.nextIndex) = (UInt64(most), most)
      encoder.withHeartbeat(note)
      for offset in [0, 10, most - 80] {
        Self.take(
          [
            [0xF0, 0x5F, 1] + (0..<8).map { UInt8(truncatingIfNeeded: offset >> (8 * $0)) }
              + [UInt8](repeating: 0, count: 88)
          ],
          &discoverer, at: Int(epoch) * 100)
      }
    }
    let discovery = Self.discovery(discoverer)
    let signal = try #require(discovery.topics.first { $0.format == .samples }?.signal)
    #expect(signal.order.messagesLost == .max && signal.order.rowsLost == .max)
    #expect(signal.measuredRate(channelMajor: false) != nil)
    #expect(discovery.topics.first { $0.format == .gnuradio }?.raw?.itemsLost == .max)
    #expect(!discovery.words.isEmpty)
  }

  @Test func `what the networks of a daemon see is proposed by its topic, with its channels`() throws {
    var discoverer = Discoverer()
    let description = StreamDescription(
      stream: "bed7/beats/MLII", epoch: 5, rate: 120, channels: [Channel(name: "MLII", unit: "mV")])
    var json = JSONWriter()
    description.write(to: &json)
    Self.take([bytes("m/bed7/beats/MLII/"), json.bytes], &discoverer, at: 0)
    var encoder = FrameEncoder()
    for index in 0..<10 {
      let fields = FrameEncoder.Fields(
        epoch: 5, sequence: UInt64(index), first: Int64(12 * index), timestamp: nil, rate: 120, columns: 1, rows: 12)
      let header = encoder.encode(fields) { Array($0) }
      Self.take([bytes("c/bed7/beats/MLII/"), header, [UInt8](repeating: 0, count: 48)], &discoverer, at: 100 * index)
    }
    let input = try accepted(Self.discovery(discoverer)).inputs[0]
    #expect(input.format == .runnel && input.topic?.text == "c/bed7/beats/MLII/" && input.channels == nil)
  }

  @Test func `without a description the stream gets rate and numbered channels`() throws {
    var discoverer = Discoverer()
    var encoder = try RunnelEncoder(
      StreamDescription(stream: "bed7", rate: 250, channels: [Channel(name: "x"), Channel(name: "y")]), epoch: 1,
      element: .float32)
    [UInt8](repeating: 0, count: 80).withUnsafeBytes { payload in
      encoder.withSamples(payload, rows: 10) { parts in
        Self.take((0..<parts.count).map { Array(parts[$0]) }, &discoverer, at: 0)
      }
    }
    let input = try accepted(Self.discovery(discoverer)).inputs[0]
    #expect(input.topic?.text == "s/bed7/" && input.rate == 250 && input.channels?.map(\.name) == ["ch0", "ch1"])
  }

  static let formats: [(WireFormat, [[UInt8]])] = {
    func text(_ text: String) -> [UInt8] { Array(text.utf8) }
    let tagged: [UInt8] = [0xF0, 0x5F, 1] + [UInt8](repeating: 0, count: 16) + [1, 2, 3, 4]
    return [
      (.gnuradio, [tagged]), (.gnuradio, [text("key"), tagged]),
      (
        .openephys,
        [
          text("DATA\0"), text("{\"content\": {\"channel_num\": 0, \"num_samples\": 1, \"sample_num\": 0}}"),
          [0, 0, 0, 0],
        ]
      ),
      (.json, [text("{\"a\": 1}")]), (.json, [text("topic"), text("[1, 2]")]), (.json, [text("ecg {\"a\": 1}")]),
      (.text, [text("ecg 0.12")]), (.raw, [[1, 0, 2, 0, 250, 255]]), (.raw, [text("adc"), [1, 0, 2, 0]]),
      (.msgpack, [text("pupil.0"), [0x82, 0xA1, 0x61, 1, 0xA1, 0x62, 0x93, 1, 2, 3]]),
      (.pickle, [[0x80, 5, 0x4B, 1, 0x2E]]),
      (.pickle, [text("t"), [0x80, 4, 0x4B, 1, 0x2E], [0x80, 4, 0x4B, 1, 0x2E]]),
      (.bsread, [text("{\"htype\": \"bsr_m-1.1\"}"), text("{}"), [], []]),
      (.array1, [text("{\"htype\": \"array-1.0\", \"type\": \"int16\", \"shape\": [1]}"), [0, 0]]),
      (.raw, [[]]),
    ]
  }()

  @Test(arguments: formats)
  func `a format is known by its marks, and what this version cannot read is named`(
    format: WireFormat, parts: [[UInt8]]
  ) throws {
    var discoverer = Discoverer()
    Self.take(parts, &discoverer, at: 0)
    #expect(discoverer.findings.map(\.format) == [format])
    let discovery = Self.discovery(discoverer)
    let isReadable = discoverer.findings[0].isReadable
    #expect(try isReadable == (discovery.configuration == nil ? false : accepted(discovery).inputs.count == 1))
    if !isReadable, format.remark != nil {
      #expect(discovery.refusal?.kind == .no && discovery.words.contains { $0.contains("this is ") })
    }
    var writer = JSONWriter()
    discovery.write(to: &writer)
    #expect(try JSONValue(parsing: writer.text)["topics"]?.array?.first?["format"]?.string == format.rawValue)
  }

  /// It used to be called plain text.
  @Test(arguments: [#"{"t":1.5,"a":[NaN,1]}"#, #"{"t":1.5,"a":[1,-Infinity], "NaN": "I \" NaN"}"#])
  func `JSON with NaN is JSON whose messages cannot be read`(message: String) throws {
    var discoverer = Discoverer()
    for index in 0..<3 {
      Self.take([bytes(index == 2 ? #"{"t":1.5,"a":[0,1]}"# : message)], &discoverer, at: index * 100)
    }
    let discovery = Self.discovery(discoverer)
    #expect(try accepted(discovery).inputs[0].channels?.map(\.name) == ["a.0", "a.1"])
    #expect(
      discovery.words.contains { $0.contains("2 of 3 cannot be read") && $0.contains("null") && $0.contains("NaN") },
      "\(discovery.words)")
  }

  @Test func `an endpoint that publishes labels is said to be one, not to be unreadable`() throws {
    var discoverer = Discoverer()
    for _ in 0..<2 { Self.take([bytes("l/bed7/beats/MLII/"), bytes(#"{"kind":"heartbeat"}"#)], &discoverer, at: 0) }
    #expect(Self.discovery(discoverer).refusal?.description.contains("a runnel daemon publishes labels") == true)
    Self.take([bytes("ecg 0.12")], &discoverer, at: 1)
    #expect(Self.discovery(discoverer).refusal?.description.contains("is a format that this version reads") == true)
  }

  @Test func `the item size of GNU Radio's messages follows from their offsets`() throws {
    var discoverer = Discoverer()
    for index in 0..<3 {
      Self.take([[0xF0, 0x5F, 1, UInt8(index * 10)] + [UInt8](repeating: 0, count: 15 + 80)], &discoverer, at: index)
    }
    #expect(discoverer.findings[0].raw?.itemSize == 8)
  }

  /// As many messages as make a second, `rate` of them.
  private func second(_ rate: Int, _ parts: (Int) -> [[UInt8]]) throws -> InputConfiguration {
    var discoverer = Discoverer()
    for index in 0...rate { Self.take(parts(index), &discoverer, at: index * 1000 / rate) }
    return try accepted(Self.discovery(discoverer)).inputs[0]
  }

  @Test func `bare bytes become format raw with the type they could be`() throws {
    let values = (0..<50).map { Int16(1000 * ($0 % 25) / 25 - 300) }
    let input = try second(10) { _ in [bytes("adc"), values.withUnsafeBytes { Array($0) }] }
    #expect(input.format == .raw && input.element == .int16 && input.rate == 500 && input.topic?.text == "adc")
  }

  @Test func `complex items of GNU Radio become two channels at the rate of their offsets`() throws {
    let input = try second(10) { index in
      [
        [0xF0, 0x5F, 1] + (0..<8).map { UInt8(truncatingIfNeeded: (index * 100) >> (8 * $0)) }
          + [UInt8](repeating: 0, count: 8 + 800)
      ]
    }
    #expect(input.format == .gnuradio && input.passTags && input.element == .float32 && input.rate == 1000)
    #expect(input.channels?.map(\.name) == ["I", "Q"])
  }

  @Test func `Open Ephys's channels are proposed by their names`() throws {
    let input = try second(10) { index in
      let content =
        #"{"content":{"channel_num":\#(index % 2),"channel_name":"CH\#(1 + index % 2)","num_samples":1,"sample_num":5,"sample_rate":30000}}"#
      return [bytes("DATA\0"), bytes(content), [0, 0, 0, 0]]
    }
    #expect(input.format == .openephys && input.channels?.map(\.name) == ["CH1", "CH2"] && input.topic == nil)
  }

  /// `make fuzz` found that check did not accept what was proposed of two channels with one name.
  @Test func `channels of Open Ephys of one name are one in the configuration, for they are found by it`() throws {
    let names = ["CH1", "CH1", "CH2", String(repeating: "x", count: 65), #"a\u0007"#]
    let input = try second(10) { index in
      let content =
        #"{"content":{"channel_num":\#(index % 5),"channel_name":"\#(names[index % 5])","num_samples":1,"sample_num":5,"sample_rate":30000}}"#
      return [bytes("DATA\0"), bytes(content), [0, 0, 0, 0]]
    }
    #expect(input.channels?.map(\.name) == ["CH1", "CH2"])
  }

  /// `make fuzz` found that check did not accept what was proposed of such maps.
  @Test func `keys that a configuration cannot say are left out, and one that stands twice is one`() throws {
    let input = try second(10) { index in
      let long = String(repeating: "x", count: 65)
      // MessagePack: five keys and their numbers.
      let keys = ["ecg", "e\0", "", "ecg", long]
      return [[0x80 | UInt8(keys.count)] + keys.flatMap { [0xD9, UInt8($0.utf8.count)] + bytes($0) + [1] }]
    }
    #expect(input.format == .msgpack && input.channels?.map(\.name) == ["ecg"])
  }

  @Test func `a table of rows becomes a channel for each column, and its index is known by its name`() throws {
    let input = try second(10) { index in
      let rows = (0..<10).map { "[\($0), \($0 * 2)]" }.joined(separator: ",")
      return [bytes(#"{"t": 1763923532.5, "first": \#(index * 10), "rows": [\#(rows)]}"#)]
    }
    #expect(input.channels?.map(\.name) == ["rows.*.0", "rows.*.1"] && input.rate == 100)
    #expect(input.fields?.first?.description == "first" && input.fields?.timeUnit == .seconds)
  }

  @Test func `the numbers of a map become channels, and its time and counter are known by their names`() throws {
    for body in [
      bytes(#"{"timestamp": 1763923532123, "seq": 7, "eye": {"pos": [0.1, 0.2]}, "name": "left", "ecg": [1,2,3,4,5]}"#),
      [0x84, 0xA9] + bytes("timestamp") + [0xCF, 0, 0, 1, 0x9A, 0xB1, 0xD0, 0x96, 0xDB] + [0xA3] + bytes("seq") + [
        7, 0xA3,
      ]
        + bytes("eye") + [0x81, 0xA3] + bytes("pos") + [0x92, 0xCA, 0, 0, 0, 0, 1] + [0xA3] + bytes("ecg") + [
          0x95, 1, 2, 3, 4, 5,
        ],
    ] {
      let input = try second(100) { _ in [bytes("pupil.0"), body] }
      #expect(input.channels?.map(\.name) == ["eye.pos.0", "eye.pos.1", "ecg"] && input.topic?.text == "pupil.0")
      #expect(input.fields?.time?.description == "timestamp" && input.fields?.timeUnit == .milliseconds)
      #expect(input.fields?.sequence?.description == "seq" && input.rate == 500)
    }
  }

  @Test func `random bytes never end the program, and every message is counted`() {
    var generator = SeededGenerator(seed: 3)
    var discoverer = Discoverer()
    for index in 0..<3000 {
      let starts: [[UInt8]] = [[], [0x80, 4], [0xF0, 0x5F, 1], [0xDF], Array("s/a/".utf8), Array("{\"shape\":".utf8)]
      let parts = (0...generator.below(4)).map { _ in
        starts[generator.below(starts.count)] + (0..<generator.below(40)).map { _ in UInt8(generator.below(256)) }
      }
      Self.take(parts, &discoverer, at: index)
    }
    #expect(discoverer.findings.reduce(0) { $0 + $1.messages } + discoverer.beyondLimit == 3000)
  }

  @Test(arguments: [(357.0, 360.0), (0.1017, 0.102), (44_000, 44_100), (777.7, 778), (123_456, 123_000), (249, 250)])
  func `a measured rate becomes one that somebody would have chosen`(measured: Double, nominal: Double) {
    #expect(SignalFinding.nominal(measured) == nominal)
  }

  @Test func `why nothing came is said by what the connection did`() {
    func refusal(_ events: [ConnectionEvent], kind: SocketKind = .sub) -> ServiceError? {
      var peer = PeerStatus()
      for event in events { peer.note(event) }
      return Discovery(endpoint: "tcp://a:1", kind: kind, seconds: 5, peer: peer, discoverer: Discoverer()).refusal
    }
    #expect(refusal([.connectDelayed])?.description.contains("nobody answers") == true)
    #expect(refusal([.connectDelayed])?.kind == .unavailable)
    #expect(refusal([.connected])?.description.contains("does not greet") == true)
    #expect(refusal([.connected, .handshakeFailed(.kinds)])?.description.contains("--pull") == true)
    #expect(
      refusal([.connected, .handshakeFailed(.kinds)], kind: .pull)?.description.contains("without --pull") == true)
    #expect(refusal([.connected, .handshakeSucceeded])?.kind == .no)
    #expect(refusal([.handshakeSucceeded, .disconnected])?.description.contains("went away") == true)
  }
}
