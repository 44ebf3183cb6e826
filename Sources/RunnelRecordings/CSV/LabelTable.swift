/// Labels as a table of text: `first,count,t_ns,channel,label,id,p` (FORMATS.md B.7). What is not known is empty.
public enum LabelTable {
  public struct Row: Sendable, Hashable {
    public var first: Int64
    public var count: Int64
    /// Unix nanoseconds.
    public var time: Int64?
    public var channel: String
    public var label: String
    public var id: Int?
    public var p: Float?

    public init(
      first: Int64, count: Int64, time: Int64?, channel: String = "", label: String, id: Int? = nil, p: Float? = nil
    ) {
      self.first = first
      self.count = count
      self.time = time
      self.channel = channel
      self.label = label
      self.id = id
      self.p = p
    }
  }

  /// Writes the file, whole or not at all.
  public static func write(_ rows: [Row], to path: String) throws(RecordingError) {
    var file = try AtomicFile(path)
    try file.append("first,count,t_ns,channel,label,id,p\n".utf8)
    for row in rows {
      let time = row.time.map { "\($0)" } ?? ""
      let (id, p) = (row.id.map { "\($0)" } ?? "", row.p.map { "\($0)" } ?? "")
      let (channel, label) = (CSVWriter.field(row.channel), CSVWriter.field(row.label))
      try file.append("\(row.first),\(row.count),\(time),\(channel),\(label),\(id),\(p)\n".utf8)
    }
    try file.finish()
  }
}
