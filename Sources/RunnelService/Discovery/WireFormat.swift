import RunnelCore
import RunnelWire

/// What a message on the wire seems to be (docs/formats.md), whether this version reads it or not.
public enum WireFormat: String, Sendable, CaseIterable {
  /// A.11: samples, heartbeats and ends of topic `s/…/`.
  case samples
  case description
  case labels
  /// A.11, topic `c/…/`: what a daemon's networks see.
  case conditioned
  case verdicts
  /// A.3: a JSON descriptor, then the bytes of a NumPy array.
  case array
  /// A.6: the same with other keys; format `array` reads it.
  case array1 = "array-1.0"
  case bsread
  case openephys
  case gnuradio
  case json
  case msgpack
  case pickle
  case text
  case raw

  /// Whether its messages have the header of A.11.
  var isOwn: Bool { self == .samples || self == .conditioned }

  /// What to know of it where it cannot.
  public var remark: String? {
    switch self {
    case .samples, .description, .array, .array1, .raw, .gnuradio, .openephys, .json, .msgpack: nil
    case .labels:
      "where a runnel daemon publishes labels: `runnel watch` shows them; samples come from another endpoint"
    case .conditioned: "what the networks of a runnel daemon see; the samples themselves come from another endpoint"
    case .verdicts: "what a runnel daemon decided by the clock, for its recordings"
    case .pickle:
      "a Python pickle, which runnel never opens, for it can run code; with these lines the publisher sends the same as "
        + "format array"
    case .text: "plain text, which no format reads: send numbers with a JSON descriptor (format array)"
    case .bsread:
      "bsread of PSI, which this version does not read: a bridge of ten lines of pyzmq can send it on as format array"
    }
  }
}

extension WireFormat {
  /// The format of one message, and which of its parts is the topic; nil where none is.
  ///
  /// Tried in the order of how much each leaves to chance: a magic, a descriptor whose shape gives the length of the
  /// data, JSON; `raw` is what remains.
  static func guess(_ parts: MessageParts) -> (format: WireFormat, topic: Int?) {
    guard parts.count > 0 else { return (.raw, nil) }
    if let kind = try? Topic.check(parts[0]), let format = runnel(kind, parts) { return (format, 0) }
    if isOpenEphys(parts) { return (.openephys, nil) }
    if let (format, topic) = described(parts) { return (format, topic) }
    let last = parts.count - 1
    if (0...min(last, 1)).contains(where: { Pickle.isLikely(parts[$0]) }) {
      return (.pickle, Pickle.isLikely(parts[0]) ? nil : 0)
    }
    let topic = last == 0 ? nil : 0
    let body = parts[min(last, 1)]
    if isGNURadio(body) { return (.gnuradio, topic) }
    if let text = text(body), !text.isEmpty {
      let isJSON =
        text.contains { $0 == "{" || $0 == "[" }
        && (holdsJSON(body) || withoutNaN(body).map { $0.withUnsafeBytes(holdsJSON) } == true)
      return (isJSON ? .json : .text, topic)
    }
    if MessagePackScanner.isMap(body) { return (.msgpack, topic) }
    return (.raw, topic)
  }

  private static func runnel(_ kind: Topic.Kind, _ parts: MessageParts) -> WireFormat? {
    switch kind {
    case .samples:
      return parts.count == 3 && parts[1].starts(with: magic) ? .samples : nil
    case .description: return parts.count == 2 && holdsJSON(parts[1]) ? .description : nil
    case .labels: return parts.count == 2 || parts.count == 3 ? (holdsJSON(parts[1]) ? .labels : nil) : nil
    case .conditioned: return parts.count == 3 && parts[1].starts(with: magic) ? .conditioned : nil
    case .verdicts: return parts.count == 2 ? .verdicts : nil
    }
  }

  private static let magic: [UInt8] = [0x52, 0x4E, 0x4C, 0x31]

  private static func isOpenEphys(_ parts: MessageParts) -> Bool {
    parts.count >= 2 && (parts[0].elementsEqual("DATA\0".utf8) || parts[0].elementsEqual("EVENT\0".utf8))
  }

  /// A JSON head that tells dtype and shape, or says itself what it is.
  private static func described(_ parts: MessageParts) -> (WireFormat, Int?)? {
    for index in 0..<min(parts.count, 2) {
      guard let json = object(parts[index]) else { continue }
      let topic = index == 0 ? nil : 0
      if json["htype"]?.string?.hasPrefix("bsr_") == true { return (.bsread, topic) }
      guard index + 2 == parts.count else { continue }
      if json["htype"]?.string?.hasPrefix("array-1") == true { return (.array1, topic) }
      if json["shape"] != nil, json["dtype"] != nil || json["type"] != nil { return (.array, topic) }
    }
    return nil
  }

  /// A.1: u16 0x5FF0 little-endian, version 1.
  private static func isGNURadio(_ part: UnsafeRawBufferPointer) -> Bool {
    part.count >= 19 && part[0] == 0xF0 && part[1] == 0x5F && part[2] == 1
  }

  static func object(_ part: UnsafeRawBufferPointer) -> JSONValue? {
    let start = part.first { !($0 == 0x20 || (9...13).contains($0)) }
    guard start == UInt8(ascii: "{"), part.count <= WireLimits().jsonBytes else { return nil }
    guard let json = try? JSONValue(parsing: part), json.members != nil else { return nil }
    return json
  }

  /// The text with 0 for each NaN and Infinity, which Python writes into JSON and JSON does not know; nil where it has
  /// none.
  static func withoutNaN(_ part: UnsafeRawBufferPointer) -> [UInt8]? {
    guard part.count <= WireLimits().jsonBytes else { return nil }
    var bytes = Array(part)
    var (isQuoted, isChanged, index) = (false, false, 0)
    while index < bytes.count {
      switch bytes[index] {
      case UInt8(ascii: "\""): isQuoted.toggle()
      case UInt8(ascii: "\\") where isQuoted: index += 1
      case UInt8(ascii: "N") where !isQuoted, UInt8(ascii: "I") where !isQuoted:
        guard let word = ["NaN", "Infinity"].first(where: { bytes[index...].starts(with: $0.utf8) }) else { break }
        let number = Array("0".utf8) + Array(repeating: UInt8(ascii: " "), count: word.utf8.count - 1)
        bytes.replaceSubrange(index..<index + number.count, with: number)
        isChanged = true
      default: break
      }
      index += 1
    }
    return isChanged ? bytes : nil
  }

  /// JSON alone, or after a topic in the same part.
  private static func holdsJSON(_ part: UnsafeRawBufferPointer) -> Bool {
    guard part.count <= WireLimits().jsonBytes else { return false }
    if (try? JSONValue(parsing: part)) != nil { return true }
    guard let brace = part.firstIndex(where: { $0 == UInt8(ascii: "{") || $0 == UInt8(ascii: "[") }) else {
      return false
    }
    return (try? JSONValue(parsing: UnsafeRawBufferPointer(rebasing: part[brace...]))) != nil
  }

  /// The part as text where it is: UTF-8 without control characters other than line breaks and tabs.
  private static func text(_ part: UnsafeRawBufferPointer) -> String? {
    guard JSONScanner.isUTF8(part), part.allSatisfy({ $0 >= 0x20 && $0 != 0x7F || (9...13).contains($0) }) else {
      return nil
    }
    return String(decoding: part, as: UTF8.self)
  }
}
