import RunnelCore

/// Part 0 of a message: what kind it is, and of which stream (docs/wire-format.md §2).
///
///     s/<stream>/                          samples, heartbeats, the end
///     m/<stream>/                          the stream's description
///     l/<stream>/<pipeline>/<channel>/     labels
///     c/<stream>/<pipeline>/<channel>/     conditioned samples: what the network sees
///     m/<stream>/<pipeline>/<channel>/     their description
///     j/<stream>/                          verdicts that came from a clock or a command
///
/// The slash at the end keeps a subscription to `s/bed1/` from delivering `s/bed10/`. Inside a name `/`, `%` and space
/// are written `%2F`, `%25` and `%20`, exactly so and nothing else, so that a name has one topic and a topic one name.
/// A name has at least one byte and no control characters, for topics are printed on terminals.
public struct Topic: Sendable, Hashable, CustomStringConvertible {
  /// The raw value is the topic's first byte.
  public enum Kind: UInt8, Sendable, CaseIterable {
    case samples = 0x73
    case description = 0x6D
    case labels = 0x6C
    case conditioned = 0x63
    case verdicts = 0x6A

    public var nameCount: Int { self == .labels || self == .conditioned ? 3 : 1 }

    func allows(_ count: Int) -> Bool { count == nameCount || self == .description && count == 3 }
  }

  public let kind: Kind
  /// As people write them, escapes resolved; never empty.
  public let names: [String]
  /// As on the wire.
  public let bytes: [UInt8]

  /// The stream that its messages are of. Conditioned samples are a stream of their own, `bed7/beats/MLII`.
  public var stream: String { kind == .labels ? names[0] : names.joined(separator: "/") }
  public var description: String { String(decoding: bytes, as: UTF8.self) }

  public static func samples(_ stream: String) throws(TopicError) -> Topic { try Topic(.samples, [stream]) }
  public static func description(_ stream: String) throws(TopicError) -> Topic { try Topic(.description, [stream]) }
  public static func verdicts(_ stream: String) throws(TopicError) -> Topic { try Topic(.verdicts, [stream]) }
  public static func labels(stream: String, pipeline: String, channel: String) throws(TopicError) -> Topic {
    try Topic(.labels, [stream, pipeline, channel])
  }

  public static func conditioned(stream: String, pipeline: String, channel: String) throws(TopicError) -> Topic {
    try Topic(.conditioned, [stream, pipeline, channel])
  }

  /// - Throws: where a name is empty or holds a control character; the offset is that in the topic.
  public init(_ kind: Kind, _ names: [String]) throws(TopicError) {
    precondition(kind.allows(names.count), "\(kind) has \(kind.nameCount) names")
    var bytes: [UInt8] = [kind.rawValue, Self.slash]
    for name in names {
      Self.escape(name, into: &bytes)
      bytes.append(Self.slash)
    }
    try bytes.withUnsafeBufferPointer { (buffer: UnsafeBufferPointer<UInt8>) throws(TopicError) in
      _ = try Topic.check(UnsafeRawBufferPointer(buffer))
    }
    self.kind = kind
    self.names = names
    self.bytes = bytes
  }

  /// Reads a topic as it came.
  public init(_ raw: UnsafeRawBufferPointer) throws(TopicError) {
    kind = try Self.check(raw)
    bytes = Array(raw)
    names = raw.dropFirst(2).dropLast().split(separator: Self.slash).map { Self.unescape($0) }
  }

  /// Whether `raw` is a well-formed topic, and of which kind. Allocates only to complain.
  public static func check(_ raw: UnsafeRawBufferPointer) throws(TopicError) -> Kind {
    guard raw.count >= 2, let kind = Kind(rawValue: raw[0]), raw[1] == slash else {
      throw TopicError(0, "a topic that begins with s/, m/, l/, c/ or j/")
    }
    guard JSONScanner.isUTF8(raw) else { throw TopicError(0, "UTF-8 text") }
    var names = 0
    var start = 2
    var index = 2
    while index < raw.count {
      switch raw[index] {
      case slash:
        guard index > start else { throw TopicError(index, "a name before '/'") }
        names += 1
        start = index + 1
      case UInt8(ascii: "%"): try checkEscape(raw, at: index)
      case UInt8(ascii: " "): throw TopicError(index, "a space written as %20")
      case 0..<0x20, 0x7F: throw TopicError(index, "no control character in a name")
      case 0xC2 where raw[index + 1] < 0xA0: throw TopicError(index, "no control character in a name")
      default: break
      }
      index += 1
    }
    guard start == raw.count, names > 0 else { throw TopicError(raw.count, "'/' at the end of the topic") }
    guard kind.allows(names) else {
      throw TopicError(raw.count, "\(Phrase.count(kind.nameCount, "name")) in a topic of \(kind)")
    }
    return kind
  }

  static let slash = UInt8(ascii: "/")
}

extension Topic {
  /// Appends `name` as it stands in a topic.
  static func escape(_ name: String, into bytes: inout [UInt8]) {
    for byte in name.utf8 {
      switch byte {
      case slash, UInt8(ascii: "%"), UInt8(ascii: " "):
        bytes.append(UInt8(ascii: "%"))
        bytes.append(UInt8(ascii: "2"))
        bytes.append(byte == slash ? UInt8(ascii: "F") : byte == UInt8(ascii: "%") ? UInt8(ascii: "5") : 48)
      default: bytes.append(byte)
      }
    }
  }

  /// The name that a checked segment spells.
  static func unescape(_ segment: Slice<UnsafeRawBufferPointer>) -> String {
    var name: [UInt8] = []
    name.reserveCapacity(segment.count)
    var index = segment.startIndex
    while index < segment.endIndex {
      if segment[index] == UInt8(ascii: "%") {
        let digit = segment[index + 2]
        name.append(digit == UInt8(ascii: "F") ? slash : digit == UInt8(ascii: "5") ? UInt8(ascii: "%") : 0x20)
        index += 3
      } else {
        name.append(segment[index])
        index += 1
      }
    }
    return String(decoding: name, as: UTF8.self)
  }

  private static func checkEscape(_ raw: UnsafeRawBufferPointer, at index: Int) throws(TopicError) {
    if index + 2 < raw.count, raw[index + 1] == UInt8(ascii: "2") {
      switch raw[index + 2] {
      case UInt8(ascii: "F"), UInt8(ascii: "5"), UInt8(ascii: "0"): return
      default: break
      }
    }
    throw TopicError(index, "one of the escapes %2F, %25 and %20")
  }
}
