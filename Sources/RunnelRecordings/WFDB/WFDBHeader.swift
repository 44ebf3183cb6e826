/// The header of a WFDB record (`NAME.hea`, docs/foreign-formats.md §7): what was recorded, how fast, when, and where
/// the samples are.
///
///     101 2 360 650000
///     101.dat 212 200 11 1024 955 29832 0 MLII
///     101.dat 212 200 11 1024 992 19589 0 V1
///     # 75 F 1011 654 x1
///
/// The whole grammar is kept, also what `WFDBRecord` does not read (segments, other formats): a header can be shown
/// even where its samples cannot.
public struct WFDBHeader: Sendable, Hashable {
  public var name: String
  /// Frames per second.
  public var rate: Double
  /// Ticks per second of the recorder's counter, and its value at row 0.
  public var counterRate: Double
  public var counterBase: Double
  /// Frames; nil where the header does not know, and then there is no checksum to trust.
  public var rows: Int?
  /// Nanoseconds since midnight at row 0; nil where not given.
  public var time: Int64?
  public var date: Date?
  public var signals: [Signal]
  /// Not empty in a multi-segment header, which has no signal lines.
  public var segments: [Segment]
  /// Whether this is a multi-segment header, though it may list none.
  public var isMultiSegment: Bool
  /// The comment lines after the last signal line, without `#`.
  public var information: [String]

  public struct Date: Sendable, Hashable {
    public var day: Int
    public var month: Int
    public var year: Int
    public init(day: Int, month: Int, year: Int) {
      self.day = day
      self.month = month
      self.year = year
    }
  }

  public struct Segment: Sendable, Hashable {
    /// `~` is a gap.
    public var name: String
    public var rows: Int
    public init(name: String, rows: Int) {
      self.name = name
      self.rows = rows
    }
  }

  public struct Signal: Sendable, Hashable {
    public var file: String
    /// The code as written; `WFDBFormat` knows those that are read.
    public var format: Int
    public var samplesPerFrame = 1
    /// Samples of this signal that precede row 0.
    public var skew = 0
    /// Bytes before the first sample.
    public var byteOffset = 0
    /// ADC units per physical unit; nil where uncalibrated (absent or 0), and then 200 is the custom.
    public var gain: Double?
    public var baseline: Int?
    public var unit: String?
    public var resolution: Int?
    public var adcZero = 0
    public var initial: Int?
    /// The sum of all samples, modulo 65536 whatever its sign; nil where not given.
    public var checksum: Int?
    public var blockSize = 0
    public var description: String?
    /// The header's line, 1-based; 0 where it was not read from a file.
    public var line = 0

    public init(file: String, format: Int) {
      self.file = file
      self.format = format
    }
  }

  public init(name: String, rate: Double = 250, rows: Int? = nil, signals: [Signal] = []) {
    self.name = name
    self.rate = rate
    counterRate = rate
    counterBase = 0
    self.rows = rows
    self.signals = signals
    segments = []
    isMultiSegment = false
    information = []
  }

  /// Row 0 as Unix nanoseconds, taking the header's clock for UTC (the format names no zone); nil without both time
  /// and date, or outside 1677 to 2262.
  public var start: Int64? {
    guard let time, let date else { return nil }
    let (midnight, overflow) = (date.unixDay * 86400).multipliedReportingOverflow(by: 1_000_000_000)
    if overflow { return nil }
    let (sum, late) = midnight.addingReportingOverflow(time)
    return late ? nil : sum
  }
}

extension WFDBHeader.Date {
  /// Days since 1970-01-01 in the Gregorian calendar, years counted from March so that a leap day is the last.
  var unixDay: Int64 {
    let shifted = Int64(month > 2 ? year : year - 1)
    let era = shifted / 400
    let yearOfEra = shifted - era * 400
    let dayOfYear = Int64((153 * ((month + 9) % 12) + 2) / 5 + day - 1)
    return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
  }

  /// The date `unixDay` days after 1970-01-01.
  init(unixDay: Int64) {
    let shifted = unixDay + 719_468
    let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
    let dayOfEra = shifted - era * 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let shiftedMonth = (5 * dayOfYear + 2) / 153
    let month = Int((shiftedMonth + 2) % 12 + 1)
    self.init(
      day: Int(dayOfYear - (153 * shiftedMonth + 2) / 5 + 1), month: month,
      year: Int(yearOfEra + era * 400) + (month <= 2 ? 1 : 0))
  }

  /// Whether the calendar has this day.
  var exists: Bool {
    (1...12).contains(month) && (1...9999).contains(year) && (1...31).contains(day)
      && WFDBHeader.Date(unixDay: unixDay) == self
  }
}

extension WFDBHeader.Signal {
  /// The gain to compute with: uncalibrated signals are read as 200 ADC units per physical unit.
  public var usedGain: Double { gain ?? 200 }

  /// The ADC value at 0 physical units.
  public var usedBaseline: Int { baseline ?? adcZero }

  /// How a header says "no unit": without this word it would mean mV.
  static let noUnit = "NU"

  /// The unit, `mV` where none is given.
  public var usedUnit: String? { unit == Self.noUnit ? nil : unit ?? "mV" }

  /// The signal's name: its description, or `signal0`, `signal1` … by position where there is none.
  public func name(at index: Int) -> String { description ?? "signal\(index)" }
}
