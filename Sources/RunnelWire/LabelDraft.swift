import RunnelCore

/// A label message while its keys come in, in whatever order.
struct LabelDraft {
  var message = LabelMessage(kind: .heartbeat, stream: "", channel: "", pipeline: "", sequence: 0)
  var versioned = false
  var kind: String?
  var phase: LabelMessage.Phase?
  var number: Int64?
  var status: LabelMessage.Status?
  var reason: String?
  var sequence: UInt64?
  var next: UInt64?
  var steps = SequenceDraft()
  var attachment = AttachmentDraft()

  mutating func readOrigin(_ key: Range<Int>, _ fields: inout JSONFields) throws(DecodeError) -> Bool {
    if fields.matches(key, "v") {
      versioned = try fields.checkVersion()
    } else if fields.matches(key, "kind") {
      kind = try fields.word(["label", "event", "status", "heartbeat"])
    } else if fields.matches(key, "phase") {
      phase = try fields.word(LabelMessage.Phase.allCases.map(\.rawValue)).flatMap { .init(rawValue: $0) }
    } else if fields.matches(key, "event") {
      number = try fields.signed("an event number")
    } else if fields.matches(key, "status") {
      status = try fields.word(LabelMessage.Status.allCases.map(\.rawValue)).flatMap { .init(rawValue: $0) }
    } else if fields.matches(key, "reason") {
      reason = try fields.string("a string")
    } else if fields.matches(key, "input") {
      message.input = try fields.string("a string")
    } else if fields.matches(key, "stream") {
      message.stream = try fields.name("the stream's name") ?? ""
    } else if fields.matches(key, "channel") {
      message.channel = try fields.name("the channel's name") ?? ""
    } else if fields.matches(key, "pipeline") {
      message.pipeline = try fields.name("the pipeline's name") ?? ""
    } else if fields.matches(key, "model") {
      message.model = try fields.string("a string")
    } else {
      return false
    }
    return true
  }

  mutating func readPosition(_ key: Range<Int>, _ fields: inout JSONFields) throws(DecodeError) -> Bool {
    if fields.matches(key, "epoch") {
      message.epoch = try fields.unsigned("an epoch, as a decimal string")
    } else if fields.matches(key, "input_epoch") {
      message.inputEpoch = try fields.unsigned("an epoch, as a decimal string")
    } else if fields.matches(key, "seq") {
      sequence = try fields.index("a sequence number").map(UInt64.init)
    } else if fields.matches(key, "next") {
      next = try fields.index("a sequence number").map(UInt64.init)
    } else if fields.matches(key, "at") {
      message.at = try fields.place()
    } else if fields.matches(key, "first") {
      message.first = try fields.place()
    } else if fields.matches(key, "last") {
      message.last = try fields.place()
    } else if fields.matches(key, "decided") {
      message.decided = try fields.place()
    } else if fields.matches(key, "t_ns") {
      message.timestamp = try fields.time()
    } else if fields.matches(key, "t_source") {
      let words = LabelMessage.TimeSource.allCases.map(\.rawValue)
      message.timeSource = try fields.word(words).flatMap { .init(rawValue: $0) }
    } else if fields.matches(key, "latency_us") {
      message.latencyMicroseconds = try fields.signed("microseconds")
    } else {
      return false
    }
    return true
  }

  mutating func readDecision(_ key: Range<Int>, _ fields: inout JSONFields) throws(DecodeError) -> Bool {
    if fields.matches(key, "label") {
      message.label = try fields.string("a label")
    } else if fields.matches(key, "id") {
      message.id = try fields.index("a class number").map { Int($0) }
    } else if fields.matches(key, "p") {
      message.p = try fields.float("a score")
    } else if fields.matches(key, "scores") {
      try steps.readScores(&message.scores, &fields)
    } else if fields.matches(key, "values") {
      message.values = try fields.values()
    } else if fields.matches(key, "level") {
      message.level = try fields.word(["unsequenced", "sequenced", "replayable"]).flatMap { Level(rawValue: $0) }
    } else if fields.matches(key, "quality") {
      message.quality = try fields.word(["ok", "filled", "warming", "lead-off"]).flatMap { Quality(name: $0) }
    } else if fields.matches(key, "missing") {
      message.missing = try fields.index("a count of samples")
    } else if fields.matches(key, "usable") {
      message.usable = try fields.bool("true or false")
    } else if fields.matches(key, "synthetic") {
      message.synthetic = try fields.bool("true or false")
    } else if fields.matches(key, "repeat") {
      message.isRepeat = try fields.bool("true or false") ?? false
    } else if fields.matches(key, "attached") {
      try attachment.read(&fields)
    } else {
      return try steps.read(key, &fields)
    }
    return true
  }

  /// What one key asks of another.
  func finish(_ fields: JSONFields, _ limits: WireLimits) throws(DecodeError) -> LabelMessage {
    func need(_ present: Bool, _ expected: String) throws(DecodeError) {
      if !present { throw fields.error(at: 0, expected) }
    }
    var message = message
    try need(versioned, "\"v\": 1")
    try need(!message.stream.isEmpty, "\"stream\"")
    try need(!message.channel.isEmpty, "\"channel\"")
    try need(!message.pipeline.isEmpty, "\"pipeline\"")
    switch kind {
    case "label": message.kind = .label
    case "event":
      guard let phase, let number else { throw fields.error(at: 0, "\"phase\" and \"event\" of an event") }
      message.kind = .event(phase, number: number)
    case "status":
      guard let status else { throw fields.error(at: 0, "\"status\"") }
      message.kind = .status(status, reason: reason)
    case "heartbeat": message.kind = .heartbeat
    default: throw fields.error(at: 0, "\"kind\"")
    }
    let place =
      message.consumesSequence ? (sequence, next, "\"seq\", not \"next\"") : (next, sequence, "\"next\", not \"seq\"")
    guard let own = place.0, place.1 == nil else { throw fields.error(at: 0, place.2) }
    message.sequence = own
    if kind == "label" || kind == "event" {
      let placed = message.at != nil && message.first != nil && message.last != nil && message.decided != nil
      try need(placed, "\"at\", \"first\", \"last\" and \"decided\"")
      let trusted = message.level != nil && message.quality != nil && message.missing != nil
      try need(trusted, "\"level\", \"quality\" and \"missing\"")
    }
    let isDecision = kind == "label" || kind == "event"
    message.steps = try steps.finish(fields, isDecision: isDecision)
    message.attachment = try attachment.finish(fields, isDecision: isDecision, limits: limits)
    return message
  }
}

extension JSONFields {
  /// One of a few words.
  fileprivate mutating func word(_ words: [String]) throws(DecodeError) -> String? {
    let start = valueStart
    func expected() -> String { words.joined(separator: ", ") }
    guard let word = try string(expected()) else { return nil }
    guard words.contains(word) else { throw error(at: start, expected()) }
    return word
  }

  /// An input index; a label near the start may speak of one before 0.
  fileprivate mutating func place() throws(DecodeError) -> Int64? {
    let start = valueStart
    guard let place = try signed("a sample index") else { return nil }
    guard place.magnitude < WireLimits.largestIndex else { throw error(at: start, "a sample index below 2^62") }
    return place
  }

  fileprivate mutating func values() throws(DecodeError) -> [LabelMessage.Value] {
    var values: [LabelMessage.Value] = []
    guard try beginObject("names and numbers") else { return [] }
    var first = true
    while let name = try text(&first) {
      values.append(LabelMessage.Value(name, try float("a number") ?? .nan))
    }
    return values
  }
}
