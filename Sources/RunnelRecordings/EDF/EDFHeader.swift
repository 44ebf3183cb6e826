import RunnelCore

/// The header of an EDF, EDF+ or BDF file (docs/foreign-formats.md §8): 256 bytes, and 256 more for each signal.
public struct EDFHeader: Sendable, Hashable {
  /// Bits of a sample: 16, in BDF 24.
  public var bits = 16
  /// EDF+ or BDF+: continuous or not; nil of the plain formats.
  public var isContinuous: Bool?
  public var patient = ""
  public var recording = ""
  /// Nanoseconds since midnight, and the day; the header's clock, whose zone nobody knows.
  public var date: WFDBHeader.Date?
  public var time: Int64 = 0
  /// Of data records; nil where the header does not know (−1).
  public var recordCount: Int?
  /// Seconds of a data record.
  public var duration = 1.0
  public var signals: [Signal] = []

  public struct Signal: Sendable, Hashable {
    public var label = ""
    public var transducer = ""
    public var unit = ""
    public var physical = (-1.0)...1.0
    /// The physical value of the smallest digital one is the larger of the two.
    public var isInverted = false
    public var digital = -32768...32767
    public var filter = ""
    public var samples = 0

    public init() {}

    public var isAnnotations: Bool { label == "EDF Annotations" || label == "BDF Annotations" }

    /// Physical = raw × scale + offset.
    public var scaling: Channel.Scaling {
      let span = isInverted ? physical.lowerBound - physical.upperBound : physical.upperBound - physical.lowerBound
      let scale = span / Double(digital.upperBound - digital.lowerBound)
      let first = isInverted ? physical.upperBound : physical.lowerBound
      return .linear(scale: scale, offset: first - scale * Double(digital.lowerBound))
    }
  }

  public init() {}

  public static let mostSignals = 4096
  /// Bytes of a data record; the format recommends at most 61440.
  static let mostRecordBytes = 64 << 20

  public var size: Int { 256 * (signals.count + 1) }
  public var recordBytes: Int { signals.reduce(0) { $0 + $1.samples } * (bits / 8) }

  /// Row 0 in Unix nanoseconds, the clock taken for UTC.
  public var start: Int64? {
    guard let date else { return nil }
    var header = WFDBHeader(name: "")
    header.date = date
    header.time = time
    return header.start
  }
}

extension EDFHeader {
  static let remedy = "check that it is an EDF, EDF+ or BDF file and was copied whole"

  /// - Parameter bytes: the file's beginning, 256 × (signals + 1) bytes at least where there are so many.
  init(parsing bytes: [UInt8], file: String) throws(RecordingError) {
    var fields = FileFields(bytes, file: file, remedy: Self.remedy)
    let version = try fields.take(8, "the version")
    if version.elementsEqual([0xFF] + Array("BIOSEMI".utf8)) {
      bits = 24
    } else if !version.elementsEqual(Array("0       ".utf8)) {
      throw fields.malformed(at: 0, "'0' and seven spaces, or 0xFF and BIOSEMI", found: Self.shown(version))
    }
    patient = try Self.text(&fields, 80, "the patient")
    recording = try Self.text(&fields, 80, "the recording")
    (date, time) = try Self.clock(&fields)
    let size = try Self.number(&fields, 8, "the header's size")
    let reserved = try Self.text(&fields, 44, "the reserved field")
    if reserved.hasPrefix("EDF+C") || reserved.hasPrefix("BDF+C") { isContinuous = true }
    if reserved.hasPrefix("EDF+D") || reserved.hasPrefix("BDF+D") { isContinuous = false }
    let records = try Self.number(&fields, 8, "the number of data records")
    guard records >= -1, records < 1e12 else {
      throw fields.malformed(at: 236, "the number of data records, or -1", found: "\(records)")
    }
    recordCount = records < 0 ? nil : Int(records)
    duration = try Self.number(&fields, 8, "the duration of a data record")
    let count = try Self.number(&fields, 4, "the number of signals")
    guard count >= 1, count <= Double(Self.mostSignals), count == count.rounded() else {
      throw fields.malformed(at: 252, "1 to \(Self.mostSignals) signals", found: "\(count)")
    }
    guard duration >= 0, duration <= 1e6 else {
      throw fields.malformed(at: 244, "the seconds of a data record", found: "\(duration)")
    }
    guard size == 256 * (count + 1) else {
      throw fields.malformed(at: 184, "a header of \(256 * (Int(count) + 1)) bytes", found: "\(size)")
    }
    try readSignals(&fields, Int(count))
  }

  private mutating func readSignals(_ fields: inout FileFields, _ count: Int) throws(RecordingError) {
    signals = Array(repeating: Signal(), count: count)
    for k in 0..<count { signals[k].label = try Self.text(&fields, 16, "a label") }
    for k in 0..<count { signals[k].transducer = try Self.text(&fields, 80, "a transducer") }
    for k in 0..<count { signals[k].unit = try Self.text(&fields, 8, "a physical dimension") }
    // Annotation signals carry place holders, and some writers none at all.
    var limits: [[Double]] = []
    for what in ["physical minimum", "physical maximum", "digital minimum", "digital maximum"] {
      var column: [Double] = []
      for k in 0..<count {
        let place = fields.place
        let text = try Self.text(&fields, 8, "a \(what)")
        guard let value = Double(text), value.isFinite else {
          guard signals[k].isAnnotations else {
            throw fields.malformed(at: place, "the \(what) of '\(signals[k].label)'", found: Quoted.name(text))
          }
          column.append(0)
          continue
        }
        column.append(value)
      }
      limits.append(column)
    }
    for k in 0..<count where !signals[k].isAnnotations {
      let (low, high, least, most) = (limits[0][k], limits[1][k], limits[2][k], limits[3][k])
      let reach = Double(1 << (bits - 1))
      guard least < most, least >= -reach, most < reach, least == least.rounded(), most == most.rounded() else {
        throw fields.malformed(
          at: 256 + count * (16 + 80 + 8 + 8 + 8) + 8 * k,
          "a digital minimum below the maximum, in \(bits) bits, of '\(signals[k].label)'",
          found: "\(least) and \(most)")
      }
      guard low != high else {
        throw fields.malformed(
          at: 256 + count * (16 + 80 + 8) + 8 * k, "two physical limits of '\(signals[k].label)'", found: "\(low) twice"
        )
      }
      signals[k].physical = min(low, high)...max(low, high)
      signals[k].isInverted = low > high
      signals[k].digital = Int(least)...Int(most)
    }
    for k in 0..<count { signals[k].filter = try Self.text(&fields, 80, "a filter") }
    for k in 0..<count {
      let place = fields.place
      let samples = try Self.number(&fields, 8, "the samples in a data record")
      guard samples >= 0, samples <= Double(Self.mostRecordBytes), samples == samples.rounded() else {
        throw fields.malformed(at: place, "the samples in a data record", found: "\(samples)")
      }
      signals[k].samples = Int(samples)
    }
    guard (1...Self.mostRecordBytes).contains(recordBytes) else {
      throw fields.malformed(
        at: 256 + count * 216, "a data record of 1 to \(Self.mostRecordBytes) bytes", found: "\(recordBytes)")
    }
  }

  private static func clock(_ fields: inout FileFields) throws(RecordingError) -> (WFDBHeader.Date?, Int64) {
    let place = fields.place
    let day = try text(&fields, 8, "the start date")
    let clock = try text(&fields, 8, "the start time")
    // Anonymous files have a day that is none, or no digits at all: then nobody knows.
    let dates = day.split(separator: ".").map { Int($0) }
    let times = clock.split(whereSeparator: { $0 == "." || $0 == ":" }).map { Int64($0) }
    guard times.count == 3, let hour = times[0], let minute = times[1], let second = times[2],
      (0..<24).contains(hour), (0..<60).contains(minute), (0..<60).contains(second)
    else {
      if clock.contains(where: \.isNumber), times.count != 3 {
        throw fields.malformed(at: place + 8, "a start time, hh.mm.ss", found: Quoted.name(clock))
      }
      return (nil, 0)
    }
    let time = (hour * 3600 + minute * 60 + second) * 1_000_000_000
    guard dates.count == 3, let d = dates[0], let month = dates[1], let year = dates[2], (0..<100).contains(year),
      case let date = WFDBHeader.Date(day: d, month: month, year: year < 85 ? 2000 + year : 1900 + year), date.exists
    else { return (nil, time) }
    return (date, time)
  }

  private static func text(_ fields: inout FileFields, _ count: Int, _ what: String) throws(RecordingError) -> String {
    var text = HeaderLine.text(try fields.take(count, what))[...]
    while let last = text.unicodeScalars.last, last == " " || last == "\0" { text.removeLast() }
    while text.first == " " { text.removeFirst() }
    return String(text)
  }

  private static func number(
    _ fields: inout FileFields, _ count: Int, _ what: String
  ) throws(RecordingError) -> Double {
    let place = fields.place
    let text = try text(&fields, count, what)
    guard let value = Double(text), value.isFinite else {
      throw fields.malformed(at: place, "\(what), a number", found: Quoted.name(text))
    }
    return value
  }

  private static func shown(_ bytes: some Collection<UInt8>) -> String { Quoted.name(HeaderLine.text(bytes)) }
}
