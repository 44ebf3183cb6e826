import RunnelCore

/// A daemon's answer about its status, in words.
///
///     daemon 4711 of runnel.yaml, for 2 h 14 min
///     messages: 4821 received = 4821 decoded + 0 rejected; 20 a second
///     …
///     stream            phase  rate        next     used    lost
///     beds/bed7         live   360 Hz  98765700  2899800       0
public struct StatusLines {
  private let status: JSONValue

  public init(_ status: JSONValue) { self.status = status }

  public var lines: [String] {
    [title] + sums + sockets + streams + lanes
  }

  private var title: String {
    let origin = text(status, "configuration")
    return "daemon \(number(status, "pid"))\(origin.isEmpty ? "" : " of \(origin)"), for "
      + Self.duration(status["uptime"]?.number ?? 0)
  }

  private var sums: [String] {
    let sums = AccountingLines(status)
    let second = status["per_second"] ?? .null
    var labels = "labels: \(number(status, "labels")), \(rate(second, "labels"))"
    if let latency = status["latency_us"] {
      labels += ", latency p50 \(figure(latency, "p50")) µs, p99 \(figure(latency, "p99")) µs"
    }
    return [
      "\(sums.messages), \(rate(second, "messages"))", "\(sums.rows), \(rate(second, "rows"))", sums.lost, labels,
    ] + shards
  }

  private var shards: [String] {
    guard let count = status["shards"]?.integer, count > 1 else { return [] }
    return ["shards: \(count), their queues were full \(Phrase.count(status["shard_waits"]?.integer ?? 0, "time"))"]
  }

  private var sockets: [String] {
    (status["inputs"]?.array ?? []).map { input in
      let connections = input["connections"] ?? .null
      return "input '\(text(input, "input"))' (\(text(input, "format"))) at \(text(input, "endpoint")): "
        + "\(Phrase.count(connections["made"]?.integer ?? 0, "connection")) made, \(number(connections, "failed")) failed, "
        + "\(number(connections, "lost")) lost"
    }
      + (status["outputs"]?.array ?? []).map { output in
        let content = text(output, "publish")
        let dropped = output["dropped"]?.integer ?? 0
        return "output '\(text(output, "output"))' (\(text(output, "format"))) publishes "
          + "\(OutputConfiguration.Content(rawValue: content)?.words ?? content) at \(text(output, "endpoint"))"
          + (dropped > 0 ? ": \(dropped) dropped" : "")
      }
      + (status["conditioned_dropped"]?.integer.map {
        ["conditioned samples: \($0) messages dropped on the way from a shard"]
      } ?? [])
  }

  private var streams: [String] {
    let streams = status["streams"]?.array ?? []
    guard !streams.isEmpty else { return ["no stream yet"] }
    return Self.table(
      [["stream", "phase", "level", "rate", "measured", "sessions", "next", "used", "dropped", "lost"]]
        + streams.map { stream in
          let rows = stream["rows"] ?? .null
          return [
            "\(text(stream, "input"))/\(text(stream, "stream"))", text(stream, "phase"), text(stream, "level"),
            hertz(stream, "rate"), hertz(stream, "measured_rate"), number(stream, "sessions"), number(stream, "next"),
            number(rows, "used"), number(rows["dropped"] ?? .null, "total"), number(stream, "rows_lost"),
          ]
        }, words: 3) + leftOut("streams")
  }

  private var lanes: [String] {
    let lanes = status["lanes"]?.array ?? []
    guard !lanes.isEmpty else { return [] }
    return Self.table(
      [["lane", "label", "at", "next seq"]]
        + lanes.map { [text($0, "lane"), text($0, "label"), number($0, "at"), number($0, "next")] }, words: 2)
      + leftOut("lanes")
  }

  private func leftOut(_ noun: String) -> [String] {
    status["\(noun)_left_out"]?.integer.map { ["and \($0) more \(noun)"] } ?? []
  }

  // MARK: one value

  private func text(_ value: JSONValue, _ key: String) -> String { Quoted.line(value[key]?.string ?? "", longest: 60) }
  private func number(_ value: JSONValue, _ key: String) -> String { value[key]?.integer.map { String($0) } ?? "-" }
  private func hertz(_ value: JSONValue, _ key: String) -> String { value[key]?.number.map { "\($0) Hz" } ?? "-" }
  private func rate(_ value: JSONValue, _ key: String) -> String { "\(figure(value, key)) a second" }
  private func figure(_ value: JSONValue, _ key: String) -> String {
    value[key]?.number.map { $0 == 0 ? "0" : Figure.text($0, digits: 3) } ?? "-"
  }

  private static func duration(_ seconds: Double) -> String {
    let whole = Int(seconds)
    switch whole {
    case ..<60: return "\(Figure.text(seconds, digits: 3)) s"
    case ..<3600: return "\(whole / 60) min \(whole % 60) s"
    case ..<86400: return "\(whole / 3600) h \(whole / 60 % 60) min"
    default: return "\(whole / 86400) d \(whole / 3600 % 24) h"
    }
  }

  /// Columns, the first `words` flushed left and the others right, two spaces between.
  private static func table(_ rows: [[String]], words: Int) -> [String] {
    let widths = (0..<rows[0].count).map { column in rows.map { $0[column].count }.max() ?? 0 }
    return rows.map { row in
      let cells = row.indices.map { column in
        let space = String(repeating: " ", count: widths[column] - row[column].count)
        return column < words ? row[column] + space : space + row[column]
      }
      return cells.joined(separator: "  ")
    }
  }
}
