import RunnelCore

/// Writes an EDF+ file, or with 24 bits a BDF+ file: one rate, annotations among the samples.
///
///     var writer = try EDFWriter("bed7.edf", channels: channels, rate: 360, annotations: beats)
///     try writer.append(samples)          // interleaved: (T, channels)
///     try writer.finish()
///
/// Without channels it is a file of annotations only. Physical limits have eight characters in the header, which cannot
/// say every scaling exactly (`EDFHeader.Signal.made`). The last data record is filled up
/// with the last row. The file appears with `finish`, or not at all.
public struct EDFWriter: ~Copyable {
  /// Rows appended so far.
  public private(set) var rows = 0
  /// Rows of a data record.
  public let recordRows: Int
  /// The rate that the header can say; off by less than 1e-6 of the one asked for.
  public let rate: Double

  private var file: AtomicFile
  private let header: EDFHeader
  /// The lists of each record, in order; behind the last one records have their time only.
  private let lists: [[UInt8]]
  private let listBytes: Int
  /// The rows of the open record, one signal after the other.
  private var block: [Int32]
  private var filled = 0
  private var records = 0
  private var last: [Int32]

  /// - Parameters:
  ///   - bits: 16 or 24.
  ///   - start: row 0 in Unix nanoseconds, written as UTC; nil writes the day that EDF has for nobody knows.
  ///   - subject: the patient's code.
  ///   - annotations: all of them; they lie among the samples.
  /// - Throws: `unsupported` for names and scalings that the header cannot say; `cannotCreate` and so on.
  public init(
    _ path: String, channels: [Channel], rate: Double, bits: Int = 16, start: Int64? = nil, subject: String? = nil,
    annotations: [Annotation] = [], library: String = "runnel"
  ) throws(RecordingError) {
    precondition(bits == 16 || bits == 24, "EDF has 16 bits, BDF 24")
    precondition(rate > 0 && rate.isFinite, "a rate is positive")
    let record = Self.record(rate: rate)
    let lists = Self.lists(annotations, rate: rate, duration: record.duration)
    // Bytes of a list fill whole samples.
    let size = bits / 8
    let listBytes = (max(48, (lists.map(\.count).max() ?? 0) + 32) + size - 1) / size * size
    var header = EDFHeader()
    header.bits = bits
    header.isContinuous = true
    header.duration = record.duration
    header.place(at: start)
    header.patient = "\(Self.word(subject)) X X X"
    header.recording = "Startdate \(header.writtenDay) X X \(Self.word(library))"
    for channel in channels {
      header.signals.append(try EDFHeader.Signal.made(of: channel, bits: bits, rows: record.rows, file: path).0)
    }
    var keeper = EDFHeader.Signal()
    keeper.label = bits == 24 ? "BDF Annotations" : "EDF Annotations"
    keeper.digital = -(1 << (bits - 1))...(1 << (bits - 1)) - 1
    keeper.samples = listBytes / size
    header.signals.append(keeper)
    var output = try AtomicFile(path)
    try output.append(header.encoded(records: 0))
    file = output
    recordRows = record.rows
    self.rate = Double(record.rows) / record.duration
    self.header = header
    self.lists = lists
    self.listBytes = listBytes
    block = Array(repeating: 0, count: channels.count * record.rows)
    last = Array(repeating: 0, count: channels.count)
  }

  /// Eight digits.
  private static let mostRecords = 99_999_999

  /// Whether a header can say one record more than these.
  ///
  /// - Throws: `unsupported`.
  static func checkRoom(behind records: Int, in path: String) throws(RecordingError) {
    guard records < mostRecords else {
      throw RecordingError(
        .unsupported, file: path, "more than \(mostRecords) data records, which a header cannot say",
        remedy: "write MCAP or CSV")
    }
  }

  /// Whole rows in a time that eight characters say exactly, about a second long; else as nearly as they can.
  private static func record(rate: Double) -> (rows: Int, duration: Double) {
    for duration in [1.0, 2, 4, 5, 8, 10, 16, 20, 25, 32, 40, 50, 64, 80, 100] {
      let rows = rate * duration
      if rows >= 1, rows == rows.rounded(), rows < 1e7 { return (Int(rows), duration) }
    }
    let rows = Int(max(1, min(rate, 1e7)).rounded())
    return (rows, Double(EDFHeader.eight(Double(rows) / rate)) ?? 1)
  }

  /// The bytes of the annotations that begin in each record.
  private static func lists(_ annotations: [Annotation], rate: Double, duration: Double) -> [[UInt8]] {
    var lists: [[UInt8]] = []
    for annotation in annotations {
      let seconds = Double(annotation.at) / rate
      let record = Int(max(0, min((seconds / duration).rounded(.down), 1e6)))
      while lists.count <= record { lists.append([]) }
      lists[record] +=
        EDFAnnotation(
          onset: seconds, duration: Double(annotation.length) / rate, texts: [annotation.label]
        ).encoded
    }
    return lists
  }

  /// Appends rows (T, channels).
  ///
  /// - Throws: `unsupported` for a value beyond the bits, `writeFailed`.
  public mutating func append(_ samples: [Int32]) throws(RecordingError) {
    let width = last.count
    guard width > 0 else { return }
    precondition(samples.count % width == 0, "rows are whole")
    for first in stride(from: 0, to: samples.count, by: width) {
      for channel in 0..<width {
        let value = samples[first + channel]
        guard header.signals[channel].digital.contains(Int(value)) else {
          throw RecordingError(
            .unsupported, file: file.path,
            "row \(rows), signal \(channel): value \(value) does not fit \(header.bits) bits",
            remedy: "write BDF, or a format of more bits")
        }
        block[channel * recordRows + filled] = value
        last[channel] = value
      }
      rows += 1
      filled += 1
      if filled == recordRows { try writeRecord() }
    }
  }

  private mutating func writeRecord() throws(RecordingError) {
    try Self.checkRoom(behind: records, in: file.path)
    var bytes: [UInt8] = []
    bytes.reserveCapacity(block.count * header.bits / 8 + listBytes)
    for value in block {
      for byte in 0..<Int32(header.bits / 8) { bytes.append(UInt8(truncatingIfNeeded: value >> (8 * byte))) }
    }
    var list = EDFAnnotation(onset: Double(records) * header.duration, duration: 0, texts: [""]).encoded
    if records < lists.count { list += lists[records] }
    bytes += list + Array(repeating: 0, count: listBytes - list.count)
    try file.append(bytes)
    records += 1
    filled = 0
  }

  /// Fills the last record up and completes the header. Nothing may be appended afterwards.
  public mutating func finish() throws(RecordingError) {
    while filled > 0 {
      for channel in last.indices { block[channel * recordRows + filled] = last[channel] }
      filled += 1
      if filled == recordRows { try writeRecord() }
    }
    // Annotations behind the last row, and those of a file that has no rows.
    while records < max(lists.count, 1) { try writeRecord() }
    try file.patch(Array(EDFHeader.padded("\(records)", 8)), at: 236)
    try file.finish()
  }

  /// A word of a header's field, where spaces separate words.
  private static func word(_ text: String?) -> String {
    guard let text, !text.isEmpty else { return "X" }
    return String(text.map { $0 == " " ? "_" : $0 })
  }
}
