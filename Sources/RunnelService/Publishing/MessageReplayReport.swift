import RunnelCore

/// What a replayer has sent so far.
public struct MessageReplayReport: Sendable, Hashable {
  public var messages: Int64 = 0
  /// Of all parts.
  public var bytes: Int64 = 0
  /// Sent while nobody was subscribed to their topic.
  public var unheard: Int64 = 0
  /// From the first to the last.
  public var seconds: Double = 0
  /// Of the files, 0...1.
  public var fraction = 0.0
  public var isStopped = false

  /// `1204 messages, 308 kB, 60.2 s`
  public var sentence: String {
    "\(messages) messages, \(RecorderReport.size(Double(bytes))), \(Phrase.rounded(seconds)) s"
      + (unheard > 0 ? "; nobody was subscribed to the topics of \(unheard) of them" : "")
      + (isStopped ? "; stopped before the end" : "")
  }

  /// The progress line.
  public var progress: String {
    let rate = seconds > 0 ? ", \(Phrase.number((Double(messages) / seconds).rounded())) messages/s" : ""
    return "\(messages) messages (\(Int(100 * fraction)) %)\(rate), \(Phrase.rounded(seconds)) s"
  }

  /// Its JSON, for programs.
  public func write(to writer: inout JSONWriter, files: [String], endpoint: String) {
    writer.beginObject()
    writer.list("files", files) { $1.write($0) }
    writer.pair("endpoint", endpoint)
    writer.pair("messages", messages)
    writer.pair("bytes", bytes)
    writer.pair("unheard", unheard)
    writer.pair("seconds", seconds)
    writer.pair("stopped", isStopped)
    writer.endObject()
  }
}
