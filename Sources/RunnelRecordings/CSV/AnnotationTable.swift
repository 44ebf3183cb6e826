import RunnelCore

/// Marks in a table of text: a row each, with a place and a label.
///
///     first,count,t_ns,channel,label,id,p          as runnel writes them
///     onset,duration,description                   in seconds, as EEG tools write them
///
/// The place is a column `at`, `first` or `sample` in rows, or `onset`, `time` or `time_s` in seconds; the label one
/// called `label`, `symbol`, `description` or `trial_type`; the length, where there is one, `count` or `duration`.
enum AnnotationTable {
  private static let places: [(name: String, isSeconds: Bool)] = [
    ("at", false), ("first", false), ("sample", false), ("onset", true), ("time_s", true), ("time", true),
  ]
  private static let labels = ["label", "symbol", "description", "trial_type"]

  /// Whether a first line says that the rest is such a table.
  static func isOne(_ line: ArraySlice<UInt8>) -> Bool { columns(line) != nil }
  /// Whether its places, or its lengths, are in seconds.
  static func countsSeconds(_ line: ArraySlice<UInt8>) -> Bool {
    columns(line).map { $0.isSeconds || $0.length != nil && $0.isLengthSeconds } ?? false
  }

  private typealias Columns = (
    separator: CSVLayout.Separator, place: Int, isSeconds: Bool, label: Int, length: Int?, isLengthSeconds: Bool
  )

  private static func columns(_ line: ArraySlice<UInt8>) -> Columns? {
    for separator in [CSVLayout.Separator.comma, .tab, .semicolon] {
      let names = CSVLayout.fields(line, separator).map { HeaderLine.text($0).lowercased() }
      guard let place = places.first(where: { names.contains($0.name) }),
        let label = labels.first(where: { names.contains($0) })
      else { continue }
      let length = ["count", "duration"].first { names.contains($0) }
      return (
        separator, names.firstIndex(of: place.name) ?? 0, place.isSeconds, names.firstIndex(of: label) ?? 0,
        length.flatMap { names.firstIndex(of: $0) }, length == "duration"
      )
    }
    return nil
  }

  /// - Throws: `malformed` with line and column.
  static func annotations(in path: String, rate: Double) throws(RecordingError) -> [Annotation] {
    var lines = TextLines(try OpenFile(path, regularOnly: true))
    guard let header = try lines.next(), let columns = columns(withoutMark(header.bytes)) else {
      throw RecordingError(
        .malformed, file: path, at: .line(1, column: nil), "expected a header with a place and a label",
        remedy: "name the columns, for example first,label")
    }
    var found: [Annotation] = []
    while let line = try lines.next() {
      if line.bytes.isEmpty { continue }
      let fields = CSVLayout.fields(line.bytes, columns.separator)
      let at = try number(fields, columns.place, line, path)
      guard columns.label < fields.count else { throw wrong(path, line, "a label in field \(columns.label + 1)") }
      var length = 0.0
      if let column = columns.length, column < fields.count, !fields[column].isEmpty {
        length = try number(fields, column, line, path) * (columns.isLengthSeconds ? rate : 1)
      }
      let row = columns.isSeconds ? at * rate : at
      found.append(
        Annotation(
          HeaderLine.text(fields[columns.label]), at: Int64(nearest: row), length: max(0, Int64(nearest: length))))
    }
    return found.sortedByPlace()
  }

  static func withoutMark(_ line: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
    line.starts(with: [0xEF, 0xBB, 0xBF]) ? line.dropFirst(3) : line
  }

  private static func number(
    _ fields: [ArraySlice<UInt8>], _ column: Int, _ line: TextLines.Line, _ path: String
  ) throws(RecordingError) -> Double {
    guard column < fields.count, let value = DecimalText.value(fields[column]), value.isFinite else {
      throw wrong(path, line, "a number in field \(column + 1)")
    }
    return value
  }

  private static func wrong(_ path: String, _ line: TextLines.Line, _ expected: String) -> RecordingError {
    RecordingError(
      .malformed, file: path, at: .line(line.number, column: nil),
      "expected \(expected), found \(Quoted.name(HeaderLine.text(line.bytes)))", remedy: "correct the line")
  }
}
