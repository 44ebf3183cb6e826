import RunnelCore
import RunnelWire

/// One label message as a line for people.
///
///     2025-11-23 22:18:52.123  bed7/MLII  at 98765530  V  0.973  ok  184 µs
///     2025-11-23 22:18:53.001  bed7/MLII  gap (lost) 98765600..98765700
public enum LabelLine {
  /// - Parameter coloured: with ANSI colours: what is not the first class stands out, what is doubtful is dim.
  public static func text(_ message: LabelMessage, coloured: Bool = false) -> String {
    let place = printable("\(message.stream)/\(message.channel)")
    let pieces = [message.timestamp.map(time) ?? "(no time)", place] + body(message)
    let line = pieces.joined(separator: "  ")
    return coloured ? colour(message).map { "\u{1B}[\($0)m\(line)\u{1B}[0m" } ?? line : line
  }

  private static func body(_ message: LabelMessage) -> [String] {
    switch message.kind {
    case .status(let status, let reason):
      let range = message.first.map { first in message.last.map { "\(first)..\($0)" } ?? "from \(first)" }
      return ["\(status.rawValue)\(reason.map { " (\(printable($0)))" } ?? "")", range ?? ""].filter { !$0.isEmpty }
    case .heartbeat: return ["heartbeat, next \(message.sequence)"]
    case .label, .event: break
    }
    let said = message.steps.map(sequence) ?? printable(message.label ?? "?")
    var pieces = [message.at.map { "at \($0)" } ?? "", said]
    if case .event(let phase, _) = message.kind, phase != .point { pieces.append(phase.rawValue) }
    if message.steps == nil { pieces.append(message.p.map(thousandths) ?? "") }
    pieces.append(message.quality?.name ?? "")
    if let attached = message.attachment {
      pieces.append("attached \(attached.rows)\(attached.isCut ? " (cut)" : "")")
    }
    if message.synthetic == true { pieces.append("synthetic") }
    if message.isRepeat { pieces.append("repeat") }
    pieces.append(message.latencyMicroseconds.map { "\($0) µs" } ?? "")
    return pieces.filter { !$0.isEmpty }
  }

  /// `N N V`, or `(empty)`; of a long sequence its beginning and how long it is.
  static func sequence(_ steps: LabelSequence) -> String {
    guard steps.count > 0 else { return "(empty)" }
    let shown = steps.labels.prefix(mostSteps).map(printable).joined(separator: " ")
    return steps.count > mostSteps ? "\(shown) … (\(steps.count) steps)" : shown
  }

  /// Steps of a sequence that a line shows.
  private static let mostSteps = 16

  /// Class 0 of a peak rule is `none` and 1 the usual beat: neither is worth a colour.
  private static func colour(_ message: LabelMessage) -> String? {
    switch message.kind {
    case .status: return "36"
    case .heartbeat: return "2"
    case .label, .event:
      if let quality = message.quality, quality != .ok { return "2" }
      guard let id = message.id, id > 1 else { return nil }
      return ["33", "31", "35", "34"][(id - 2) % 4]
    }
  }

  private static func thousandths(_ p: Float) -> String {
    let scaled = Int((Double(p) * 1000).rounded())
    let digits = String(abs(scaled) % 1000)
    return "\(scaled < 0 ? "-" : "")\(abs(scaled) / 1000).\(String(repeating: "0", count: 3 - digits.count))\(digits)"
  }

  /// UTC with milliseconds, as ISO 8601 but for the space (days to a date: Hinnant, "chrono-compatible low-level date
  /// algorithms", civil_from_days).
  static func time(_ nanoseconds: Int64) -> String {
    let milliseconds = floorDivide(nanoseconds, 1_000_000)
    let days = floorDivide(milliseconds, 86_400_000)
    let rest = milliseconds - days * 86_400_000
    let shifted = days + 719_468
    let era = floorDivide(shifted, 146_097)
    let dayOfEra = shifted - era * 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let shiftedMonth = (5 * dayOfYear + 2) / 153
    let day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
    let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
    let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    let clock = [rest / 3_600_000, rest / 60_000 % 60, rest / 1000 % 60].map { padded($0, 2) }
    return
      "\(padded(year, 4))-\(padded(month, 2))-\(padded(day, 2)) \(clock.joined(separator: ":")).\(padded(rest % 1000, 3))"
  }

  private static func floorDivide(_ a: Int64, _ b: Int64) -> Int64 { a / b - (a % b < 0 ? 1 : 0) }

  private static func padded(_ number: Int64, _ width: Int) -> String {
    let digits = String(number)
    return String(repeating: "0", count: max(0, width - digits.count)) + digits
  }

  /// Text from the wire without what a terminal would obey.
  public static func printable(_ text: String) -> String { Printable.text(text.unicodeScalars) }
}
