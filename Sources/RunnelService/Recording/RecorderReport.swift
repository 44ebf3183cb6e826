import RunnelCore

/// What a recorder has written so far, and what it knows to be missing.
public struct RecorderReport: Sendable, Hashable {
  /// Why it ended.
  public enum Ending: String, Sendable, Hashable {
    case stopped, seconds, messages
    /// The daemon that was recorded ended.
    case daemon
  }

  public struct Topic: Sendable, Hashable {
    public var topic: String
    public var endpoint: String
    public var decoder: String
    public var messages: UInt64
    public var bytes: UInt64
    /// Nil where nothing in its messages tells of losses.
    public var lostMessages: UInt64?
    public var lostRows: Int64?
    public var repeats: UInt64?
    public var sessions: Int?
    /// Descriptions and labels: no samples that could be lost unseen.
    public var isAside = false
  }

  /// In the order of writing; none where nothing came.
  public var files: [String]
  public var topics: [Topic]
  /// In the files.
  public var messages: UInt64
  /// Of all parts, topics too.
  public var bytes: UInt64
  /// Of the files.
  public var size: Int
  public var seconds: Double
  /// Messages of more parts than are read, which are not in the file.
  public var tooManyParts: UInt64
  public var lostLabels: Int64
  public var ending: Ending?

  public var lostMessages: UInt64 {
    topics.reduce(UInt64(max(0, lostLabels))) { $0.addingClamped($1.lostMessages ?? 0) }
  }
  public var lostRows: Int64 { topics.reduce(0) { $0.addingClamped($1.lostRows ?? 0) } }
  public var repeats: UInt64 { topics.reduce(0) { $0 + ($1.repeats ?? 0) } }
  private var unseen: Int { topics.count { $0.lostMessages == nil && !$0.isAside } }

  /// `ward.mcap: 12040 messages of 3 topics, 3.1 MB, 60.2 s`, and what was lost.
  public var sentence: String {
    let names =
      files.count > 2
      ? "\(files[0]) to \(files[files.count - 1]) (\(files.count) files)" : Phrase.list(files, "and")
    var text =
      files.isEmpty
      ? "nothing came in \(Phrase.rounded(seconds)) s, so there is no file"
      : "\(names): \(Phrase.count(messages, "message")) of \(Phrase.count(topics.count, "topic")), "
        + "\(Self.size(Double(size))), \(Phrase.rounded(seconds)) s; \(loss)"
    if repeats > 0 { text += "; \(repeats) came twice, as of an A/B feed, and are in it twice" }
    if tooManyParts > 0 { text += "; \(tooManyParts) of more than 16 parts are not in it" }
    return text
  }

  /// What was lost on the way here, and where that cannot be seen.
  public var loss: String {
    if topics.isEmpty { return "nothing came" }
    if unseen > 0, !topics.contains(where: { $0.lostMessages != nil }) {
      return "no topic has an index, so loss cannot be seen"
    }
    let lost =
      lostMessages == 0 ? "0 lost" : "\(Phrase.count(lostMessages, "message")) (\(lostRows) rows) lost"
    return lost + (unseen > 0 ? ", unseen in \(Phrase.count(unseen, "topic")) without an index" : "")
  }

  /// Its JSON, for programs.
  public func write(to writer: inout JSONWriter) {
    writer.beginObject()
    writer.list("files", files) { $1.write($0) }
    writer.pair("messages", Int64(clamping: messages))
    writer.pair("bytes", Int64(clamping: bytes))
    writer.pair("size", size)
    writer.pair("lost_messages", Int64(clamping: lostMessages))
    writer.pair("lost_rows", lostRows)
    writer.pair("repeats", Int64(clamping: repeats))
    writer.pair("topics_without_index", unseen)
    writer.pair("too_many_parts", Int64(clamping: tooManyParts))
    writer.pair("seconds", seconds)
    writer.pair("ended_by", ending?.rawValue)
    writer.list("topics", topics) { $0.write(to: &$1) }
    writer.endObject()
  }

  /// `3.1 MB`
  static func size(_ bytes: Double) -> String {
    for (unit, factor) in [("GB", 1e9), ("MB", 1e6), ("kB", 1e3)] where bytes >= factor {
      return "\(Phrase.number((bytes / factor * 10).rounded() / 10)) \(unit)"
    }
    return "\(Phrase.number(bytes.rounded())) B"
  }
}

extension RecorderReport.Topic {
  fileprivate func write(to writer: inout JSONWriter) {
    writer.beginObject()
    writer.pair("topic", topic)
    writer.pair("endpoint", endpoint)
    writer.pair("decoder", decoder)
    writer.pair("messages", Int64(clamping: messages))
    writer.pair("bytes", Int64(clamping: bytes))
    writer.pair("lost_messages", lostMessages.map { Int64(clamping: $0) })
    writer.pair("lost_rows", lostRows)
    writer.pair("repeats", repeats.map { Int64(clamping: $0) })
    writer.pair("sessions", sessions)
    writer.endObject()
  }
}

/// How fast a recording grows: between two looks at it, a second or more apart.
struct RecorderPace: Sendable {
  private var last: (time: Int64, messages: UInt64, bytes: UInt64)?
  private(set) var messagesPerSecond = 0.0
  private(set) var bytesPerSecond = 0.0

  mutating func look(at report: RecorderReport, now: Int64) {
    if let last {
      let seconds = Double(now - last.time) / 1e9
      guard seconds >= 1 else { return }
      messagesPerSecond = Double(report.messages &- last.messages) / seconds
      bytesPerSecond = Double(report.bytes &- last.bytes) / seconds
    }
    last = (now, report.messages, report.bytes)
  }

  /// The live line: `ward.mcap  3.1 MB  1204 messages/s  308 kB/s  0 lost`.
  func line(_ report: RecorderReport) -> String {
    "\(report.files.last.map { $0 + "  " } ?? "")\(RecorderReport.size(Double(report.size)))  "
      + "\(Phrase.number(messagesPerSecond.rounded())) messages/s  \(RecorderReport.size(bytesPerSecond))/s  "
      + "\(report.loss)"
  }
}
