/// A key with its value in one call. A value that is not there leaves its key out too; one that has no JSON form (NaN,
/// an infinity) is null.
///
///     json.pair("stream", description.stream)
///     json.pair("subject", description.subject)                    // String?
///     json.list("files", files) { $1.write($0) }
///
/// A key that stands in the source costs less as `key(_: StaticString)`, which `LabelEncoder` uses for each label.
extension JSONWriter {
  public mutating func pair(_ name: String, _ value: String?) {
    guard let value else { return }
    key(name)
    write(value)
  }

  public mutating func pair(_ name: String, _ value: Bool?) {
    guard let value else { return }
    key(name)
    write(value)
  }

  public mutating func pair(_ name: String, _ value: Int64?) {
    guard let value else { return }
    key(name)
    write(value)
  }

  public mutating func pair(_ name: String, _ value: Int?) { pair(name, value.map(Int64.init)) }

  public mutating func pair(_ name: String, _ value: Float?) {
    guard let value else { return }
    key(name)
    write(value)
  }

  public mutating func pair(_ name: String, _ value: Double?) {
    guard let value else { return }
    key(name)
    write(value)
  }

  public mutating func pair(_ name: String, _ value: JSONValue?) {
    guard let value else { return }
    key(name)
    write(value)
  }

  /// A key with an array, whose items `body` writes.
  public mutating func list<Items: Sequence>(
    _ name: String, _ items: Items, _ body: (Items.Element, inout JSONWriter) -> Void
  ) {
    key(name)
    beginArray()
    for item in items { body(item, &self) }
    endArray()
  }
}
