/// How a table of text is laid out: what separates fields, which columns there are, which of them tell when
/// (docs/foreign-formats.md §13). Made of the first lines.
struct CSVLayout: Sendable {
  enum Separator: UInt8, Sendable {
    case comma = 0x2C
    case semicolon = 0x3B
    case tab = 0x09
    /// Any number of them.
    case space = 0x20
  }

  /// What a column that tells of time counts.
  enum Clock: Sendable, Hashable {
    case index
    /// Multiplied by this it is seconds.
    case time(Double)
  }

  struct Column: Sendable {
    var name: String
    var unit: String?
  }

  private static let mostSignals = 4096

  var separator: Separator
  /// Of all columns; `signal0` and so on where the file has no header.
  var columns: [Column]
  var hasHeader: Bool
  var index: Int?
  var time: (column: Int, scale: Double)?
  /// Columns that hold samples.
  var signals: [Int]
  /// Columns of text, which nobody can label.
  var left: [String] = []

  /// - Parameters:
  ///   - first: the first line that is no comment, without a byte order mark.
  ///   - second: the one after it, nil where there is none.
  init?(first: ArraySlice<UInt8>, second: ArraySlice<UInt8>?) {
    separator = Self.separator(of: first)
    let fields = Self.fields(first, separator)
    let hasHeader = fields.contains { DecimalText.value($0) == nil }
    self.hasHeader = hasHeader
    columns = fields.enumerated().map { index, field in
      hasHeader ? Self.column(HeaderLine.text(field), at: index) : Column(name: "signal\(index)", unit: nil)
    }
    signals = []
    let values = hasHeader ? second.map { Self.fields($0, separator) } ?? [] : fields
    for (place, column) in columns.enumerated() {
      // Only in front: a signal may be called T.
      switch hasHeader && place < 3 ? Self.clock(column) : nil {
      case .index where index == nil: index = place
      case .time(let scale) where time == nil: time = (place, scale)
      default:
        if place < values.count, DecimalText.value(values[place]) == nil {
          left.append(column.name)
        } else {
          signals.append(place)
        }
      }
    }
    if signals.isEmpty || signals.count > Self.mostSignals { return nil }
  }

  private static func separator(of line: ArraySlice<UInt8>) -> Separator {
    for separator in [Separator.tab, .semicolon, .comma] where line.contains(separator.rawValue) { return separator }
    return .space
  }

  /// `MLII [mV]` and `MLII (mV)` are a name and a unit.
  private static func column(_ text: String, at index: Int) -> Column {
    var name = text[...]
    var unit: String?
    for (open, close) in [("[", "]"), ("(", ")")] as [(Character, Character)]
    where text.last == close && !text.hasPrefix(String(open)) {
      guard let start = text.lastIndex(of: open) else { continue }
      unit = String(text[text.index(after: start)...].dropLast())
      name = text[..<start]
      break
    }
    while name.last == " " { name.removeLast() }
    return Column(name: name.isEmpty ? "signal\(index)" : String(name), unit: unit?.isEmpty == true ? nil : unit)
  }

  private static func clock(_ column: Column) -> Clock? {
    switch (column.name.lowercased(), column.unit?.lowercased()) {
    case ("sample", nil), ("index", nil), ("sample index", nil): .index
    case ("t_ns", nil), ("time_ns", nil), ("time", "ns"), ("t", "ns"): .time(1e-9)
    case ("time_us", nil), ("time", "us"), ("t", "us"): .time(1e-6)
    case ("time_ms", nil), ("time", "ms"), ("t", "ms"), ("timestamp", "ms"): .time(1e-3)
    case ("time", nil), ("t", nil), ("timestamp", nil), ("time_s", nil), ("time", "s"), ("t", "s"), ("timestamp", "s"):
      .time(1)
    default: nil
    }
  }

  /// The fields of a line, without spaces and quotes around them.
  static func fields(_ line: ArraySlice<UInt8>, _ separator: Separator) -> [ArraySlice<UInt8>] {
    var fields: [ArraySlice<UInt8>] = []
    var start = line.startIndex
    var isQuoted = false
    for index in line.indices {
      if line[index] == 0x22 { isQuoted.toggle() }
      guard line[index] == separator.rawValue, !isQuoted else { continue }
      fields.append(trimmed(line[start..<index]))
      start = index + 1
    }
    fields.append(trimmed(line[start...]))
    return separator == .space ? fields.filter { !$0.isEmpty } : fields
  }

  private static func trimmed(_ field: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
    var field = field
    while field.first == 0x20 { field.removeFirst() }
    while field.last == 0x20 { field.removeLast() }
    if field.count >= 2, field.first == 0x22, field.last == 0x22 {
      field = field.dropFirst().dropLast()
      if field.contains(0x22) {
        // A doubled quote is one.
        var kept: [UInt8] = []
        var isSecond = false
        for byte in field {
          isSecond = byte == 0x22 && !isSecond && kept.last == 0x22
          if !isSecond { kept.append(byte) }
        }
        return kept[...]
      }
    }
    return field
  }
}
