import RunnelCore
import RunnelWire

extension Discovery {
  /// One object: what was found, and the proposed configuration as text.
  public func write(to writer: inout JSONWriter) {
    writer.beginObject()
    writer.pair("endpoint", endpoint)
    writer.pair("type", kind == .sub ? "sub" : "pull")
    writer.pair("seconds", seconds)
    writer.pair("connected", peer.wasConnected)
    writer.pair("state", peer.sentence(of: endpoint, kind: kind, bound: bound))
    writer.pair("messages", messages)
    if beyondLimit > 0 { writer.pair("messages_of_further_topics", beyondLimit) }
    if tooManyParts > 0 { writer.pair("messages_of_too_many_parts", tooManyParts) }
    writer.list("topics", topics) { $0.write(to: &$1) }
    writer.pair("configuration", configuration.map(JSONValue.string) ?? .null)
    writer.endObject()
  }
}

extension TopicFinding {
  func write(to writer: inout JSONWriter) {
    writer.beginObject()
    writer.pair("topic", topic == nil ? .null : .string(configurableTopic ?? topicText))
    writer.pair("format", format.rawValue)
    writer.pair("readable", isReadable)
    writer.pair("messages", messages)
    writer.pair("bytes", bytes)
    writer.pair("messages_per_second", messageRate)
    writer.list("part_sizes", parts) { part, writer in
      writer.beginArray()
      writer.write(part.lowerBound)
      writer.write(part.upperBound)
      writer.endArray()
    }
    if let signal { write(signal, to: &writer) }
    if let description {
      writer.key("description")
      description.write(to: &writer)
    }
    if let labels { write(labels, to: &writer) }
    if let raw {
      writer.pair("item_size", raw.itemSize)
      writer.list("item_sizes", raw.itemSizes) { $1.write($0) }
      writer.pair("dtype_guess", raw.element?.name)
    }
    writer.pair("example", example)
    if unreadable > 0, let firstMistake {
      writer.pair("unreadable", unreadable)
      writer.pair("first_mistake", "\(firstMistake)")
    }
    writer.pair("remark", format.remark)
    if format == .pickle { writer.list("instead", Pickle.replacement) { $1.write($0) } }
    writer.endObject()
  }

  private func write(_ signal: SignalFinding, to writer: inout JSONWriter) {
    let turned = format != .samples && signal.isChannelMajor
    writer.list("dtypes", signal.elements) { $1.write($0.name) }
    writer.pair("channels", signal.channels(channelMajor: turned))
    writer.pair("measured_rate", signal.measuredRate(channelMajor: turned))
    writer.pair("declared_rate", signal.declaredRate)
    writer.pair("gaps", signal.order.gaps)
    writer.pair("messages_lost", Int(signal.order.messagesLost))
    writer.pair("rows_lost", Int(signal.order.rowsLost))
    writer.list("epochs", signal.order.epochs) { $1.write(String($0)) }
  }

  private func write(_ labels: LabelFinding, to writer: inout JSONWriter) {
    writer.key("labels")
    writer.beginObject()
    for (label, count) in labels.classes.sorted(by: { $0.key < $1.key }) { writer.pair(label, count) }
    writer.endObject()
    writer.pair("labels_lost", Int(labels.ledger.lost))
  }
}
