import RunnelCore

/// What a message may be at most (docs/wire-format.md §12); a larger one is rejected with reason `limit`, unread.
public struct WireLimits: Sendable, Hashable {
  public var parts = 16
  public var messageBytes = 64 << 20
  public var channels = 4096
  /// Rows of one message.
  public var rows = 1 << 24
  public var jsonBytes = 64 << 10
  public var jsonDepth = 16
  /// Bytes of a topic, and of a replay endpoint in a heartbeat.
  public var nameBytes = 1024

  public init() {}

  /// Of what a daemon admitted, in a recording: it writes topics and descriptions anew there, and longer than they came.
  /// 1 KiB for each channel.
  public static let admitted: WireLimits = {
    var limits = WireLimits()
    (limits.jsonBytes, limits.nameBytes) = (4 << 20, 4 << 20)
    return limits
  }()

  /// Indexes and sequence numbers stay below this, so that adding two of them cannot overflow.
  public static let largestIndex: UInt64 = 1 << 62

  /// Hz; 0 (irregular) is allowed beside these.
  public static let rates: ClosedRange<Double> = 1e-6...1e9

  func check(_ parts: MessageParts) throws(DecodeError) {
    guard parts.count <= self.parts else {
      throw DecodeError(
        .limit, part: self.parts, byteOffset: 0, expected: "at most \(self.parts) parts", found: "\(parts.count)")
    }
    guard parts.count > 0 else {
      throw DecodeError(.parts, part: 0, byteOffset: 0, expected: "at least one part", found: "none")
    }
    let size = parts.byteCount
    guard size <= messageBytes else {
      throw DecodeError(
        .limit, part: 0, byteOffset: 0, expected: "a message of at most \(messageBytes) bytes", found: "\(size) bytes")
    }
  }

  func check(json: UnsafeRawBufferPointer, part: Int) throws(DecodeError) {
    guard json.count <= jsonBytes else {
      throw DecodeError(
        .limit, part: part, byteOffset: jsonBytes, expected: "at most \(jsonBytes) bytes of JSON",
        found: "\(json.count) bytes")
    }
  }
}
