import RunnelCore
import RunnelWire

extension Discovery {
  /// One object: what was found, and the proposed configuration as text.
  public func write(to writer: inout JSONWriter) {
    writer.beginObject()
    writer.write("endpoint", endpoint)
    writer.write("type", kind == .sub ? "sub" : "pull")
    writer.key("seconds")
    writer.write(seconds)
    writer.key("connected")
    writer.write(peer.wasConnected)
    writer.write("state", peer.sentence(of: endpoint, kind: kind, bound: bound))
    writer.write("messages", messages)
    if beyondLimit > 0 { writer.write("messages_of_further_topics", beyondLimit) }
    if tooManyParts > 0 { writer.write("messages_of_too_many_parts", tooManyParts) }
    writer.key("topics")
    writer.beginArray()
    for topic in topics { topic.write(to: &writer) }
    writer.endArray()
    writer.key("configuration")
    if let configuration { writer.write(configuration) } else { writer.writeNull() }
    writer.endObject()
  }
}

extension TopicFinding {
  func write(to writer: inout JSONWriter) {
    writer.beginObject()
    writer.key("topic")
    if topic == nil { writer.writeNull() } else { writer.write(configurableTopic ?? topicText) }
    writer.write("format", format.rawValue)
    writer.key("readable")
    writer.write(isReadable)
    writer.write("messages", messages)
    writer.write("bytes", bytes)
    if let messageRate { writer.write("messages_per_second", messageRate) }
    writer.key("part_sizes")
    writer.beginArray()
    for part in parts {
      writer.beginArray()
      writer.write(part.lowerBound)
      writer.write(part.upperBound)
      writer.endArray()
    }
    writer.endArray()
    if let signal { write(signal, to: &writer) }
    if let description {
      writer.key("description")
      description.write(to: &writer)
    }
    if let labels { write(labels, to: &writer) }
    if let raw {
      if let size = raw.itemSize { writer.write("item_size", size) }
      writer.key("item_sizes")
      writer.write(JSONValue.array(raw.itemSizes.map { .integer(Int64($0)) }))
      if let element = raw.element { writer.write("dtype_guess", element.name) }
    }
    if let example { writer.write("example", example) }
    if unreadable > 0, let firstMistake {
      writer.write("unreadable", unreadable)
      writer.write("first_mistake", "\(firstMistake)")
    }
    if let remark = format.remark { writer.write("remark", remark) }
    if format == .pickle {
      writer.key("instead")
      writer.write(JSONValue.array(Pickle.replacement.map { .string($0) }))
    }
    writer.endObject()
  }

  private func write(_ signal: SignalFinding, to writer: inout JSONWriter) {
    let turned = format != .samples && signal.isChannelMajor
    writer.key("dtypes")
    writer.write(JSONValue.array(signal.elements.map { .string($0.name) }))
    if let channels = signal.channels(channelMajor: turned) { writer.write("channels", channels) }
    if let rate = signal.measuredRate(channelMajor: turned) { writer.write("measured_rate", rate) }
    if let rate = signal.declaredRate { writer.write("declared_rate", rate) }
    writer.write("gaps", signal.order.gaps)
    writer.write("messages_lost", Int(signal.order.messagesLost))
    writer.write("rows_lost", Int(signal.order.rowsLost))
    writer.key("epochs")
    writer.write(JSONValue.array(signal.order.epochs.map { .string(String($0)) }))
  }

  private func write(_ labels: LabelFinding, to writer: inout JSONWriter) {
    writer.key("labels")
    writer.beginObject()
    for (label, count) in labels.classes.sorted(by: { $0.key < $1.key }) { writer.write(label, count) }
    writer.endObject()
    writer.write("labels_lost", Int(labels.ledger.lost))
  }
}

extension JSONWriter {
  fileprivate mutating func write(_ key: String, _ value: String) {
    self.key(key)
    write(value)
  }
  fileprivate mutating func write(_ key: String, _ value: Int) {
    self.key(key)
    write(value)
  }
  fileprivate mutating func write(_ key: String, _ value: Double) {
    self.key(key)
    write(value)
  }
}
