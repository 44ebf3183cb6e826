import RunnelCore

/// Writes label messages as JSON, keys in the order of docs/wire-format.md §8.
///
///     var encoder = LabelEncoder()
///     encoder.encode(label) { json in socket.send(topic, json) }
///
/// f32 is the shortest decimal that reads back to the same value; u64 epochs and times are decimal strings; `t` is in
/// seconds, cut to seven decimals, for an f64 of today's Unix time holds no more. Once warm it allocates nothing.
/// What is attached is named; the samples themselves stand in a part of their own, or where there are no parts, as in a
/// file of lines, in the JSON (`inlinesSamples`).
public struct LabelEncoder: Sendable {
  /// Canonical form leaves out what differs between two runs over the same data: `input`, `epoch`, `input_epoch`,
  /// `t_ns`, `t`, `t_source`, `latency_us`. Messages that are not `isCanonical` are for the caller to leave out.
  public let canonical: Bool
  private let inlinesSamples: Bool
  private var json = JSONWriter()

  public init(canonical: Bool = false, inlinesSamples: Bool = false) {
    (self.canonical, self.inlinesSamples) = (canonical, inlinesSamples)
  }

  /// Lends the JSON, without a line feed.
  ///
  /// - Parameters:
  ///   - origin: `origin(of:)` of the lane's session, where it was kept; empty where it was not.
  ///   - latency: in place of the message's own, in µs.
  public mutating func encode<R, E: Error>(
    _ message: LabelMessage, origin: [UInt8] = [], latency: Int64? = nil,
    _ body: (UnsafeRawBufferPointer) throws(E) -> R
  ) throws(E) -> R {
    json.clear()
    json.beginObject()
    json.key("v")
    json.write(1)
    writeKind(message.kind)
    if origin.isEmpty { writeOrigin(message) } else { json.write(members: origin) }
    writePosition(message)
    if !canonical { writeTime(message) }
    writeDecision(message)
    writeTrust(message, latency ?? message.latencyMicroseconds)
    if let attachment = message.attachment { write(attachment) }
    json.endObject()
    return try json.withBytes(body)
  }

  /// The keys from `input` to `input_epoch`, which all messages of a lane's session share: whoever keeps them need not have
  /// them written for each. Allocates.
  public mutating func origin(of message: LabelMessage) -> [UInt8] {
    json.clear()
    json.beginObject()
    let start = json.size
    json.write(members: [])
    writeOrigin(message)
    return json.withBytes { Array($0[start...]) }
  }

  /// The JSON as a string. Allocates.
  public mutating func text(_ message: LabelMessage) -> String {
    encode(message) { String(decoding: $0, as: UTF8.self) }
  }

  private mutating func writeKind(_ kind: LabelMessage.Kind) {
    json.key("kind")
    switch kind {
    case .label: json.write("label")
    case .event(let phase, let number):
      json.write("event")
      write("phase", phase.rawValue)
      write("event", number)
    case .status(let status, let reason):
      json.write("status")
      write("status", status.rawValue)
      write("reason", reason)
    case .heartbeat: json.write("heartbeat")
    }
  }

  private mutating func writeOrigin(_ message: LabelMessage) {
    if !canonical { write("input", message.input) }
    write("stream", message.stream)
    write("channel", message.channel)
    write("pipeline", message.pipeline)
    write("model", message.model)
    guard !canonical else { return }
    if let epoch = message.epoch {
      json.key("epoch")
      json.writeQuoted(epoch)
    }
    if let epoch = message.inputEpoch {
      json.key("input_epoch")
      json.writeQuoted(epoch)
    }
  }

  private mutating func writePosition(_ message: LabelMessage) {
    precondition(message.sequence < WireLimits.largestIndex, "sequence numbers stay below 2^62")
    write(message.consumesSequence ? "seq" : "next", Int64(message.sequence))
    write("at", message.at)
    write("first", message.first)
    write("last", message.last)
    write("decided", message.decided)
  }

  private mutating func writeTime(_ message: LabelMessage) {
    if let timestamp = message.timestamp {
      json.key("t_ns")
      json.writeQuoted(timestamp)
      json.key("t")
      json.write(timestamp / 100, decimals: 7)
    }
    write("t_source", message.timeSource?.rawValue)
  }

  private mutating func writeDecision(_ message: LabelMessage) {
    write("label", message.label)
    write("id", message.id.map { Int64($0) })
    if let p = message.p {
      json.key("p")
      json.write(p)
    }
    if let steps = message.steps {
      write(steps)
    } else if !message.scores.isEmpty {
      json.key("scores")
      write(message.scores[...])
    }
    guard !message.values.isEmpty else { return }
    json.key("values")
    json.beginObject()
    for index in message.values.indices {
      json.key(message.values[index].name)
      json.write(message.values[index].value)
    }
    json.endObject()
  }

  private mutating func write(_ steps: LabelSequence) {
    let count = steps.count
    precondition(steps.ids.count == count && steps.ps.count == count, "a step has a label, a class and a score")
    json.key("labels")
    json.beginArray()
    for index in 0..<count { json.write(steps.labels[index]) }
    json.endArray()
    json.key("ids")
    json.beginArray()
    for index in 0..<count {
      if let id = steps.ids[index] { json.write(id) } else { json.writeNull() }
    }
    json.endArray()
    json.key("ps")
    write(steps.ps[...])
    if !steps.scores.isEmpty {
      let classes = steps.classes
      precondition(classes * count == steps.scores.count, "each step has a score of every class")
      json.key("scores")
      json.beginArray()
      for index in 0..<count { write(steps.scores[index * classes..<(index + 1) * classes]) }
      json.endArray()
    }
    guard let step = steps.step else { return }
    json.key("step")
    if let whole = Int64(exactly: step) { json.write(whole) } else { json.write(step) }
  }

  private mutating func write(_ attachment: LabelAttachment) {
    json.key("attached")
    json.beginObject()
    write("first", attachment.first)
    json.key("rate")
    json.write(attachment.rate)
    write("columns", Int64(attachment.columns))
    write("rows", Int64(attachment.rows))
    if attachment.isCut { write("cut", true) }
    if inlinesSamples, !attachment.values.isEmpty {
      json.key("samples")
      write(attachment.values[...])
    }
    json.endObject()
  }

  private mutating func write(_ numbers: ArraySlice<Float>) {
    json.beginArray()
    for index in numbers.indices { json.write(numbers[index]) }
    json.endArray()
  }

  private mutating func writeTrust(_ message: LabelMessage, _ latency: Int64?) {
    write("level", message.level?.rawValue)
    write("quality", message.quality?.name)
    write("missing", message.missing)
    write("usable", message.usable)
    write("synthetic", message.synthetic)
    if message.isRepeat { write("repeat", true) }
    if !canonical { write("latency_us", latency) }
  }

  private mutating func write(_ key: StaticString, _ text: String?) {
    guard let text else { return }
    json.key(key)
    json.write(text)
  }

  private mutating func write(_ key: StaticString, _ number: Int64?) {
    guard let number else { return }
    json.key(key)
    json.write(number)
  }

  private mutating func write(_ key: StaticString, _ flag: Bool?) {
    guard let flag else { return }
    json.key(key)
    json.write(flag)
  }
}
