import RunnelCore
import RunnelTesting
import RunnelWire
import Testing

@Suite struct LabelTests {
  /// Any label message, with any of its fields absent.
  static func random(_ random: inout SeededGenerator) -> LabelMessage {
    let alphabet = Array("ab/% \"\\\n\u{1}äé😀")
    func name() -> String {
      String(
        (0...random.below(20)).map { _ in alphabet[random.below(alphabet.count)] }.filter {
          $0 != "\n" && $0 != "\u{1}"
        })
        + "x"
    }
    func text() -> String { String((0..<random.below(20)).map { _ in alphabet[random.below(alphabet.count)] }) }
    func some<T>(_ value: @autoclosure () -> T) -> T? { random.below(2) == 0 ? nil : value() }
    func index() -> Int64 { Int64(bitPattern: random.next()) >> Int64(2 + random.below(60)) }
    func float() -> Float {
      let value = Float(bitPattern: UInt32(truncatingIfNeeded: random.next()))
      return value.isFinite ? value : 0.5
    }
    let kinds: [LabelMessage.Kind] = [
      .label, .event(.onset, number: index()), .event(.point, number: 1), .status(.gap, reason: "lost"),
      .status(.reset, reason: nil), .status(.end, reason: text()), .status(.start, reason: nil),
      .status(.clock, reason: text()), .heartbeat,
    ]
    let kind = kinds[random.below(kinds.count)]
    var message = LabelMessage(
      kind: kind, input: some(text()), stream: name(), channel: name(), pipeline: name(), model: some(text()),
      epoch: some(random.next()), inputEpoch: some(random.next()), sequence: random.next() >> 2, at: index(),
      first: index(), last: index(), decided: index(), timestamp: some(index()), timeSource: some(.index),
      label: some(text()), id: some(random.below(100)), p: some(float()),
      scores: (0..<random.below(4)).map { _ in float() },
      values: (0..<random.below(3)).map { LabelMessage.Value(text() + "\($0)", float()) }, level: .sequenced,
      quality: .leadOff, missing: Int64(random.below(1000)), usable: some(random.below(2) == 0),
      synthetic: some(random.below(2) == 0), isRepeat: random.below(2) == 0, latencyMicroseconds: some(index()))
    if message.isDecision, random.below(4) == 0 {
      message.steps = sequence(&random)
      message.scores = []
    }
    switch kind {
    case .label, .event: break
    case .status, .heartbeat: (message.at, message.first, message.level, message.missing) = (nil, nil, nil, nil)
    }
    return message
  }

  /// Of up to four steps and three classes; its message has no scores of its own.
  static func sequence(_ random: inout SeededGenerator) -> LabelSequence {
    var steps = LabelSequence(step: [nil, 3, 2.0833333333333335][random.below(3)])
    let classes = random.below(4)
    for _ in 0..<random.below(5) {
      let id = random.below(5)
      let scores = (0..<classes).map { _ in Float(random.uniform()) }
      scores.withUnsafeBufferPointer {
        steps.append(id == 0 ? "unknown" : "c\(id)", id: id == 0 ? nil : id, p: Float(random.uniform()), scores: $0)
      }
    }
    return steps
  }

  @Test func `what is encoded decodes to the same message`() throws {
    var generator = SeededGenerator(seed: 11)
    var encoder = LabelEncoder()
    let decoder = LabelDecoder()
    for _ in 0..<2000 {
      let message = Self.random(&generator)
      let text = encoder.text(message)
      #expect(try decoder.decode(text) == message, "\(text)")
    }
  }

  @Test func `what was kept of the origin, and a latency told beside the message, give the same bytes`() {
    var generator = SeededGenerator(seed: 13)
    for canonical in [false, true] {
      var (encoder, other) = (LabelEncoder(canonical: canonical), LabelEncoder(canonical: canonical))
      for _ in 0..<1000 {
        let message = Self.random(&generator)
        let origin = other.origin(of: message)
        var timed = message
        timed.latencyMicroseconds = 77
        let text = encoder.encode(message, origin: origin, latency: 77) { String(decoding: $0, as: UTF8.self) }
        #expect(text == other.text(timed))
      }
    }
  }

  @Test func `the canonical form reads back and writes the same bytes`() throws {
    var generator = SeededGenerator(seed: 12)
    var encoder = LabelEncoder(canonical: true)
    let decoder = LabelDecoder()
    for _ in 0..<1000 {
      let message = Self.random(&generator)
      let text = encoder.text(message)
      let read = try decoder.decode(text)
      #expect(encoder.text(read) == text)
      #expect(read.epoch == nil && read.inputEpoch == nil && read.timestamp == nil && read.timeSource == nil)
      #expect(read.input == nil && read.latencyMicroseconds == nil)
    }
  }

  @Test(arguments: goldenLines("labels.txt")) func `a line of the independent program writes back the same`(
    line: String
  ) throws {
    var encoder = LabelEncoder()
    #expect(encoder.text(try LabelDecoder().decode(line)) == line)
  }

  @Test func `the first two lines are one label in full and in canonical form`() throws {
    let lines = goldenLines("labels.txt")
    let model = "sha256:" + String(repeating: "0123456789abcdef", count: 4)
    let label = LabelMessage(
      kind: .label, input: "beds", stream: "bed7", channel: "MLII", pipeline: "beats", model: model,
      epoch: 1_763_923_532_123_456_789, inputEpoch: 1_763_923_532_123_456_772, sequence: 42, at: 98_765_530,
      first: 98_765_512, last: 98_765_618, decided: 98_765_700, timestamp: 1_763_923_532_123_456_789,
      timeSource: .sender, label: "V", id: 2, p: 0.973, scores: [0.01, 0.017, 0.973, 1e-7, 1, 0, 1 / 3, 65536.5],
      values: [.init("rate_bpm", 72.1), .init("qt", -0.4)], level: .replayable, quality: .ok, missing: 0,
      latencyMicroseconds: 184)
    var full = LabelEncoder()
    var canonical = LabelEncoder(canonical: true)
    #expect(full.text(label) == lines[0])
    #expect(canonical.text(label) == lines[1])
  }

  @Test(arguments: [
    (LabelMessage.Kind.label, true), (.event(.point, number: 1), true), (.status(.gap, reason: nil), true),
    (.status(.reset, reason: nil), true), (.status(.end, reason: nil), true), (.status(.start, reason: nil), false),
    (.status(.resumed, reason: nil), false), (.status(.stale, reason: nil), false),
    (.status(.evicted, reason: nil), false),
    (.status(.clock, reason: nil), false), (.heartbeat, false),
  ])
  func `what follows from the data consumes a sequence number`(kind: LabelMessage.Kind, consumes: Bool) {
    var message = LabelMessage(kind: kind, stream: "s", channel: "c", pipeline: "p", sequence: 5)
    var encoder = LabelEncoder()
    #expect(message.consumesSequence == consumes)
    #expect(message.isCanonical == consumes)
    #expect(encoder.text(message).contains(consumes ? "\"seq\":5" : "\"next\":5"))
    message.isRepeat = true
    #expect(!message.isCanonical)
  }

  @Test(arguments: [
    (#""kind":"label""#, #""kind":"lable""#), (#""v":1"#, #""v":2"#), (#""seq":42"#, #""next":42"#),
    (#""seq":42"#, #""seq":42,"next":43"#), (#""seq":42,"#, ""), (#""at":98765530,"#, ""), (#""quality":"ok","#, ""),
    (#""quality":"ok""#, #""quality":"fine""#), (#""level":"replayable""#, #""level":"best""#),
    (#""stream":"bed7","#, ""), (#""stream":"bed7""#, #""stream":"bed7","stream":"bed8""#),
    (#""p":0.973"#, #""p":"high""#), (#""p":0.973"#, #""p":1e99"#), (#""missing":0"#, #""missing":-1"#),
    (#""kind":"label""#, #""kind":"event","phase":"onset""#), (#""kind":"label""#, #""kind":"status","status":"gone""#),
    (#""t_source":"sender""#, #""t_source":"guess""#),
  ])
  func `a broken label is refused`(part: String, broken: String) throws {
    let line = goldenLines("labels.txt")[0]
    let start = try #require(line.firstRange(of: part))
    #expect(throws: DecodeError.self) { try LabelDecoder().decode(line.replacingCharacters(start, broken)) }
  }

  @Test func `a label under another lane's topic is refused`() throws {
    let json = Array(goldenLines("labels.txt")[0].utf8)
    let own = try Topic.labels(stream: "bed7", pipeline: "beats", channel: "MLII").bytes
    let other = try Topic.labels(stream: "bed7", pipeline: "beats", channel: "V5").bytes
    #expect(throws: Never.self) { try OwnedMessage([own, json]).lend { try LabelDecoder().decode($0) } }
    #expect(throws: DecodeError.self) { try OwnedMessage([other, json]).lend { try LabelDecoder().decode($0) } }
  }
}

extension String {
  fileprivate func replacingCharacters(_ range: Range<Index>, _ text: String) -> String {
    self[..<range.lowerBound] + text + self[range.upperBound...]
  }

  fileprivate func firstRange(of text: String) -> Range<Index>? {
    indices.first { self[$0...].hasPrefix(text) }.map { $0..<index($0, offsetBy: text.count) }
  }
}
