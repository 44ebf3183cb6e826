import RunnelCore
import RunnelWire
import Testing

/// What other programs publish, as vectors made by GNU Radio's pmt, msgpack and NumPy (python/golden/make_live.py).
@Suite struct LiveFormatTests {
  /// The messages of one scenario, in their order.
  struct Scenario: Sendable, CustomTestStringConvertible {
    var name: String
    var messages: [GoldenMessage]
    var testDescription: String { name }

    /// A decoder as the first message describes it.
    func decoder() throws -> MessageDecoder {
      try MessageDecoder(golden: #require(messages[0].says["decoder"]))
    }
  }

  static let all: [Scenario] = {
    var scenarios: [Scenario] = []
    for message in GoldenMessage.all("live.txt") {
      if scenarios.last?.name != message.name || message.says["decoder"] != nil {
        scenarios.append(Scenario(name: message.name, messages: []))
      }
      scenarios[scenarios.count - 1].messages.append(message)
    }
    return scenarios
  }()

  @Test(arguments: all) func `a vector decodes to what it says`(scenario: Scenario) throws {
    let decoder = try scenario.decoder()
    for golden in scenario.messages {
      try golden.message.lend { parts in check(try decoder.decode(parts), golden.says) }
    }
    #expect(isNothing(decoder.drain()), "every vector ends whole")
  }

  private func check(_ decoded: DecodedMessage, _ says: JSONValue) {
    switch decoded {
    case .samples(let message):
      #expect(says["says"]?.string == "samples")
      #expect(String(decoding: message.topic, as: UTF8.self) == says["topic"]?.string)
      #expect(message.chunk.rows == says["rows"]?.integer.map { Int($0) })
      #expect(message.chunk.channels == says["channels"]?.integer.map { Int($0) })
      #expect(samples(message.chunk).map(\.known) == says["samples"]?.array?.map(\.number))
      #expect(message.sequence == says["seq"]?.integer.map { UInt64($0) })
      #expect(message.first == says["first"]?.integer)
      #expect(message.timestamp == says["t_ns"]?.string.flatMap { Int64($0) })
      #expect(message.rate == says["rate"]?.number)
      #expect(message.epoch == nil && !message.discontinuity, "no such format has either")
    case .kept: #expect(says["says"]?.string == "kept")
    case .ignored(let reason): #expect(reason.rawValue == says["reason"]?.string)
    default: Issue.record("\(decoded)")
    }
  }

  @Test func `a block of Open Ephys that never becomes whole is given out at the end, its holes missing`() throws {
    let scenario = try #require(Self.all.first { $0.name == "openephys" })
    let decoder = try scenario.decoder()
    _ = try scenario.messages[0].message.lend { try decoder.decode($0) }
    guard case .samples(let message) = decoder.drain() else {
      Issue.record("nothing came")
      return
    }
    #expect(message.first == 100)
    #expect(samples(message.chunk).map(\.known) == [0.5, nil, 1.5, nil, 2.5, nil, 3.5, nil])
    #expect(isNothing(decoder.drain()))
  }

  @Test func `the time of array-1.0 counts from the year that the configuration says`() throws {
    let golden = try #require(GoldenMessage.all("arrays.txt").first { $0.name == "array-1.0" })
    func timestamp(_ origin: TimeOrigin?) throws -> Int64? {
      try golden.message.lend { parts in
        guard case .samples(let message) = try ArrayDecoder(timeOrigin: origin).decode(parts) else { return nil }
        return message.timestamp
      }
    }
    #expect(try timestamp(nil) == nil)
    #expect(try timestamp(.unix) == 1_132_703_532_500_000_000)
    #expect(try timestamp(.epics) == 1_763_855_532_500_000_000)
  }
}

extension Double {
  /// Nil for NaN, so that what is missing compares.
  fileprivate var known: Double? { isNaN ? nil : self }
}

private func isNothing(_ message: DecodedMessage?) -> Bool { if case nil = message { true } else { false } }

extension MessageDecoder {
  /// As the first message of a golden scenario describes it.
  init(golden says: JSONValue) throws {
    let channels = Int(says["channels"]?.integer ?? 0)
    let names = says["channels"]?.array?.compactMap(\.string) ?? []
    func shape() throws -> RawShape {
      RawShape(
        element: try #require(says["dtype"]?.string.flatMap { ElementType(name: $0) }),
        byteOrder: says["byte_order"]?.string == "big" ? .big : .little,
        layout: says["layout"]?.string == "channel_major" ? .planar : .interleaved, channels: channels)
    }
    func path(_ key: String) throws -> FieldPath? { try says[key]?.string.map { try FieldPath($0) } }
    switch says["format"]?.string {
    case "raw":
      self = .raw(RawDecoder(shape: try shape(), topicParts: says["topic_parts"]?.integer.map { Int($0) }))
    case "gnuradio":
      self = .gnuradio(
        GNURadioDecoder(
          shape: try shape(), passTags: says["pass_tags"]?.bool == true, rate: says["rate"]?.number))
    case "openephys": self = .openephys(OpenEphysDecoder(channels: names))
    default:
      let map = FieldMap(
        channels: try names.map { try FieldPath($0) }, time: try path("time"),
        timeUnit: says["time_unit"]?.string.flatMap(TimeUnit.init) ?? .seconds, sequence: try path("sequence"),
        first: try path("first"))
      self = .map(MapDecoder(encoding: says["format"]?.string == "json" ? .json : .msgpack, map: map))
    }
  }
}
