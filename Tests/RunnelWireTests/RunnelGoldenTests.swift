import RunnelCore
import RunnelTesting
import RunnelWire
import Testing

/// Both directions against vectors made by an independent program.
@Suite struct RunnelGoldenTests {
  static let all = GoldenMessage.all("messages.txt")

  @Test(arguments: all) func `a vector decodes to what it says`(golden: GoldenMessage) throws {
    try golden.message.lend { parts in
      switch try RunnelDecoder().decode(parts) {
      case .samples(let message): expectEqual(message, golden.says)
      case .heartbeat(let heartbeat): expectEqual(heartbeat, golden.says)
      case .end(let end):
        #expect(golden.says["says"]?.string == "end")
        #expect(end.epoch == golden.says["epoch"]?.decimal)
        #expect(end.nextSequence == golden.says["next"]?.integer.map { UInt64($0) })
        #expect(end.nextIndex == golden.says["index"]?.integer)
      case .description(let description): expectEqual(description, golden.says)
      case .kept, .ignored: Issue.record("no message of this format is either")
      }
    }
  }

  @Test(arguments: all.filter { $0.name != "description-small" })
  func `what is encoded equals the vector byte for byte`(golden: GoldenMessage) throws {
    #expect(try encode(golden.says, payload: golden.message.parts.last ?? []) == golden.message)
  }

  private func expectEqual(_ message: SampleMessage, _ says: JSONValue) {
    #expect(says["says"]?.string == "samples")
    #expect((try? Topic(message.topic).stream) == says["stream"]?.string)
    #expect(message.epoch == says["epoch"]?.decimal)
    #expect(message.sequence == says["seq"]?.integer.map { UInt64($0) })
    #expect(message.first == says["first"]?.integer)
    #expect(message.timestamp == says["t_ns"]?.integer)
    #expect(message.rate == says["rate"]?.number)
    #expect(message.discontinuity == says["discontinuity"]?.bool)
    #expect(message.chunk.element.name == says["dtype"]?.string)
    #expect(message.chunk.layout.rawValue == says["layout"]?.integer.map { UInt8($0) })
    #expect(message.chunk.rows == says["rows"]?.integer.map { Int($0) })
    #expect(message.chunk.channels == says["channels"]?.integer.map { Int($0) })
    let expected = says["samples"]?.array?.compactMap(\.number)
    if message.chunk.element == .float32 {
      #expect(samples(message.chunk) == expected?.map { Double(Float($0)) })
    } else {
      #expect(samples(message.chunk) == expected)
    }
  }

  private func expectEqual(_ heartbeat: Heartbeat, _ says: JSONValue) {
    #expect(says["says"]?.string == "heartbeat")
    #expect(heartbeat.epoch == says["epoch"]?.decimal)
    #expect(heartbeat.nextSequence == says["next"]?.integer.map { UInt64($0) })
    #expect(heartbeat.nextIndex == says["index"]?.integer)
    #expect(heartbeat.oldestSequence == says["oldest"]?.integer.map { UInt64($0) })
    #expect(heartbeat.droppedMessages == says["dropped"]?.integer.map { UInt64($0) })
    #expect((heartbeat.replayEndpoint ?? "") == says["endpoint"]?.string)
    #expect(heartbeat.rate == says["rate"]?.number)
    #expect(heartbeat.channels == says["channels"]?.integer.map { Int($0) })
  }

  private func expectEqual(_ description: StreamDescription, _ says: JSONValue) {
    #expect(says["says"]?.string == "description")
    #expect(description == Self.description(says))
  }

  /// The description that the vector's JSON states, by way of the general JSON reader.
  private static func description(_ says: JSONValue) -> StreamDescription {
    StreamDescription(
      stream: says["stream"]?.string ?? "", epoch: says["epoch"]?.decimal, rate: says["rate"]?.number,
      element: says["dtype"]?.string.flatMap { ElementType(name: $0) },
      channels: (says["channels"]?.array ?? []).map { channel in
        let scaling: Channel.Scaling
        if let gain = channel["gain"]?.number {
          scaling = .gain(gain, baseline: channel["baseline"]?.number ?? 0)
        } else {
          scaling = .linear(scale: channel["scale"]?.number ?? 1, offset: channel["offset"]?.number ?? 0)
        }
        return Channel(name: channel["name"]?.string ?? "", unit: channel["unit"]?.string, scaling: scaling)
      }, subject: says["subject"]?.string, device: says["device"]?.string, synthetic: says["synthetic"]?.bool)
  }

  private func encode(_ says: JSONValue, payload: [UInt8]) throws -> OwnedMessage {
    let element = try #require(says["dtype"]?.string.flatMap { ElementType(name: $0) })
    var description = Self.description(says)
    if let count = says["channels"]?.integer {
      description.channels = (0..<count).map { Channel(name: "c\($0)") }
    }
    var encoder = try RunnelEncoder(
      description, epoch: try #require(says["epoch"]?.decimal), element: element,
      layout: says["layout"]?.integer == 1 ? .planar : .interleaved, checksums: says["checked"]?.bool ?? false)
    encoder.nextSequence = UInt64(says["seq"]?.integer ?? says["next"]?.integer ?? 0)
    encoder.nextIndex = says["first"]?.integer ?? says["index"]?.integer ?? 0
    switch says["says"]?.string {
    case "samples":
      let rows = Int(says["rows"]?.integer ?? 0)
      return payload.withUnsafeBytes { raw in
        encoder.withSamples(
          raw, rows: rows, timestamp: says["t_ns"]?.integer, discontinuity: says["discontinuity"]?.bool ?? false
        ) { OwnedMessage($0) }
      }
    case "heartbeat":
      return encoder.withHeartbeat(
        oldest: says["oldest"]?.integer.map { UInt64($0) }, dropped: 3, endpoint: says["endpoint"]?.string ?? ""
      ) { OwnedMessage($0) }
    case "end": return encoder.withEnd { OwnedMessage($0) }
    default: return encoder.withDescription { OwnedMessage($0) }
    }
  }
}
