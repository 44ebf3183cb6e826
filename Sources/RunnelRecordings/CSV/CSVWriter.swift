import RunnelCore

/// Writes a table of text: `sample`, the time, and a column for each channel, in physical units.
///
///     sample,t_ns,MLII [mV],V1 [mV]
///     0,1700000000000000000,-0.145,-0.065
///
/// The time is `t_ns`, in Unix nanoseconds, where the start is known, else `time_s` from row 0 on. Missing samples are
/// empty; rows of a gap are not there, and the sample index jumps.
public struct CSVWriter: ~Copyable {
  public private(set) var rows = 0
  private var file: AtomicFile
  private let rate: Double
  private let start: Int64?

  /// - Throws: `cannotCreate` and so on.
  public init(_ path: String, channels: [Channel], rate: Double, start: Int64?) throws(RecordingError) {
    self.rate = rate
    self.start = start
    let names = channels.map { Self.field($0.name + ($0.unit.map { " [\($0)]" } ?? "")) }
    let line = (["sample", start == nil ? "time_s" : "t_ns"] + names).joined(separator: ",") + "\n"
    var output = try AtomicFile(path)
    try output.append(line.utf8)
    file = output
  }

  /// Appends the row at an index; NaN is a missing sample.
  public mutating func append(_ values: ArraySlice<Double>, at index: Int) throws(RecordingError) {
    var line = "\(index),"
    let seconds = Double(index) / rate
    line += start.map { "\($0.addingClamped(Int64(nearest: seconds * 1e9)))" } ?? "\(seconds)"
    for value in values { line += value.isNaN ? "," : Int64(exactly: value).map { ",\($0)" } ?? ",\(value)" }
    line += "\n"
    try file.append(line.utf8)
    rows += 1
  }

  public mutating func finish() throws(RecordingError) { try file.finish() }

  /// In quotes where it would be taken for several.
  static func field(_ text: String) -> String {
    guard text.utf8.contains(where: { [0x2C, 0x22, 0x0A, 0x0D, 0x23, 0x25].contains($0) }) else { return text }
    return "\"" + text.replacing("\"", with: "\"\"").replacing("\n", with: " ").replacing("\r", with: " ") + "\""
  }
}
