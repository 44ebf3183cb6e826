import RunnelCore

/// The marks in a file of whatever kind: an annotation file of the MIT format, EDF+ and the other recordings that carry
/// marks, a table of text.
public enum AnnotationReader {
  /// - Parameter rate: rows a second in which places are counted.
  /// - Throws: `notFound` and so on; what the reader of the format throws.
  public static func annotations(in path: String, rate: Double) throws(RecordingError) -> [Annotation] {
    if path.hasSuffix(".sigmf-meta") { return try own(path, rate) }
    let file = try OpenFile(path, regularOnly: false)
    // A pipe has no beginning to look at before it is read.
    guard file.isRegular else { return try AnnotationFile(contentsOf: path).annotations(rate: rate) }
    let head = try file.bytes(at: 0, count: 4096)
    if RecordingFormat.signed(head) != nil { return try own(path, rate) }
    let line = AnnotationTable.withoutMark(head.prefix { $0 != 0x0A && $0 != 0x0D })
    if AnnotationTable.isOne(line) { return try AnnotationTable.annotations(in: path, rate: rate) }
    return try binary(path).annotations(rate: rate)
  }

  /// What the places in a file of marks count.
  public enum Counting: Sendable, Hashable {
    /// Rows of the recording it belongs to.
    case rows
    /// Ticks of its own, so many a second: of a file that states them, or of samples beside the marks.
    case ticks(Double)
    /// Seconds, so that somebody has to say how many rows each has.
    case seconds
  }

  /// - Throws: as `annotations`.
  public static func counting(in path: String) throws(RecordingError) -> Counting {
    let head = try ByteFile.beginning(of: path, count: 4096)
    if path.hasSuffix(".sigmf-meta") || RecordingFormat.signed(head) != nil {
      let rates = Set(try RecordingFormat.open(path).tracks.map(\.rate))
      return rates.count == 1 ? .ticks(rates.first ?? 0) : .seconds
    }
    let line = AnnotationTable.withoutMark(head.prefix { $0 != 0x0A && $0 != 0x0D })
    if AnnotationTable.isOne(line) { return AnnotationTable.countsSeconds(line) ? .seconds : .rows }
    return head.isEmpty ? .rows : try binary(path).resolution.map { .ticks($0) } ?? .rows
  }

  private static func binary(_ path: String) throws(RecordingError) -> AnnotationFile {
    guard !path.hasSuffix(".hea") else {
      throw RecordingError(
        .unsupported, file: path, "is the header of a record, which has no marks",
        remedy: "name the file of its annotations, for example \(path.dropLast(3))atr")
    }
    return try AnnotationFile(contentsOf: path)
  }

  private static func own(_ path: String, _ rate: Double) throws(RecordingError) -> [Annotation] {
    try RecordingFormat.open(path).annotations(of: nil, on: nil, rate: rate)
  }
}
