import RunnelCore

/// The accounting in words, one line a sum, for the log at the end of a daemon and for whoever asks a running one; each line
/// balances.
///
///     messages: 4821 received = 4820 decoded + 1 rejected (1 topic)
///     rows: 173520 received = 173484 used + 36 dropped (36 duplicate) + 0 held
///     lost: 0 rows, 0 messages in 0 gaps; 0 samples filled, 0 values missing, 0 resets
struct AccountingLines {
  private let status: JSONValue

  /// - Parameter status: a daemon's, or the members that `Accounting` has in it.
  init(_ status: JSONValue) { self.status = status }

  init(_ accounting: Accounting) { self.init(.object(accounting.members)) }

  var messages: String {
    let messages = status["messages"] ?? .null
    let ignored = (messages["ignored"]?["total"]?.integer ?? 0) > 0 ? "; \(counts(messages, "ignored"))" : ""
    return "messages: \(number(messages, "received")) received = \(number(messages, "decoded")) decoded + "
      + counts(messages, "rejected") + ignored
  }

  var rows: String {
    let rows = status["rows"] ?? .null
    return "rows: \(number(rows, "received")) received = \(number(rows, "used")) used + \(counts(rows, "dropped")) + "
      + "\(number(rows, "held")) held"
  }

  var lost: String {
    let leftOut = status["windows_left_out"]?.integer ?? 0
    return "lost: \(number(status, "rows_lost")) rows, \(number(status, "messages_lost")) messages in "
      + "\(number(status, "gaps")) gaps; \(number(status, "samples_filled")) samples filled, "
      + "\(number(status, "values_missing")) values missing, \(number(status, "resets")) resets"
      + (leftOut > 0 ? ", \(leftOut) windows left out" : "")
  }

  private func number(_ value: JSONValue, _ key: String) -> String { value[key]?.integer.map { String($0) } ?? "-" }

  /// `3 rejected (2 topic, 1 dtype)`
  private func counts(_ value: JSONValue, _ key: String) -> String {
    let reasons = (value[key]?.members ?? []).filter { $0.key != "total" }.compactMap { reason in
      reason.value.integer.map { "\($0) \(Quoted.printable(reason.key))" }
    }
    return "\(number(value[key] ?? .null, "total")) \(key)"
      + (reasons.isEmpty ? "" : " (\(reasons.joined(separator: ", ")))")
  }
}

extension Accounting {
  /// As a daemon's status has it (docs/control.md).
  var members: [JSONValue.Member] {
    [
      .init(
        "messages",
        .object([
          .init("received", .integer(messagesReceived)), .init("decoded", .integer(messagesDecoded)),
          .init("rejected", Self.counts(rejected.total, rejected.nonzero.map { ($0.reason.rawValue, $0.count) })),
          .init("ignored", Self.counts(ignored.total, ignored.nonzero.map { ($0.reason.rawValue, $0.count) })),
        ]))
    ] + rowMembers + [
      .init("samples_filled", .integer(samplesFilled)), .init("values_missing", .integer(valuesMissing)),
      .init("resets", .integer(resets)), .init("windows_left_out", .integer(windowsLeftOut)),
    ]
  }

  /// Those that one stream has too.
  var rowMembers: [JSONValue.Member] {
    [
      .init(
        "rows",
        .object([
          .init("received", .integer(rowsReceived)), .init("used", .integer(rowsUsed)),
          .init("dropped", Self.counts(dropped.total, dropped.nonzero.map { ($0.reason.rawValue, $0.count) })),
          .init("held", .integer(rowsHeld)),
        ])),
      .init("rows_lost", .integer(rowsLost)), .init("messages_lost", .integer(messagesLost)),
      .init("gaps", .integer(gaps)), .init("sessions", .integer(sessions)),
    ]
  }

  /// Reasons with their counts, and their sum.
  private static func counts(_ total: Int64, _ reasons: [(name: String, count: Int64)]) -> JSONValue {
    .object([.init("total", .integer(total))] + reasons.map { .init($0.name, .integer($0.count)) })
  }
}
