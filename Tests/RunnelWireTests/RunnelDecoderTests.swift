import RunnelCore
import RunnelTesting
import RunnelWire
import Testing

/// One broken field at a time: the reason, the part and the byte.
@Suite struct RunnelDecoderTests {
  struct Break: Sendable, CustomTestStringConvertible {
    var testDescription: String
    var reason: RejectReason
    var part: Int
    var byteOffset: Int
    var change: @Sendable (inout OwnedMessage) -> Void

    init(
      _ name: String, _ reason: RejectReason, _ part: Int, _ offset: Int,
      _ change: @escaping @Sendable (inout OwnedMessage) -> Void
    ) {
      (testDescription, self.reason, self.part, byteOffset, self.change) = (name, reason, part, offset, change)
    }
  }

  static let breaks: [Break] = [
    Break("no payload part", .parts, 2, 0) { $0.parts.removeLast() },
    Break("a fourth part", .parts, 3, 0) { $0.parts.append([]) },
    Break("seventeen parts", .limit, 16, 0) { for _ in 0..<14 { $0.parts.append([]) } },
    Break("no part", .parts, 0, 0) { $0.parts = [] },
    Break("a foreign topic", .topic, 0, 0) { $0.parts[0] = Array("ecg".utf8) },
    Break("a malformed escape in the topic", .topic, 0, 5) { $0.parts[0] = Array("s/bed%7/".utf8) },
    Break("a label's topic", .topic, 0, 0) { $0.parts[0] = Array("l/a/b/c/".utf8) },
    Break("a topic of 2 kB", .limit, 0, 1024) {
      $0.parts[0] = Array("s/".utf8) + .init(repeating: 97, count: 2000) + [47]
    },
    Break("magic", .version, 1, 0) { $0.parts[1][3] = 0x32 },
    Break("version 2", .version, 1, 4) { $0.parts[1][4] = 2 },
    Break("version 0", .version, 1, 4) { $0.parts[1][4] = 0 },
    Break("an empty header", .truncated, 1, 0) { $0.parts[1] = [] },
    Break("a header of 3 bytes", .truncated, 1, 3) { $0.parts[1].removeLast(61) },
    Break("a header of 63 bytes", .truncated, 1, 63) { $0.parts[1].removeLast() },
    Break("a header longer than it says", .truncated, 1, 8) { $0.parts[1].append(0) },
    Break("a header shorter than it says", .truncated, 1, 8) { $0.parts[1][8] = 72 },
    Break("kind 0", .malformed, 1, 5) { $0.parts[1][5] = 0 },
    Break("kind 4", .malformed, 1, 5) { $0.parts[1][5] = 4 },
    Break("dtype 0", .dtype, 1, 6) { $0.parts[1][6] = 0 },
    Break("dtype 11", .dtype, 1, 6) { $0.parts[1][6] = 11 },
    Break("layout 2", .malformed, 1, 7) { $0.parts[1][7] = 2 },
    Break("flag bit 2", .malformed, 1, 10) { $0.parts[1][10] |= 4 },
    Break("flag bit 15", .malformed, 1, 10) { $0.parts[1][11] |= 128 },
    Break("a checksum off by one", .checksum, 1, 12) { $0.parts[1][12] &+= 1 },
    Break("a flipped payload bit", .checksum, 1, 12) { $0.parts[2][3] ^= 16 },
    Break("a topic exchanged", .checksum, 1, 12) { $0.parts[0] = Array("s/bed8/".utf8) },
    Break("seq 2^62", .malformed, 1, 24) { $0.parts[1][31] = 0x40 },
    Break("first 2^62", .malformed, 1, 32) { $0.parts[1][39] = 0x40 },
    Break("rows across 2^62", .malformed, 1, 32) {
      $0.parts[1].replaceSubrange(32..<40, with: [0xFD, 255, 255, 255, 255, 255, 255, 0x3F])
    },
    Break("t_ns 2^62", .malformed, 1, 40) { $0.parts[1].replaceSubrange(40..<48, with: [0, 0, 0, 0, 0, 0, 0, 0x40]) },
    Break("t_ns of the smallest i64", .malformed, 1, 40) {
      $0.parts[1].replaceSubrange(40..<48, with: [0, 0, 0, 0, 0, 0, 0, 0x80])
    },
    Break("rate NaN", .malformed, 1, 48) { $0.setRate(.nan) },
    Break("rate infinite", .malformed, 1, 48) { $0.setRate(.infinity) },
    Break("rate negative", .malformed, 1, 48) { $0.setRate(-1) },
    Break("rate 1e300", .malformed, 1, 48) { $0.setRate(1e300) },
    Break("no channels", .malformed, 1, 56) { $0.parts[1][56] = 0 },
    Break("4097 channels", .limit, 1, 56) { $0.parts[1].replaceSubrange(56..<58, with: [1, 16]) },
    Break("2^24 + 1 rows", .limit, 1, 60) { $0.parts[1].replaceSubrange(60..<64, with: [1, 0, 0, 1]) },
    Break("a payload one byte short", .truncated, 2, 15) { $0.parts[2].removeLast() },
    Break("a payload one byte long", .truncated, 2, 16) { $0.parts[2].append(0) },
    Break("rows in an end", .malformed, 1, 60) { $0.parts[1][5] = 3 },
    Break("rows in a heartbeat", .malformed, 1, 60) { $0.parts[1][5] = 2 },
    Break("a heartbeat of 15 bytes", .truncated, 2, 15) { message in
      message.parts[1][5] = 2
      message.parts[1][60] = 0
      message.parts[2].removeLast()
    },
    Break("a heartbeat whose oldest is after its next", .malformed, 2, 0) { message in
      message.parts[1][5] = 2
      message.parts[1][60] = 0
      message.parts[2] = [9] + Array(repeating: 0, count: 15)
    },
    Break("a heartbeat whose endpoint is no text", .malformed, 2, 16) { message in
      message.parts[1][5] = 2
      message.parts[1][60] = 0
      message.parts[2] = Array(repeating: 0, count: 16) + [0xFF]
    },
  ]

  /// 4 rows of 2 channels of i16, seq 7.
  static func valid() throws -> OwnedMessage {
    let description = StreamDescription(stream: "bed7", rate: 360, channels: [Channel(name: "a"), Channel(name: "b")])
    var encoder = try RunnelEncoder(description, epoch: 17, element: .int16, checksums: true)
    encoder.nextSequence = 7
    let payload = Array(UInt8(0)..<16)
    return payload.withUnsafeBytes { encoder.withSamples($0, rows: 4, timestamp: 5) { OwnedMessage($0) } }
  }

  @Test(arguments: breaks) func `a broken field is refused with its place`(broken: Break) throws {
    var message = try Self.valid()
    #expect(message.refusal(RunnelDecoder().decode) == nil)
    broken.change(&message)
    let error = try #require(message.refusal(RunnelDecoder().decode))
    #expect(error.reason == broken.reason, "\(error)")
    #expect(error.part == broken.part, "\(error)")
    #expect(error.byteOffset == broken.byteOffset, "\(error)")
  }

  /// Broken in what tells where the rows belong, or no samples.
  static let placeless: Set = [
    "no part", "magic", "version 2", "version 0", "an empty header", "a header of 3 bytes", "a header of 63 bytes",
    "kind 0", "kind 4", "a checksum off by one", "seq 2^62", "first 2^62", "2^24 + 1 rows", "rows in an end",
    "rows in a heartbeat", "a heartbeat of 15 bytes", "a heartbeat whose oldest is after its next",
    "a heartbeat whose endpoint is no text",
  ]

  @Test(arguments: breaks.filter { $0.testDescription != "rows across 2^62" })
  func `a message that cannot be used says where its rows belong as long as its header can`(broken: Break) throws {
    var message = try Self.valid()
    message.parts[1].replaceSubrange(12..<16, with: [0, 0, 0, 0])  // no checksum
    broken.change(&message)
    let said = message.lend { RunnelDecoder().rejected($0) }
    let isPlaceless = Self.placeless.contains(broken.testDescription)
    #expect(said?.epoch == (isPlaceless ? nil : 17) && said?.rows == (isPlaceless ? nil : 0..<4))
    #expect(said == nil || said?.sequence == 7)
  }

  @Test func `where a checksum is wrong nothing that the message says is believed`() throws {
    var message = try Self.valid()
    message.parts[1][6] = 99
    #expect(message.lend { RunnelDecoder().rejected($0) } == nil)
  }

  @Test func `a message above the size limit is not read`() throws {
    var limits = WireLimits()
    limits.messageBytes = 80
    let error = try #require(try Self.valid().refusal(RunnelDecoder(limits: limits).decode))
    #expect(error.reason == .limit)
  }

  @Test func `a longer header of version 1 is read as far as it is known`() throws {
    var message = try Self.valid()
    message.parts[1] += [1, 2, 3, 4, 5, 6, 7, 8]
    message.parts[1][8] = 72
    message.parts[1].replaceSubrange(12..<16, with: [0, 0, 0, 0])
    #expect(message.refusal(RunnelDecoder().decode) == nil)
  }

  @Test func `the largest allowed indexes decode`() throws {
    let description = StreamDescription(stream: "a", rate: 0, channels: [Channel(name: "a")])
    var encoder = try RunnelEncoder(description, epoch: .max, element: .uint8)
    encoder.nextSequence = (1 << 62) - 1
    encoder.nextIndex = (1 << 62) - 3
    let message = [UInt8(1), 2].withUnsafeBytes { encoder.withSamples($0, rows: 2) { OwnedMessage($0) } }
    #expect(message.refusal(RunnelDecoder().decode) == nil)
  }

  @Test func `the encoder counts messages and rows, and heartbeat and end consume none`() throws {
    let description = StreamDescription(stream: "a", rate: 100, channels: [Channel(name: "a")])
    var encoder = try RunnelEncoder(description, epoch: 1, element: .uint8)
    [UInt8(1), 2].withUnsafeBytes { raw in encoder.withSamples(raw, rows: 2) { _ in } }
    [].withUnsafeBytes { raw in encoder.withSamples(raw, rows: 0) { _ in } }
    encoder.withHeartbeat { _ in }
    encoder.withEnd { _ in }
    #expect(encoder.nextSequence == 2)
    #expect(encoder.nextIndex == 2)
  }
}

extension OwnedMessage {
  mutating func setRate(_ rate: Double) {
    withUnsafeBytes(of: rate.bitPattern.littleEndian) { parts[1].replaceSubrange(48..<56, with: $0) }
  }
}
