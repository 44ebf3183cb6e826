import RunnelCore
import RunnelWire

/// What came under one topic in one format.
public struct TopicFinding: Sendable {
  public let format: WireFormat
  /// Nil where the messages came without one.
  public let topic: [UInt8]?
  public private(set) var messages = 0
  public private(set) var bytes = 0
  /// Sizes of each part, as many as the longest message had.
  public private(set) var parts: [ClosedRange<Int>] = []
  public private(set) var fewestParts = Int.max
  public internal(set) var signal: SignalFinding?
  public internal(set) var description: StreamDescription?
  public internal(set) var labels: LabelFinding?
  public internal(set) var raw: RawFinding?
  public internal(set) var openEphys: OpenEphysFinding?
  public internal(set) var map: MapFinding?
  /// The beginning of the first message, where it is text.
  public internal(set) var example: String?
  public private(set) var unreadable = 0
  public private(set) var firstMistake: DecodeError?
  private let firstArrival: Int64
  private var lastArrival: Int64

  init(format: WireFormat, topic: [UInt8]?, at time: Int64) {
    self.format = format
    self.topic = topic
    firstArrival = time
    lastArrival = time
  }

  mutating func count(_ message: MessageParts, at time: Int64) {
    messages += 1
    bytes += message.byteCount
    lastArrival = time
    fewestParts = min(fewestParts, message.count)
    for index in 0..<message.count {
      let size = message[index].count
      if index < parts.count {
        parts[index] = min(parts[index].lowerBound, size)...max(parts[index].upperBound, size)
      } else {
        parts.append(size...size)
      }
    }
  }

  mutating func refuse(_ error: DecodeError) {
    unreadable += 1
    firstMistake = firstMistake ?? error
  }

  /// Whether a stream of these can stand in a configuration.
  public var isReadable: Bool {
    switch format {
    case .samples, .conditioned, .array, .array1: signal?.elements.isEmpty == false
    case .raw, .gnuradio: (raw?.divisor ?? 0) > 0
    case .openephys: openEphys?.names.isEmpty == false
    case .json, .msgpack: map?.channels.isEmpty == false
    case .description, .labels, .verdicts, .bsread, .pickle, .text: false
    }
  }

  /// Messages a second; nil where there was one, or all came at once.
  public var messageRate: Double? {
    messages > 1 && lastArrival > firstArrival ? Double(messages - 1) * 1e9 / Double(lastArrival - firstArrival) : nil
  }

  /// The topic as runnel's own: kind and names.
  public var runnelTopic: Topic? { topic.flatMap { bytes in bytes.withUnsafeBytes { try? Topic($0) } } }

  /// The topic for people: text in quotes, other bytes as `\xNN`.
  public var topicText: String {
    guard let topic else { return "(no topic)" }
    return Self.escaped(topic)
  }

  /// The topic as a configuration can say it; nil where it holds bytes that are no text, or a `*`, which stands for
  /// any name there.
  public var configurableTopic: String? {
    guard let topic, !topic.isEmpty, topic.count <= 255 else { return nil }
    let text = String(decoding: topic, as: UTF8.self)
    guard Array(text.utf8) == topic, !topic.contains(UInt8(ascii: "*")), text.isShown else { return nil }
    return text
  }

  static func escaped(_ bytes: [UInt8]) -> String {
    let shown = bytes.prefix(80)
    let text = String(decoding: shown, as: UTF8.self)
    let isText = Array(text.utf8) == Array(shown) && text.isShown && !text.unicodeScalars.contains("\\")
    let body =
      isText
      ? text
      : shown.map { byte in
        (0x20...0x7E).contains(byte) && byte != UInt8(ascii: "\\")
          ? String(Unicode.Scalar(byte)) : "\\x" + (byte < 16 ? "0" : "") + String(byte, radix: 16)
      }.joined()
    return "'\(body)\(bytes.count > 80 ? "…" : "")'"
  }
}

extension String {
  /// Whether a terminal shows all of it, and a configuration can say it.
  var isShown: Bool {
    unicodeScalars.allSatisfy { scalar in
      switch scalar.properties.generalCategory {
      case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse, .unassigned: false
      default: true
      }
    }
  }

  /// Whether a configuration can call a channel so.
  var isChannelName: Bool { (1...64).contains(utf8.count) && isShown }
}

/// The labels of one topic.
public struct LabelFinding: Sendable {
  public private(set) var ledger = LabelLedger()
  /// How often each class came; at most sixty-four are told apart.
  public private(set) var classes: [String: Int] = [:]
  public private(set) var model: String?
  public private(set) var epochs: [UInt64] = []

  mutating func note(_ message: LabelMessage) {
    guard case .taken = ledger.enter(message) else { return }
    model = message.model ?? model
    if let epoch = message.epoch, !epochs.contains(epoch), epochs.count < 16 { epochs.append(epoch) }
    guard let label = message.label, classes[label] != nil || classes.count < 64 else { return }
    classes[label, default: 0] += 1
  }
}
