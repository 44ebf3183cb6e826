import RunnelCore

/// What a publisher has done so far.
public struct PublishReport: Sendable, Hashable {
  public var rows: Int64 = 0
  /// Messages of samples.
  public var messages: Int64 = 0
  public var bytes: Int64 = 0
  /// Sessions begun: 1, and one more for each loop.
  public var sessions = 0
  /// Of all sessions where that is known: rows of one.
  public var rowsOfSession: Int64?
  /// Rows of the session that runs.
  public var rowsSent: Int64 = 0
  /// Seconds from the first session's start to the last row, or to now.
  public var seconds: Double = 0
  /// Rows sent while nobody was subscribed; at speed `max` there are none.
  public var rowsUnheard: Int64 = 0
  /// Subscribers whose connection ended before the end was sent; what was on its way to them is lost.
  public var subscribersLeft = 0
  /// Messages that were given up. A full queue is waited for, so this stays 0.
  public var dropped: Int64 = 0
  /// Whether it was stopped before the end.
  public var isStopped = false

  /// Percent of this session's rows; nil where there is no end.
  public var percent: Double? { rowsOfSession.map { $0 == 0 ? 100 : Double(rowsSent) * 100 / Double($0) } }

  /// `650000 rows in 159 messages, 1.2 s, 0 dropped`
  public var sentence: String {
    var text = "\(rows) rows in \(messages) messages, \(Phrase.rounded(seconds)) s, \(dropped) dropped"
    if sessions > 1 { text += ", \(sessions) sessions" }
    if rowsUnheard > 0 { text += "; nobody was subscribed during \(rowsUnheard) of the rows" }
    if subscribersLeft > 0 {
      text += "; \(Phrase.count(subscribersLeft, "subscriber")) left before the end"
    }
    if isStopped { text += "; stopped before the end" }
    return text
  }

  /// The progress line: `21600 of 650000 rows (3.3 %), 360 rows/s, 60 s`.
  public var progress: String {
    let share = percent.map { " of \(rowsOfSession!) rows (\(Phrase.rounded($0)) %)" } ?? " rows"
    let rate = seconds > 0 ? ", \(Phrase.number((Double(rows) / seconds).rounded())) rows/s" : ""
    return "\(rowsSent)\(share)\(rate), \(Phrase.rounded(seconds)) s"
  }

  /// Its JSON, for programs.
  public func write(to writer: inout JSONWriter, stream: String, endpoint: String) {
    writer.beginObject()
    writer.pair("stream", stream)
    writer.pair("endpoint", endpoint)
    writer.pair("rows", rows)
    writer.pair("messages", messages)
    writer.pair("bytes", bytes)
    writer.pair("sessions", sessions)
    writer.pair("dropped", dropped)
    writer.pair("rows_unheard", rowsUnheard)
    writer.pair("subscribers_left", subscribersLeft)
    writer.pair("seconds", seconds)
    writer.pair("stopped", isStopped)
    writer.endObject()
  }
}

extension Phrase {
  /// To a tenth, below ten to a thousandth.
  static func rounded(_ value: Double) -> String {
    let digits = value < 10 ? 1000.0 : 10
    return number((value * digits).rounded() / digits)
  }
}
