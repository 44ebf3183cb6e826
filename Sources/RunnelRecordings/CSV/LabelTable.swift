import RunnelCore

/// Labels as a table of text: `first,count,t_ns,channel,label,id,p` (docs/foreign-formats.md §13). What is not known is
/// empty.
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

  private static let header = "first,count,t_ns,channel,label,id,p"

  /// The rows of such a table; nil of a file with another header.
  ///
  /// - Throws: `malformed` with the line.
  public static func read(_ path: String) throws(RecordingError) -> [Row]? {
    let file = try OpenFile(path, regularOnly: true)
    // Looked at before it is taken for lines: a file of another kind may be one of a gigabyte.
    let head = AnnotationTable.withoutMark(try file.bytes(at: 0, count: 3 + header.utf8.count)[...])
    guard head.starts(with: header.utf8) else { return nil }
    var lines = TextLines(file)
    guard let first = try lines.next(), AnnotationTable.withoutMark(first.bytes).elementsEqual(header.utf8) else {
      return nil
    }
    var rows: [Row] = []
    while let line = try lines.next() {
      if line.bytes.isEmpty { continue }
      guard let row = Row(CSVLayout.fields(line.bytes, .comma)) else {
        throw RecordingError(
          .malformed, file: path, at: .line(line.number, column: nil),
          "expected \(header), found \(Quoted.name(HeaderLine.text(line.bytes)))", remedy: "correct the line")
      }
      rows.append(row)
    }
    return rows
  }

  /// Writes the file, whole or not at all.
  public static func write(_ rows: [Row], to path: String) throws(RecordingError) {
    var file = try AtomicFile(path)
    try file.append("\(header)\n".utf8)
    for row in rows {
      let time = row.time.map { "\($0)" } ?? ""
      let (id, p) = (row.id.map { "\($0)" } ?? "", row.p.map { "\($0)" } ?? "")
      let (channel, label) = (CSVWriter.field(row.channel), CSVWriter.field(row.label))
      try file.append("\(row.first),\(row.count),\(time),\(channel),\(label),\(id),\(p)\n".utf8)
    }
    try file.finish()
  }
}

extension LabelTable.Row {
  /// Nil where a field is none of its column.
  fileprivate init?(_ fields: [ArraySlice<UInt8>]) {
    let texts = fields.map { HeaderLine.text($0) }
    guard texts.count == 7, let first = Int64(texts[0]), let count = Int64(texts[1]), count >= 0 else { return nil }
    self.init(first: first, count: count, time: Int64(texts[2]), channel: texts[3], label: texts[4])
    id = Int(texts[5])
    p = Float(texts[6])
    for (text, isRead) in [(texts[2], time != nil), (texts[5], id != nil), (texts[6], p != nil)] {
      guard isRead || text.isEmpty else { return nil }
    }
  }
}
