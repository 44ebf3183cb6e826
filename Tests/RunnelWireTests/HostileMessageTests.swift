import RunnelCore
import RunnelTesting
import RunnelWire
import Testing

/// Messages that lie, one a line: each is refused at its place, in words that say what was expected there.
@Suite struct HostileMessageTests {
  private func refusal(_ parts: [[UInt8]], _ decoder: MessageDecoder) throws -> DecodeError {
    try #require(OwnedMessage(parts).refusal { (p) throws(DecodeError) in try decoder.decode(p) }, "it was accepted")
  }

  // MARK: raw

  private func raw(_ element: ElementType = .int16, channels: Int = 2, topicParts: Int? = nil) -> MessageDecoder {
    .raw(RawDecoder(shape: RawShape(element: element, channels: channels), topicParts: topicParts))
  }

  @Test func `raw bytes that are no whole rows are refused where the last row begins`() throws {
    let error = try refusal([Array("adc".utf8), [UInt8](repeating: 0, count: 11)], raw())
    #expect((error.reason, error.part, error.byteOffset) == (.truncated, 1, 8))
    #expect(error.expected == "whole rows of 2 × 2 bytes of i16" && error.found == "3 bytes after 2 rows")
  }

  @Test func `another count of topic parts than configured is refused`() throws {
    for parts in [[[0, 0, 0, 0]], [[1], [2], [0, 0, 0, 0]]] as [[[UInt8]]] {
      #expect(try refusal(parts, raw(topicParts: 1)).reason == .parts)
    }
  }

  @Test func `more rows than the limit are refused`() throws {
    var decoder = RawDecoder(shape: RawShape(element: .uint8, channels: 1))
    decoder.limits.rows = 3
    #expect(try refusal([[1, 2, 3, 4]], .raw(decoder)).reason == .limit)
  }

  // MARK: pickles

  /// `pickle.dumps([1.5, 2.5])`, and `send_pyobj` of a NumPy array begins the same.
  private static let pickled: [UInt8] =
    [0x80, 4, 0x95, 0x19, 0, 0, 0, 0, 0, 0, 0] + [0x5D, 0x94, 0x28]
    + [0x47, 0x3F, 0xF8, 0, 0, 0, 0, 0, 0] + [0x47, 0x40, 0x04, 0, 0, 0, 0, 0, 0] + [0x65, 0x8C, 0, 0x2E]

  @Test func `a pickle is refused in every format, with the four lines that replace it`() throws {
    #expect(Self.pickled.count == 11 + 25)
    let map = FieldMap(channels: [try FieldPath("a")])
    let decoders: [MessageDecoder] = [
      raw(.uint8, channels: 1), .array(ArrayDecoder()), .openephys(OpenEphysDecoder(channels: ["a"])),
      .gnuradio(GNURadioDecoder(shape: RawShape(element: .uint8, channels: 1), passTags: false)),
      .gnuradio(GNURadioDecoder(shape: RawShape(element: .uint8, channels: 1), passTags: true)),
      .map(MapDecoder(encoding: .json, map: map)), .map(MapDecoder(encoding: .msgpack, map: map)),
    ]
    for decoder in decoders {
      let error = try refusal([Self.pickled], decoder)
      #expect(error.found.contains("pickle"), "\(error)")
      for line in Pickle.replacement { #expect(error.expected.contains(line), "\(error)") }
    }
  }

  // MARK: gnuradio

  private func radio(tags: Bool, _ element: ElementType = .float32) -> MessageDecoder {
    .gnuradio(GNURadioDecoder(shape: RawShape(element: element, channels: 1), passTags: tags))
  }

  private func header(_ offset: UInt64 = 0, tags: UInt64 = 0, _ rest: [UInt8] = []) -> [UInt8] {
    func bytes(_ value: UInt64) -> [UInt8] { (0..<8).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) } }
    return [0xF0, 0x5F, 1] + bytes(offset) + bytes(tags) + rest
  }

  /// A tag of item 0 whose key is this value.
  private func tagged(_ key: [UInt8]) -> [UInt8] {
    header(tags: 1, [UInt8](repeating: 0, count: 8) + key + [0, 0])
  }

  @Test func `tags where none are configured are told of, and the other way round`() throws {
    for element in [ElementType.float32, .int8] {
      let error = try refusal([header() + [0]], radio(tags: false, element))
      #expect(error.found.contains("pass_tags: true"), "\(error)")
    }
    let bare = try refusal([[UInt8](repeating: 7, count: 40)], radio(tags: true))
    #expect(bare.found.contains("pass_tags: false") && bare.reason == .version)
    #expect(try refusal([[0xF0, 0x5F, 1]], radio(tags: true)).reason == .truncated)
  }

  @Test func `bare items that begin like a tag header are items`() {
    let message = OwnedMessage([[0xF0, 0x5F, 1, 0] + [UInt8](repeating: 0xFF, count: 36)])
    #expect(message.refusal { (p) throws(DecodeError) in try radio(tags: false).decode(p) } == nil)
  }

  @Test(arguments: [
    ([0x02, 0xFF, 0xFF] as [UInt8], RejectReason.limit, 28), ([0x02, 0, 50], .truncated, 30), ([0x0E], .malformed, 27),
    ([0x08, 0xFF, 0xFF, 0xFF, 0xFF], .truncated, 32), ([0x0A, 0x0C, 0, 0, 0, 1, 0], .malformed, 28),
    ([0x0A, 0x0B, 0xFF, 0xFF, 0xFF, 0xFF, 1, 0], .truncated, 34), ([UInt8](repeating: 0x07, count: 40), .limit, 43),
    ([UInt8](repeating: 0x0C, count: 1) + [0, 0, 0, 2, 6], .truncated, 35),
  ])
  func `a tag that lies is refused at its place`(key: [UInt8], reason: RejectReason, offset: Int) throws {
    let error = try refusal([tagged(key)], radio(tags: true))
    #expect((error.reason, error.byteOffset) == (reason, offset), "\(error)")
  }

  @Test func `a list of ten thousand cells is walked, for only nesting is deep`() throws {
    let list: [UInt8] = Array([[UInt8]](repeating: [0x07, 0x06], count: 10_000).joined()) + [0x06]
    let message = OwnedMessage([tagged(list) + [0, 0, 0, 0]])
    #expect(message.refusal { (p) throws(DecodeError) in try radio(tags: true).decode(p) } == nil)
  }

  @Test func `more tags than bytes, offsets beyond 2^62 and items cut in two are refused`() throws {
    #expect(try refusal([header(tags: .max)], radio(tags: true)).byteOffset == 11)
    #expect(try refusal([header(1 << 62)], radio(tags: true)).byteOffset == 3)
    #expect(try refusal([header(1 << 62 - 1, [0, 0, 0, 0])], radio(tags: true)).reason == .malformed)
    #expect(try refusal([header(5, [0, 0, 0, 0, 9])], radio(tags: true)).byteOffset == 23)
    #expect(try refusal([[], [], []], radio(tags: true)).reason == .parts)
  }

  // MARK: openephys

  private func ephys(_ json: String, body: Int = 8, envelope: String = "DATA\0") throws -> DecodeError {
    try refusal(
      [Array(envelope.utf8), Array(json.utf8), [UInt8](repeating: 0, count: body)],
      .openephys(OpenEphysDecoder(channels: ["CH1", "CH2"])))
  }

  private static let content =
    #""stream":"a","channel_num":0,"channel_name":"CH1","num_samples":2,"sample_num":5,"sample_rate":1000"#

  @Test(arguments: [
    (#"{"content":{\#(content)}}"#, 4, RejectReason.truncated, 4), ("[]", 8, .malformed, 0), ("", 8, .malformed, 0),
    ("{}", 8, .malformed, 0), (#"{"content":3}"#, 8, .malformed, 11),
    (#"{"content":{"channel_num":0,"sample_num":5}}"#, 8, .malformed, 0),
    (#"{"content":{"channel_num":0,"num_samples":2}}"#, 8, .malformed, 0),
    (#"{"content":{"num_samples":2,"sample_num":5}}"#, 8, .malformed, 0),
    (#"{"content":{"channel_num":0,"num_samples":-2,"sample_num":5}}"#, 8, .malformed, 42),
    (#"{"content":{"channel_num":0,"num_samples":2,"sample_num":4611686018427387903}}"#, 8, .limit, 42),
    (#"{"content":{"channel_num":0,"num_samples":99999999,"sample_num":5}}"#, 8, .limit, 42),
    (#"{"content":{"channel_num":0,"n_samples":2,"n_real_samples":3,"timestamp":5}}"#, 8, .malformed, 59),
    (#"{"content":{"channel_num":0,"num_samples":2,"sample_num":5,"sample_rate":-1}}"#, 8, .malformed, 73),
  ])
  func `a header of Open Ephys that lies is refused`(json: String, body: Int, reason: RejectReason, offset: Int) throws
  {
    let error = try ephys(json, body: body)
    #expect((error.reason, error.byteOffset) == (reason, offset), "\(json): \(error)")
  }

  @Test func `a header cut before what is needed is told of with the cause`() throws {
    let error = try ephys(String(#"{"content":{\#(Self.content)}}"#.prefix(60)))
    #expect(error.reason == .truncated && error.expected.contains("not ASCII"), "\(error)")
  }

  @Test func `another length than the block's other channels is refused, and the block goes on`() throws {
    let decoder = MessageDecoder.openephys(OpenEphysDecoder(channels: ["CH1", "CH2"]))
    func message(_ channel: Int, _ samples: Int) -> OwnedMessage {
      OwnedMessage([
        Array("DATA\0".utf8),
        Array(#"{"content":{"channel_num":\#(channel),"num_samples":\#(samples),"sample_num":5}}"#.utf8),
        [UInt8](repeating: 0, count: samples * 4),
      ])
    }
    #expect(message(0, 2).refusal { (p) throws(DecodeError) in try decoder.decode(p) } == nil)
    #expect(try refusal(message(1, 3).parts, decoder).reason == .malformed)
    message(1, 2).lend { parts in
      guard case .samples(let whole)? = try? decoder.decode(parts) else {
        Issue.record("the block is not whole")
        return
      }
      #expect(whole.chunk.rows == 2)
    }
  }

  @Test func `other envelopes and counts of parts are refused`() throws {
    #expect(try ephys("{}", envelope: "DATA").reason == .topic)
    #expect(try refusal([Array("DATA\0".utf8)], .openephys(OpenEphysDecoder(channels: ["a"]))).reason == .parts)
  }

  // MARK: maps

  private func map(_ channels: [String], time: String? = nil, _ encoding: MapDecoder.Encoding) throws -> MessageDecoder
  {
    .map(
      MapDecoder(
        encoding: encoding,
        map: FieldMap(
          channels: try channels.map { try FieldPath($0) }, time: try time.map { try FieldPath($0) },
          sequence: try FieldPath("n"), first: try FieldPath("i"))))
  }

  @Test(arguments: [
    ("", 0), ("[1]", 0), ("3", 0), ("{", 1), (#"{"a":1} x"#, 8), (#"{"a":}"#, 5), (#"{"b":1}"#, 0), (#"{"a":[]}"#, 0),
    (#"{"a":"1"}"#, 5), (#"{"a":true}"#, 5), (#"{"a":{}}"#, 5), (#"{"a":[1,"2"]}"#, 8), (#"{"a":[1,[2]]}"#, 8),
    (#"{"a":1,"a":2}"#, 11), (#"{"a":[1],"a":[2]}"#, 13), (#"{"a":NaN}"#, 5), (#"{"a":1,"t":1e30}"#, 11),
    (#"{"a":1,"t":[1]}"#, 11), (#"{"a":1,"t":1,"t":1}"#, 17), (#"{"a":1,"n":-1}"#, 11), (#"{"a":1,"n":1.5}"#, 11),
    (#"{"a":1,"i":4611686018427387904}"#, 11), (#"{"a":1,"i":4611686018427387903}"#, 0), (#"{"a":1,"n":"-"}"#, 11),
    (#"{"a":[1,2],"c":[1]}"#, 0), (#"{"a":1,"x":"# + String(repeating: "[", count: 40), 26),
  ])
  func `a JSON map that lies is refused at its place`(json: String, offset: Int) throws {
    let error = try refusal([Array(json.utf8)], map(["a", "c"], time: "t", .json))
    #expect((error.reason, error.byteOffset) == (.malformed, offset), "\(json): \(error)")
  }

  @Test(arguments: [
    ([] as [UInt8], RejectReason.truncated, 0), ([0x91, 1], .malformed, 0), ([0x81], .truncated, 0),
    ([0x81, 0xA1, 0x61], .truncated, 3), ([0x81, 0xA1, 0x61, 1, 0], .malformed, 4),
    ([0x81, 0xA1, 0x61, 0xC1], .malformed, 3), ([0x81, 0xA1, 0x61, 0xC3], .malformed, 3),
    ([0x81, 0xA1, 0x61, 0xA1, 0x31], .malformed, 3), ([0x81, 0xA1, 0x62, 1], .malformed, 0),
    ([0xDF, 0xFF, 0xFF, 0xFF, 0xFF], .truncated, 0), ([0x81, 0xA1, 0x61, 0xDD, 0xFF, 0xFF, 0xFF, 0xFF], .truncated, 3),
    ([0x81, 0xA1, 0x61, 0xDB, 0xFF, 0xFF, 0xFF, 0xFF], .truncated, 3), ([0x81, 0xA1, 0x61, 0xCB, 0], .truncated, 3),
    ([0x82, 0xA1, 0x61, 1, 0xA1, 0x61, 2], .malformed, 6),
    ([0x82, 0xA1, 0x61, 1, 0xA1, 0x74, 0xD4, 0xFF, 0], .malformed, 6),
    ([0x82, 0xA1, 0x61, 1, 0xA1, 0x6E, 0xCF] + [UInt8](repeating: 0xFF, count: 8), .malformed, 6),
    ([0x81, 0xA1, 0x78] + [UInt8](repeating: 0x91, count: 40) + [1], .malformed, 18),
    ([0x81] + [UInt8](repeating: 0x91, count: 40) + [1, 1], .malformed, 16),
  ])
  func `a MessagePack map that lies is refused at its place`(bytes: [UInt8], reason: RejectReason, offset: Int) throws {
    let error = try refusal([bytes], map(["a", "c"], time: "t", .msgpack))
    #expect((error.reason, error.byteOffset) == (reason, offset), "\(error)")
  }

  @Test func `more rows than fit are refused while they are read, for a byte may stand for eight`() throws {
    var limits = WireLimits()
    limits.messageBytes = 64
    let decoder = MapDecoder(limits: limits, encoding: .msgpack, map: FieldMap(channels: [try FieldPath("a")]))
    let error = try refusal([[0x81, 0xA1, 0x61, 0x99] + (0..<9).map { UInt8($0) }], .map(decoder))
    #expect((error.reason, error.byteOffset) == (.limit, 12))
  }

  @Test func `none of the configured channels is said with what was looked for`() throws {
    let error = try refusal([Array(#"{"x":1}"#.utf8)], map(["norm_pos.0", "b"], .json))
    #expect(error.expected == "a value at norm_pos.0, b")
  }

  @Test(arguments: [
    ("", "empty name"), (".a", "empty name"), ("a..b", "empty name"), ("a.", "empty name"), ("a\\", "escapes nothing"),
    ("*.*", "more than one"), (String(repeating: "a.", count: 16) + "a", "more than 16"),
  ])
  func `a path that leads nowhere is refused in words`(text: String, words: String) {
    #expect { try FieldPath(text) } throws: { ($0 as? FieldPath.Mistake)?.message.contains(words) == true }
  }

  @Test func `paths through one another, and twice the same, are refused`() throws {
    func mistake(_ paths: [String]) throws -> String? {
      FieldMap(channels: try paths.map { try FieldPath($0) }).mistake?.message
    }
    #expect(try mistake(["a", "a.b"])?.contains("through the same value") == true)
    #expect(try mistake(["a.b", "a"])?.contains("through the same value") == true)
    #expect(try mistake(["a", "a"])?.contains("another field has too") == true)
    #expect(try mistake(["a.0", "a.1", "b"]) == nil)
  }
}
