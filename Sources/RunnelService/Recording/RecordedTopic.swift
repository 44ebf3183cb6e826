import RunnelCore
import RunnelRecordings
import RunnelWire

/// One topic as it comes from one endpoint: where its messages go in the recording, and what is known of it.
struct RecordedTopic {
  /// As the file names it.
  let name: String
  let input: String
  let endpoint: String
  /// What its messages are, as far as the configuration or the first of them tells.
  let decoder: String
  /// Whether the file names their topic. Messages of one without a name keep it, with all their parts.
  let isNamed: Bool
  private(set) var messages: UInt64 = 0
  private(set) var bytes: UInt64 = 0
  /// Of runnel's own samples; nothing tells of losses in others.
  private(set) var ledger: SequenceLedger?
  /// Whether its messages are no samples: descriptions, labels, verdicts.
  var isAside = false

  /// The series' channels for its messages, by how they are written; one of a topic's can be malformed.
  private var channels: [RecordedEncoding: Int] = [:]

  /// - Parameter topic: nil: its messages have none, or one too many.
  init(topic: String?, input: String, endpoint: String, decoder: String) {
    name = topic ?? (input.isEmpty ? endpoint : input)
    isNamed = topic != nil
    self.input = input
    self.endpoint = endpoint
    self.decoder = decoder
  }

  mutating func count(_ bytes: Int) {
    messages += 1
    self.bytes += UInt64(bytes)
  }

  mutating func note(_ message: DecodedMessage) {
    if ledger == nil { ledger = SequenceLedger() }
    ledger?.enter(message)
  }

  mutating func note(_ rejected: RejectedSamples) { ledger?.enter(rejected) }

  func channel(_ encoding: RecordedEncoding) -> Int? { channels[encoding] }

  /// The channel for messages that are written so, from the first on.
  ///
  /// - Parameters:
  ///   - message: the first, where it is of samples, a heartbeat or an end.
  ///   - description: the newest of its stream.
  mutating func add(
    _ encoding: RecordedEncoding, to series: RecordingSeries, first message: DecodedMessage? = nil,
    description: StreamDescription? = nil
  ) -> Int {
    var metadata = ["decoder": decoder, "endpoint": endpoint, "input": input]
    switch message {
    case .samples(let samples):
      metadata["rate"] = samples.rate.map { "\($0)" }
      metadata["dtype"] = samples.chunk.element.name
      metadata["channels"] = "\(samples.chunk.channels)"
    case .heartbeat(let beat):
      metadata["rate"] = "\(beat.rate)"
      metadata["channels"] = "\(beat.channels)"
    case .description, .end, .kept, .ignored, nil: break
    }
    if encoding == .samples, let description {
      var json = JSONWriter()
      description.write(to: &json)
      metadata["description"] = json.text
      metadata["names"] = description.channels.map(\.name).joined(separator: ",")
      metadata["units"] = description.channels.map { $0.unit ?? "" }.joined(separator: ",")
    }
    let number = series.addChannel(MCAPChannel(topic: name, encoding: encoding.rawValue, metadata: metadata))
    channels[encoding] = number
    return number
  }
}

/// The topics of all endpoints, found by the bytes of a message's first part.
struct RecordedTopics {
  private(set) var all: [RecordedTopic] = []
  /// By the topics of each endpoint.
  private var places = ByteTable()
  /// Of each endpoint, where messages go whose first part is no topic.
  private var bare: [Int?]

  /// Topics told apart in one recording; messages of further ones go with those without one.
  static let limit = 4096
  private static let longest = WireLimits().nameBytes

  init(endpoints: Int) {
    bare = Array(repeating: nil, count: endpoints)
  }

  subscript(place: Int) -> RecordedTopic {
    get { all[place] }
    _modify { yield &all[place] }
  }

  /// The place of a message's topic.
  ///
  /// - Parameter make: called where it is new, with the topic's text; nil for messages without one.
  mutating func place(of parts: MessageParts, endpoint: Int, make: (String?) -> RecordedTopic) -> Int {
    let topic = parts[0]
    if parts.count > 1, topic.count <= Self.longest {
      if let known = places[topic, of: endpoint] { return known }
      if all.count < Self.limit, let text = Self.text(topic) {
        all.append(make(text))
        places[topic, of: endpoint] = all.count - 1
        return all.count - 1
      }
    }
    if let known = bare[endpoint] { return known }
    all.append(make(nil))
    bare[endpoint] = all.count - 1
    return all.count - 1
  }

  /// A first part that people could have chosen for a topic: text in one line, and no JSON, which differs each time.
  private static func text(_ part: UnsafeRawBufferPointer) -> String? {
    guard let first = part.first, first != UInt8(ascii: "{"), first != UInt8(ascii: "["),
      part.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }), JSONScanner.isUTF8(part)
    else { return nil }
    return String(decoding: part, as: UTF8.self)
  }
}
