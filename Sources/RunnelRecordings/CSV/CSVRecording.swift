import RunnelCore

/// A table of numbers as text, a row a sample, as a recording of one track in f64 (docs/foreign-formats.md §13).
///
/// Fields are separated by commas, semicolons, tabs or spaces; lines that begin with `#` or `%` are comments, and one of
/// them may state the rate (`%Sample Rate = 250 Hz`). A column `sample` or `index` places the rows; else a column of
/// time does, where it lies more than half a row behind what the rate says. Empty fields and `nan` are missing samples.
public final class CSVRecording: Recording {
  public let path: String
  public let format = RecordingFormat.csv
  public let name: String
  public let comments: [String]
  public let tracks: [Track]
  public private(set) var remarks: [String] = []

  private let file: OpenFile
  private let layout: CSVLayout
  /// Where lines of the table lie, every `step` of them.
  private var marks: [(place: Int, number: Int)] = []
  /// Rows of each run of the track, and the first line of the table that holds them.
  private var stretches: [(rows: Range<Int>, line: Int)] = []
  /// The lines from the one that is read next.
  private var open: (line: Int, lines: TextLines)?

  private static let step = 4096

  /// - Parameter rate: Hz, for a file that says none in a comment and has no times that contradict.
  /// - Throws: `malformed` with line and column; `unsupported` where nothing says the rate.
  public init(_ path: String, rate: Double? = nil) throws(RecordingError) {
    self.path = path
    name = RecordingFormat.name(ofFile: path)
    file = try OpenFile(path, regularOnly: true)
    var table = try Table(file)
    layout = table.layout
    comments = table.comments
    try table.scan()
    marks = table.marks
    let clock = try Clock(table, rate: rate, file: path)
    remarks = clock.remarks
    if !layout.left.isEmpty {
      remarks.append("columns of text are left out: \(layout.left.map { Quoted.name($0) }.joined(separator: ", "))")
    }
    stretches = try clock.stretches(table, file: path)
    tracks = [
      Track(
        name: RecordingFormat.name(ofRate: clock.rate), rate: clock.rate,
        channels: table.layout.signals.map { column in
          Channel(name: table.layout.columns[column].name, unit: table.layout.columns[column].unit)
        }, element: .float64, runs: Track.joined(stretches.map(\.rows)), start: clock.start)
    ]
  }

  public func read(
    _ rows: Range<Int>, of track: Int, into target: UnsafeMutableRawBufferPointer
  ) throws(RecordingError) {
    var row = rows.lowerBound
    for stretch in stretches[(stretches.lastPlace { $0.rows.lowerBound <= row } ?? 0)...] {
      guard row < rows.upperBound else { return }
      let wanted = rows.clamped(to: stretch.rows)
      try seek(to: stretch.line + wanted.lowerBound - stretch.rows.lowerBound)
      for row in wanted { try readLine(into: target, row: row - rows.lowerBound) }
      row = wanted.upperBound
    }
  }

  private func readLine(into target: UnsafeMutableRawBufferPointer, row: Int) throws(RecordingError) {
    guard var (line, lines) = open else { return }
    open = nil
    guard let text = try Table.next(&lines) else {
      throw RecordingError(
        .length, file: path, at: .byte(file.size), "the file was cut short while it was read",
        remedy: "wait until nobody writes it, or copy it again")
    }
    let fields = CSVLayout.fields(text.bytes, layout.separator)
    for (place, column) in layout.signals.enumerated() {
      let value = try Table.value(fields, column, layout, text, file: path)
      target.storeBytes(of: value, toByteOffset: (row * layout.signals.count + place) * 8, as: Double.self)
    }
    line += 1
    open = (line, lines)
  }

  private func seek(to line: Int) throws(RecordingError) {
    if let open, open.line == line { return }
    let mark = marks[line / Self.step]
    var lines = TextLines(file, at: mark.place, number: mark.number)
    for _ in 0..<line % Self.step { _ = try Table.next(&lines) }
    open = (line, lines)
  }

  // MARK: the first reading

  /// The table as the first reading finds it: every field of it a number, and when its rows are.
  private struct Table {
    let layout: CSVLayout
    private(set) var comments: [String] = []
    private(set) var marks: [(place: Int, number: Int)] = []
    /// Lines of the table.
    private(set) var count = 0
    /// Where rows do not simply follow: the line, and what its clocks say.
    private(set) var jumps: [(line: Int, index: Double, time: Double)] = []
    private(set) var first: (index: Double, time: Double) = (.nan, .nan)
    private(set) var last: (index: Double, time: Double) = (.nan, .nan)
    /// The usual distance of two rows in time: the median of the first thousand.
    private(set) var usual = Double.nan
    /// Whether no two neighbouring rows are further apart than usual.
    private(set) var isEven = true

    private let file: OpenFile
    private var steps: [Double] = []
    /// Of the first row, where times are whole nanoseconds: as f64 they would be off by hundreds.
    private(set) var origin: Int64?

    init(_ file: OpenFile) throws(RecordingError) {
      self.file = file
      var lines = TextLines(file)
      var content: [TextLines.Line] = []
      while content.count < 2, var line = try lines.next() {
        if line.number == 1, line.bytes.starts(with: [0xEF, 0xBB, 0xBF]) { line.bytes = line.bytes.dropFirst(3) }
        if let mark = line.bytes.first, mark == 0x23 || mark == 0x25 {
          comments.append(HeaderLine.text(line.bytes.dropFirst().drop { $0 == 0x20 }))
        } else if !line.bytes.isEmpty {
          content.append(line)
        }
      }
      guard let first = content.first,
        let layout = CSVLayout(first: first.bytes, second: content.dropFirst().first?.bytes)
      else {
        throw RecordingError(
          .unsupported, file: file.path, at: .line(content.first?.number ?? 1, column: nil),
          "expected a table of numbers, a row a sample, found no column of them",
          remedy: "give a recording, or a CSV file whose columns are signals")
      }
      self.layout = layout
    }

    /// The next line that is neither empty nor a comment.
    static func next(_ lines: inout TextLines) throws(RecordingError) -> TextLines.Line? {
      while let line = try lines.next() {
        if let mark = line.bytes.first, mark != 0x23, mark != 0x25 { return line }
      }
      return nil
    }

    static func value(
      _ fields: [ArraySlice<UInt8>], _ column: Int, _ layout: CSVLayout, _ line: TextLines.Line, file: String
    ) throws(RecordingError) -> Double {
      // A field that the end of the line cuts off is empty.
      guard column < fields.count else { return .nan }
      guard let value = DecimalText.value(fields[column]) else {
        throw RecordingError(
          .malformed, file: file,
          at: .line(line.number, column: fields[column].startIndex - line.bytes.startIndex + 1),
          "expected a number in column '\(layout.columns[column].name)', found \(Quoted.name(HeaderLine.text(fields[column])))",
          remedy: "correct it, or leave it empty where there is no sample")
      }
      return value
    }

    mutating func scan() throws(RecordingError) {
      var lines = TextLines(file)
      if layout.hasHeader { _ = try Self.next(&lines) }
      while let line = try Self.next(&lines) {
        if count % CSVRecording.step == 0 { marks.append((line.place, line.number)) }
        let fields = CSVLayout.fields(
          count == 0 && line.number == 1 && line.bytes.starts(with: [0xEF, 0xBB, 0xBF])
            ? line.bytes.dropFirst(3) : line.bytes, layout.separator)
        guard fields.count <= layout.columns.count else {
          throw RecordingError(
            .malformed, file: file.path, at: .line(line.number, column: nil),
            "expected \(layout.columns.count) fields, found \(fields.count)", remedy: "correct the line")
        }
        for column in layout.signals { _ = try Self.value(fields, column, layout, line, file: file.path) }
        try place(fields, line)
        count += 1
      }
    }

    private mutating func place(_ fields: [ArraySlice<UInt8>], _ line: TextLines.Line) throws(RecordingError) {
      guard layout.index != nil || layout.time != nil else { return }
      var now = (index: Double.nan, time: Double.nan)
      if let column = layout.index { now.index = try Self.value(fields, column, layout, line, file: file.path) }
      if let (column, scale) = layout.time {
        now.time = try Self.value(fields, column, layout, line, file: file.path) * scale
        if scale == 1e-9, column < fields.count, let exact = Int64(HeaderLine.text(fields[column])),
          count == 0 || origin != nil
        {
          if count == 0 { origin = exact }
          now.time = Double(exact.subtractingReportingOverflow(origin ?? 0).partialValue) * 1e-9
        }
      }
      let isBackward = layout.index != nil ? !(now.index > last.index) : !(now.time >= last.time)
      if count == 0 {
        first = now
      } else if isBackward {
        throw RecordingError(
          .malformed, file: file.path, at: .line(line.number, column: nil),
          "expected a later \(layout.index != nil ? "index" : "time") than in the row before", remedy: "sort the rows")
      } else {
        let step = now.time - last.time
        if steps.count < 1000 {
          steps.append(step)
          usual = steps.sorted()[steps.count / 2]
        }
        let isLate = step > 1.5 * usual
        let isJump = layout.index != nil ? now.index != last.index + 1 : isLate
        if isJump { jumps.append((count, now.index, now.time)) }
        if isLate, layout.index == nil || !isJump { isEven = false }
      }
      last = now
    }
  }

  /// The rate, and how rows and lines go together.
  private struct Clock {
    var rate: Double
    var start: Int64?
    var remarks: [String] = []

    init(_ table: Table, rate given: Double?, file: String) throws(RecordingError) {
      let stated = table.comments.lazy.compactMap { Self.rate(in: $0) }.first
      if let stated = stated ?? given.flatMap({ Self.isPossible($0, table) ? $0 : nil }) {
        rate = stated
      } else if let measured = Self.measured(table) {
        let nearest = measured.rounded()
        rate = nearest > 0 && abs(measured - nearest) <= 1e-4 * nearest ? nearest : measured
        remarks.append("\(file) states no rate; by its times it is \(rate) Hz")
      } else {
        throw RecordingError(
          .unsupported, file: file, "says neither a rate nor times", remedy: "give the rate, for example --rate 360Hz")
      }
      guard (1e-6...1e9).contains(rate) else {
        throw RecordingError(.malformed, file: file, "has a rate of \(rate) Hz", remedy: "give the rate: --rate 360Hz")
      }
      // Times from a count that began with the recording are small; those of a calendar are not (1e9 s is in 2001).
      let origin = table.origin.map { Double($0) * 1e-9 } ?? table.first.time
      if origin > 1e9, origin < 9e9 {
        let back = table.first.index.isNaN ? 0 : table.first.index / rate
        // At most 9e18 less at most 2^62: it fits.
        start = (table.origin ?? Int64(nearest: table.first.time * 1e9)) - Int64(nearest: back * 1e9)
      }
    }

    /// `Sample Rate = 250 Hz`, `rate: 360`
    private static func rate(in comment: String) -> Double? {
      let text = comment.lowercased()
      guard let word = text.firstRange(of: "rate") else { return nil }
      let rest = text[word.upperBound...].drop { "=: ".contains($0) }.prefix { $0.isNumber || $0 == "." }
      return Double(rest)
    }

    /// Whether the times may be of this rate, to 0.5 % or a row. Uneven ones are not asked: they may be those of blocks.
    private static func isPossible(_ rate: Double, _ table: Table) -> Bool {
      guard table.isEven, let measured = measured(table) else { return true }
      let span = table.last.time - table.first.time
      return abs(rate - measured) * span <= max(1, 0.005 * measured * span)
    }

    private static func measured(_ table: Table) -> Double? {
      guard table.count > 1 else { return nil }
      let span = table.last.time - table.first.time
      if !table.first.index.isNaN {
        let rows = table.last.index - table.first.index
        return span > 0 ? rows / span : nil
      }
      guard table.usual > 0 else { return nil }
      // Without an index the gaps are not known yet: they are those of the usual distance.
      return table.jumps.isEmpty ? Double(table.count - 1) / span : 1 / table.usual
    }

    func stretches(_ table: Table, file: String) throws(RecordingError) -> [(rows: Range<Int>, line: Int)] {
      var origin = 0
      if table.layout.index != nil {
        guard let first = Int(exactly: table.first.index), (0..<1 << 60).contains(first) else {
          throw RecordingError(
            .malformed, file: file, "expected sample indexes from 0 on, found \(table.first.index)",
            remedy: "correct the column")
        }
        origin = first
      }
      var stretches: [(rows: Range<Int>, line: Int)] = []
      var (row, line) = (origin, 0)
      for jump in table.jumps {
        stretches.append((row..<row + jump.line - line, line))
        let next = row + jump.line - line
        let due = table.layout.index != nil ? jump.index : (jump.time - table.first.time) * rate
        guard due < 0x1p60, let place = Int(exactly: due.rounded()), due == due.rounded() || table.layout.index == nil
        else {
          throw RecordingError(
            .malformed, file: file, "expected whole sample indexes, found \(due)", remedy: "correct the column")
        }
        (row, line) = (max(next, place), jump.line)
      }
      stretches.append((row..<row + table.count - line, line))
      return stretches
    }
  }
}
