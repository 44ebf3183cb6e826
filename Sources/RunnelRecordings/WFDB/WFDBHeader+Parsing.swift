extension WFDBHeader {
  /// More signals than any recorder has; a header that asks for more is not one.
  public static let mostSignals = 4096

  /// Reads a header; `file` is the name that errors give.
  ///
  /// Lines end in LF or CRLF; empty lines and comments may stand anywhere. Throws `malformed` with line and column.
  public init(parsing bytes: [UInt8], file: String) throws(RecordingError) {
    var lines = Self.lines(of: bytes, file: file)
    guard var record = Self.nextContent(&lines) else {
      throw RecordingError(
        .malformed, file: file, at: .line(1, column: nil),
        "expected a record line (name, number of signals, rate), found nothing",
        remedy: "check that the file was copied whole")
    }
    let count: Int
    (self, count) = try Self.recordLine(&record)
    for index in 0..<count {
      guard var line = Self.nextContent(&lines) else {
        throw Self.missingLine(file, record.number, isMultiSegment ? "segment" : "signal", index, of: count)
      }
      if isMultiSegment {
        segments.append(try Self.segmentLine(&line))
      } else {
        signals.append(try Self.signalLine(&line))
      }
    }
    information = try Self.information(lines)
  }

  /// Reads `path` as a header, at most 1 MiB.
  public init(contentsOf path: String) throws(RecordingError) {
    try self.init(parsing: try ByteFile.read(path, limit: 1 << 20), file: path)
  }

  private static func lines(of bytes: [UInt8], file: String) -> ArraySlice<HeaderLine> {
    let lines = bytes.split(separator: 0x0A, omittingEmptySubsequences: false).enumerated()
    return lines.map { index, line in
      HeaderLine(Array(line.last == 0x0D ? line.dropLast() : line), file: file, number: index + 1)
    }[...]
  }

  /// The next line that is neither empty nor a comment.
  private static func nextContent(_ lines: inout ArraySlice<HeaderLine>) -> HeaderLine? {
    while let line = lines.popFirst() {
      var probe = line
      if let first = probe.next(), !first.text.hasPrefix("#") { return line }
    }
    return nil
  }

  /// What follows the last signal line may only be comments.
  private static func information(_ lines: ArraySlice<HeaderLine>) throws(RecordingError) -> [String] {
    var found: [String] = []
    for line in lines {
      var line = line
      let column = line.column
      guard let text = line.rest() else { continue }
      guard text.hasPrefix("#") else {
        throw line.failure(
          column: column, expected: "a comment (#) after the last signal line", found: text,
          remedy: "correct the number of signals in the record line")
      }
      found.append(String(text.dropFirst().drop { $0 == " " || $0 == "\t" }))
    }
    return found
  }

  private static func missingLine(_ file: String, _ line: Int, _ kind: String, _ index: Int, of count: Int)
    -> RecordingError
  {
    RecordingError(
      .malformed, file: file, at: .line(line, column: nil), "expected \(count) \(kind) lines, found \(index)",
      remedy: "check that the file was copied whole")
  }

  // name[/segments] signals [fs[/counterFreq[(baseCounter)]] [samples [time [date]]]]
  private static func recordLine(_ line: inout HeaderLine) throws(RecordingError) -> (WFDBHeader, lines: Int) {
    guard let first = line.next() else { throw line.failure(expected: "the record's name") }
    let parts = first.text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
    guard isName(parts[0]) else {
      throw line.failure(
        column: first.column, expected: "a record name of letters, digits, '_', '-' and '.'", found: first.text)
    }
    var header = WFDBHeader(name: String(parts[0]))
    var segments = 0
    if parts.count == 2 {
      guard let count = Int(parts[1]), (0...1_000_000).contains(count) else {
        throw line.failure(
          column: first.column + parts[0].utf8.count + 1, expected: "the number of segments", found: String(parts[1]))
      }
      header.isMultiSegment = true
      segments = count
    }
    let column = line.column + 1
    guard let signals = try line.integer("the number of signals") else {
      throw line.failure(expected: "the number of signals")
    }
    guard (0...mostSignals).contains(signals) else {
      throw line.failure(column: column, expected: "0 to \(mostSignals) signals", found: "\(signals)")
    }
    if let field = line.next() { try header.readRate(field, line) }
    if let field = line.next() {
      guard let rows = Int(field.text), rows >= 0, rows < 1 << 48 else {
        throw line.failure(column: field.column, expected: "the number of samples per signal", found: field.text)
      }
      header.rows = rows == 0 ? nil : rows
    }
    if let field = line.next() { header.time = try time(field, line) }
    if let field = line.next() { header.date = try date(field, line) }
    if let field = line.next() {
      throw line.failure(column: field.column, expected: "the end of the record line", found: field.text)
    }
    return (header, header.isMultiSegment ? segments : signals)
  }

  private static func isName(_ name: Substring) -> Bool {
    !name.isEmpty && name.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "_-.".contains($0)) }
      && name.first != "."
  }

  // fs[/counterFreq[(baseCounter)]]
  private mutating func readRate(_ field: HeaderLine.Field, _ line: HeaderLine) throws(RecordingError) {
    let wrong = { (what: String) in line.failure(column: field.column, expected: what, found: field.text) }
    let parts = field.text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
    guard let rate = Double(parts[0]), rate > 0, rate.isFinite else { throw wrong("a rate in Hz, above 0") }
    self.rate = rate
    counterRate = rate
    guard parts.count == 2 else { return }
    let counter = parts[1].split(separator: "(", maxSplits: 1, omittingEmptySubsequences: false)
    guard let frequency = Double(counter[0]), frequency.isFinite else { throw wrong("a counter frequency after '/'") }
    if frequency > 0 { counterRate = frequency }
    guard counter.count == 2 else { return }
    guard counter[1].hasSuffix(")"), let base = Double(counter[1].dropLast()), base.isFinite else {
      throw wrong("a base counter value in parentheses")
    }
    counterBase = base
  }

  // [[HH:]MM:]SS[.fraction], as nanoseconds since midnight
  private static func time(_ field: HeaderLine.Field, _ line: HeaderLine) throws(RecordingError) -> Int64 {
    let wrong = line.failure(column: field.column, expected: "a time of day, HH:MM:SS", found: field.text)
    let parts = field.text.split(separator: ":", omittingEmptySubsequences: false)
    guard (1...3).contains(parts.count) else { throw wrong }
    var seconds: Int64 = 0
    for (index, part) in parts.enumerated() {
      let whole = part.prefix { $0 != "." }
      guard index == parts.count - 1 || whole.count == part.count, let value = digits(whole, most: 5) else {
        throw wrong
      }
      guard index == 0 || value < 60 else { throw wrong }
      seconds = seconds * 60 + value
    }
    let fraction = parts[parts.count - 1].drop { $0 != "." }.dropFirst().prefix(9)
    guard seconds < 86400, let nanoseconds = fraction.isEmpty ? 0 : digits(fraction, most: 9) else { throw wrong }
    return seconds * 1_000_000_000 + (fraction.count..<9).reduce(nanoseconds) { value, _ in value * 10 }
  }

  // DD/MM/YYYY
  private static func date(_ field: HeaderLine.Field, _ line: HeaderLine) throws(RecordingError) -> Date {
    let parts = field.text.split(separator: "/", omittingEmptySubsequences: false).map { digits($0, most: 4) }
    guard parts.count == 3, let day = parts[0], let month = parts[1], let year = parts[2],
      case let date = Date(day: Int(day), month: Int(month), year: Int(year)), date.exists
    else { throw line.failure(column: field.column, expected: "a date, DD/MM/YYYY", found: field.text) }
    return date
  }

  private static func digits(_ text: Substring, most: Int) -> Int64? {
    guard (1...most).contains(text.utf8.count), text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
    return Int64(text)
  }

  // segmentName samples
  private static func segmentLine(_ line: inout HeaderLine) throws(RecordingError) -> Segment {
    guard let name = line.next(), name.text == "~" || isName(name.text[...]) else {
      throw line.failure(expected: "a segment's record name, or ~")
    }
    guard let rows = try line.integer("the segment's number of samples"), rows >= 0 else {
      throw line.failure(expected: "the segment's number of samples")
    }
    return Segment(name: name.text, rows: rows)
  }
}
