import RunnelCore
import RunnelWire

/// How a ZeroMQ message lies in an MCAP file, and how its parts come out again, byte for byte
/// (docs/foreign-formats.md §11):
///
///     runnel.v1       topic s/<stream>/: header and samples, one behind the other
///     json            topics l/<stream>/<pipeline>/<channel>/ and j/<stream>/: the label, the verdict
///     zmq.multipart   u32 count of parts, and of each u32 length and its bytes
///
/// The first two leave the topic to the channel, so that other programs can read them; the third holds anything.
public enum RecordedEncoding: String, Sendable, Hashable, CaseIterable {
  case samples = "runnel.v1"
  case json
  case multipart = "zmq.multipart"

  /// Nil where a message of this channel is not known to be one that came over ZeroMQ.
  public init?(of channel: MCAPChannel) {
    guard let encoding = RecordedEncoding(rawValue: channel.encoding) else { return nil }
    if encoding == .json, !channel.topic.hasPrefix("l/"), !channel.topic.hasPrefix("j/") { return nil }
    self = encoding
  }

  /// Whether a message of samples can be written without its parts' lengths: its header says where it ends itself.
  public static func holdsSamples(_ parts: MessageParts) -> Bool {
    parts.count == 3 && headerLength(parts[1]) == parts[1].count && parts[1].count >= shortestHeader
  }

  /// Writes the parts one behind the other, with their lengths.
  public static func pack(_ parts: MessageParts, into bytes: inout [UInt8]) {
    bytes.removeAll(keepingCapacity: true)
    put(parts.count, into: &bytes)
    for index in 0..<parts.count {
      put(parts[index].count, into: &bytes)
      bytes.append(contentsOf: parts[index])
    }
  }

  private static func put(_ count: Int, into bytes: inout [UInt8]) {
    withUnsafeBytes(of: UInt32(count).littleEndian) { bytes.append(contentsOf: $0) }
  }

  /// Lends the parts of a recorded message.
  ///
  /// - Throws: `malformed` where they are not whole.
  public func withParts<R>(
    of message: MCAPMessage, topic: String, file: String, place: Int, _ body: (MessageParts) -> R
  ) throws(RecordingError) -> R {
    var topic = topic
    let result: R? = topic.withUTF8 { topic in
      message.data.withUnsafeBytes { data in
        var parts: [UnsafeRawBufferPointer]
        switch self {
        case .samples:
          let cut = min(max(Self.headerLength(data), Self.shortestHeader), data.count)
          parts = [
            UnsafeRawBufferPointer(topic), UnsafeRawBufferPointer(rebasing: data[..<cut]),
            UnsafeRawBufferPointer(rebasing: data[cut...]),
          ]
        case .json: parts = [UnsafeRawBufferPointer(topic), data]
        case .multipart:
          guard let found = Self.unpacked(data) else { return nil }
          parts = found
        }
        return parts.withUnsafeBufferPointer { body(MessageParts($0.baseAddress!, count: $0.count)) }
      }
    }
    guard let result else {
      throw RecordingError(
        .malformed, file: file, at: .byte(place),
        "expected the parts of a message of '\(topic)', found \(message.data.count) bytes that are none",
        remedy: "record it anew")
    }
    return result
  }

  /// At least one part, and nothing behind the last.
  private static func unpacked(_ data: UnsafeRawBufferPointer) -> [UnsafeRawBufferPointer]? {
    func count(at place: Int) -> Int? {
      data.count - place >= 4
        ? Int(UInt32(littleEndian: data.loadUnaligned(fromByteOffset: place, as: UInt32.self))) : nil
    }
    guard let parts = count(at: 0), parts > 0, parts <= data.count / 4 else { return nil }
    var found: [UnsafeRawBufferPointer] = []
    var place = 4
    for _ in 0..<parts {
      guard let length = count(at: place), length <= data.count - place - 4 else { return nil }
      found.append(UnsafeRawBufferPointer(rebasing: data[(place + 4)..<(place + 4 + length)]))
      place += 4 + length
    }
    return place == data.count ? found : nil
  }

  private static let shortestHeader = 64

  /// What the header of a sample message says of its own length (docs/wire-format.md §3).
  private static func headerLength(_ header: UnsafeRawBufferPointer) -> Int {
    header.count >= 10 ? Int(header[8]) | Int(header[9]) << 8 : 0
  }
}
