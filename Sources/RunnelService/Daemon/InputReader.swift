import RunnelCore
import RunnelWire

/// How the messages of one endpoint of one input are read: which streams are its, what they are called, and the decoder of
/// its format, which the first message tells where the configuration says `auto`. Whether they come from a socket or out of
/// a recording makes no difference.
class InputReader {
  let input: InputConfiguration
  /// The endpoint as configured, or with the port that `*` became.
  let endpoint: String
  /// What the messages are; `auto` until one has told.
  private(set) var format: InputConfiguration.Format
  /// Nil until the format is known.
  private var decoder: MessageDecoder?
  private let pattern: TopicPattern?
  /// The pattern of the same streams' descriptions, where the format may be runnel's.
  private let description: TopicPattern?
  private let number: Int

  /// In a format without epochs the endpoint's number: each endpoint has streams of its own, since nothing tells whether
  /// two of one name are copies. 0 in the others.
  var source: Int { format == .runnel ? 0 : number }

  /// - Parameter number: of the endpoint among the input's.
  init(_ input: InputConfiguration, endpoint: String, number: Int) {
    self.input = input
    self.endpoint = endpoint
    self.number = number
    format = input.format
    pattern = input.topic
    description = Self.description(input)
    decoder = input.format == .auto ? nil : input.decoder(of: input.format)
  }

  /// SUB filters by prefix; a wildcard's tail is checked on receipt.
  static func prefixes(_ input: InputConfiguration) -> [String] {
    ([input.topic?.prefix ?? []] + (description(input).map { [$0.prefix] } ?? [])).map {
      String(decoding: $0, as: UTF8.self)
    }
  }

  private static func description(_ input: InputConfiguration) -> TopicPattern? {
    switch input.format {
    case .runnel: input.topic?.with(.description)
    case .auto:
      (input.topic?.text).flatMap { text in
        (try? TopicPattern(text, kind: .samples)) ?? (try? TopicPattern(text, kind: .conditioned))
      }?.with(.description)
    default: nil
    }
  }

  /// What this message says. Borrowed from the parts, or from what the decoder keeps.
  ///
  /// - Parameter decided: called where the format was not known before this message.
  // Inlined, for a message that comes back from a function is moved.
  @inline(__always)
  final func decode(_ parts: MessageParts, decided: (FormatDecision) -> Void) throws(DecodeError) -> DecodedMessage {
    if let decoder { return try decoder.decode(parts) }
    let decision = try FormatDecision(parts, for: input)
    let chosen = input.decoder(of: decision.format, passTags: decision.hasTags)
    // What cannot be read decides nothing: one bad message would make all others unreadable.
    let decoded = try chosen.decode(parts)
    (format, decoder) = (decision.format, chosen)
    decided(decision)
    return decoded
  }

  /// Where the rows of a message that could not be decoded belong; nil where that cannot be known.
  func rejected(_ parts: MessageParts) -> RejectedSamples? { decoder?.rejected(parts) }

  /// What the decoder still kept for messages that will not come.
  func drain() -> DecodedMessage? { decoder?.drain() }

  /// The bytes that tell this input's streams apart: in the runnel format the topic without its first letter, so that
  /// samples and description of a stream meet.
  func key(of topic: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
    guard !topic.isEmpty else { return UnsafeRawBufferPointer(start: nil, count: 0) }
    return format == .runnel ? UnsafeRawBufferPointer(rebasing: topic.dropFirst()) : topic
  }

  func streamName(of topic: UnsafeRawBufferPointer) -> String {
    let name = topic.isEmpty ? input.name : (try? Topic(topic))?.stream ?? Self.text(topic)
    let isShared = format != .runnel && input.socket.endpoints.count > 1
    return isShared ? "\(name)@\(number + 1)" : name
  }

  /// A foreign topic as a name that a topic of ours can carry: control characters are spelt, such as the zero that a program
  /// in C sends at the end of its text; and so is all that is not ASCII in what is not UTF-8.
  private static func text(_ topic: UnsafeRawBufferPointer) -> String {
    guard JSONScanner.isUTF8(topic) else {
      return topic.reduce(into: "") { name, byte in
        let digits = String(byte, radix: 16)
        name += (0x20..<0x7F).contains(byte) ? String(UnicodeScalar(byte)) : "\\x" + (byte < 16 ? "0" : "") + digits
      }
    }
    var name = ""
    for scalar in String(decoding: topic, as: UTF8.self).unicodeScalars {
      if scalar.properties.generalCategory == .control {
        name += "\\x" + (scalar.value < 16 ? "0" : "") + String(scalar.value, radix: 16)
      } else {
        name.unicodeScalars.append(scalar)
      }
    }
    return name
  }

  /// Whether the topic is one of this input's; SUB delivers by prefix, which is more.
  func claims(_ topic: UnsafeRawBufferPointer) -> Bool {
    guard let pattern else { return true }
    return pattern.matches(topic) || description?.matches(topic) == true
  }
}
