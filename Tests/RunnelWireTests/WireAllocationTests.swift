import RunnelCore
import RunnelTesting
import RunnelWire
import Testing

/// No allocation per message once warm, counted over ten thousand of them, in debug and release builds alike.
@Suite(.enabled(if: allocationsAreCounted)) struct WireAllocationTests {
  private func count(_ message: OwnedMessage, _ decoder: MessageDecoder) -> Int {
    message.lend { parts in
      var rows = 0
      func decode() {
        guard case .samples(let samples)? = try? decoder.decode(parts) else { return }
        rows += samples.chunk.rows
      }
      for _ in 0..<10 { decode() }
      let count = allocations { for _ in 0..<10_000 { decode() } }
      #expect(rows > 0)
      return count
    }
  }

  @Test func `decoding samples allocates nothing`() throws {
    #expect(count(try RunnelDecoderTests.valid(), .runnel(RunnelDecoder())) == 0)
  }

  @Test func `decoding a heartbeat allocates nothing`() throws {
    let heartbeat = try #require(GoldenMessage.all("messages.txt").first { $0.name == "heartbeat" }).message
    heartbeat.lend { parts in
      let decoder = RunnelDecoder()
      for _ in 0..<10 { _ = try? decoder.decode(parts) }
      #expect(allocations { for _ in 0..<10_000 { _ = try? decoder.decode(parts) } } == 0)
    }
  }

  @Test(arguments: ["float32", "int16-str", "extras", "array-1.0", "channel-major"])
  func `decoding an array allocates nothing`(name: String) throws {
    let golden = try #require(GoldenMessage.all("arrays.txt").first { $0.name == name })
    #expect(count(golden.message, .array(ArrayDecoder())) == 0)
  }

  /// All messages of the scenario in turn, so that what is joined or gathered becomes whole.
  @Test(arguments: [
    "raw-i16-<", "raw-planar", "gnuradio-key", "gnuradio-every-value", "openephys-one", "openephys-unnamed",
    "openephys-old",
    "json-one", "json-two", "json-rows", "json-pupil", "json-order", "msgpack-pupil", "msgpack-widths",
  ])
  func `decoding what other programs send allocates nothing`(name: String) throws {
    let scenario = try #require(LiveFormatTests.all.first { $0.name == name })
    let decoder = try scenario.decoder()
    var rows = 0
    func lend(_ index: Int, _ parts: [MessageParts], _ body: ([MessageParts]) -> Void) {
      if index == scenario.messages.count { return body(parts) }
      scenario.messages[index].message.lend { lend(index + 1, parts + [$0], body) }
    }
    lend(0, []) { messages in
      func decode() {
        for index in 0..<messages.count {
          guard case .samples(let samples)? = try? decoder.decode(messages[index]) else { continue }
          rows += samples.chunk.rows
        }
      }
      for _ in 0..<10 { decode() }
      #expect(allocations { for _ in 0..<1000 { decode() } } == 0)
    }
    #expect(rows > 0)
  }

  @Test func `encoding samples and heartbeats allocates nothing`() throws {
    let description = StreamDescription(stream: "bed7", rate: 360, channels: [Channel(name: "a"), Channel(name: "b")])
    var encoder = try RunnelEncoder(description, epoch: 17, element: .int16, checksums: true)
    let payload = Array(UInt8(0)..<16)
    payload.withUnsafeBytes { raw in
      var bytes = 0
      func encode() {
        encoder.withSamples(raw, rows: 4, timestamp: 5) { bytes += $0.byteCount }
        encoder.withHeartbeat(endpoint: "tcp://127.0.0.1:5557") { bytes += $0.byteCount }
      }
      for _ in 0..<10 { encode() }
      #expect(allocations { for _ in 0..<10_000 { encode() } } == 0)
      #expect(bytes > 0)
    }
  }

  @Test(arguments: [false, true]) func `encoding a label allocates nothing`(canonical: Bool) throws {
    let label = try LabelDecoder().decode(goldenLines("labels.txt")[0])
    var encoder = LabelEncoder(canonical: canonical)
    var bytes = 0
    for _ in 0..<10 { encoder.encode(label) { bytes += $0.count } }
    #expect(allocations { for _ in 0..<10_000 { encoder.encode(label) { bytes += $0.count } } } == 0)
    #expect(bytes > 0)
  }

  @Test func `matching a topic allocates nothing`() throws {
    let pattern = try TopicPattern("s/*/")
    let topic = try Topic.samples("ward 3/bed 7").bytes
    topic.withUnsafeBytes { raw in
      #expect(pattern.matches(raw))
      #expect(allocations { for _ in 0..<1000 { _ = pattern.matches(raw) } } == 0)
    }
  }
}
