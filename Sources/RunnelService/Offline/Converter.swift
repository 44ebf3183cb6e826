import RunnelCore
import RunnelRecordings

/// What `runnel convert` does: a recording read, judged, and written in another format.
public struct Converter: Sendable {
  public var selection: RecordingSource.Selection
  /// Of a WFDB record; nil takes `atr` where there is one.
  public var annotator: String?
  public var allowsLoss: Bool
  /// Whether files of the output's names may be replaced.
  public var replaces: Bool
  public var library: String

  public init(
    selection: RecordingSource.Selection = .init(), annotator: String? = nil, allowsLoss: Bool = false,
    replaces: Bool = false, library: String = "runnel"
  ) {
    self.selection = selection
    self.annotator = annotator
    self.allowsLoss = allowsLoss
    self.replaces = replaces
    self.library = library
  }

  /// What became of it.
  public struct Result: Sendable, Hashable {
    public var input: String
    public var track: String
    public var rate: Double
    public var channels: [String]
    public var report: RecordingConversion.Report
    /// A sentence each; losses that were accepted come first.
    public var remarks: [String]

    /// `119.mcap: 650000 rows of MLII, V1 at 360 Hz, 2094 annotations`
    public var sentence: String {
      let marks = report.annotations > 0 ? ", \(report.annotations) annotations" : ""
      return "\(Phrase.list(report.files, "and")): \(report.rows) rows of \(channels.joined(separator: ", ")) "
        + "at \(Phrase.number(rate)) Hz\(marks)"
    }

    public var json: String {
      var writer = JSONWriter()
      writer.beginObject()
      writer.pair("input", input)
      writer.pair("track", track)
      writer.pair("rate", rate)
      for (name, texts) in [
        ("channels", channels), ("files", report.files), ("losses", report.losses), ("remarks", report.remarks),
      ] { writer.list(name, texts) { $1.write($0) } }
      writer.pair("rows", report.rows)
      writer.pair("annotations", report.annotations)
      writer.endObject()
      return writer.text
    }
  }

  /// - Parameter progress: hears how many rows are done, of how many; the recording is read twice.
  /// - Throws: `ServiceError`: 64 where the output's name says no format, or it belongs to the recording; 65 with what would
  ///   be lost, where nobody accepted it; 73 where a file is there that may not be replaced; 74 where the disk has no room
  ///   for a file whose size is known beforehand.
  public func convert(
    _ input: String, to output: String, progress: (_ done: Int, _ total: Int) -> Void = { _, _ in }
  ) throws(ServiceError) -> Result {
    guard let target = RecordingConversion.Target(of: output) else {
      let known = RecordingConversion.Target.allCases.map { ".\($0.rawValue)" }.joined(separator: ", ")
      throw ServiceError(.usage, "\(output): the name says no format that is written; end it in one of \(known)")
    }
    let places = target.files(of: output)
    try OutputPlace.check(places, apartFrom: [input])
    if !replaces { try OutputPlace.checkNew(places, remedy: "replace it with --force") }
    let (recording, track) = try selection.open(input)
    try files { () throws(RecordingError) in try recording.verify() }
    let described = recording.tracks[track]
    let total = 2 * described.rowCount
    let conversion = try files { () throws(RecordingError) in
      try RecordingConversion(
        recording, track: track, to: output, as: target,
        annotations: try annotations(of: recording, track, described.rate), library: library,
        progress: { progress($0, total) })
    }
    guard conversion.losses.isEmpty || allowsLoss else {
      throw ServiceError(
        .data,
        "\(output) cannot hold all of \(input): \(conversion.losses.joined(separator: "; ")); --allow-loss writes it so"
      )
    }
    if let size = conversion.filledSize {
      try DiskSpace.check(
        folderOf: output, for: size.bytes, remedy: "free some space, or write .mcap or .csv, which keep a gap as a gap")
    }
    let report = try files { () throws(RecordingError) in try conversion.write { progress(total / 2 + $0, total) } }
    return Result(
      input: input, track: described.name, rate: described.rate, channels: described.channels.map(\.name),
      report: report, remarks: report.losses + recording.remarks + report.remarks)
  }

  /// What goes with the samples: nothing where a WFDB record has no annotations and none were asked for.
  private func annotations(
    of recording: any Recording, _ track: Int, _ rate: Double
  ) throws(RecordingError) -> [Annotation] {
    do throws(RecordingError) { return try recording.annotations(of: annotator, on: track, rate: rate) } catch {
      guard recording.format == .wfdb, annotator == nil, error.kind == .notFound else { throw error }
      return []
    }
  }

  private func files<R>(_ body: () throws(RecordingError) -> R) throws(ServiceError) -> R {
    do throws(RecordingError) { return try body() } catch { throw ServiceError(error) }
  }
}
