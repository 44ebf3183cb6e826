import RunnelCore

/// A recording written anew in another format, its annotations with it.
///
///     let target = RecordingConversion.Target(of: "sleep.hea")       // what a name ends in says the format; nil: none
///     var conversion = try RecordingConversion(recording, track: 0, to: "sleep.hea", as: target!, annotations: [])
///     guard conversion.losses.isEmpty else { … }       // what the format cannot hold, a sentence each
///     let report = try conversion.write()
///
/// Samples that are whole numbers and fit stay as they are, with their scaling; what does not fit is a loss, and is only
/// written by who accepted it.
public struct RecordingConversion {
  public enum Target: String, Sendable, CaseIterable {
    case mcap
    case wfdb = "hea"
    case edf
    case bdf
    case csv

    public init?(of path: String) {
      let ending = path.lastComponent.split(separator: ".", omittingEmptySubsequences: false).last ?? ""
      self.init(rawValue: ending.lowercased())
    }

    var title: String { self == .wfdb ? "WFDB" : rawValue.uppercased() }
    /// Of EDF and BDF.
    var bits: Int { self == .bdf ? 24 : 16 }

    /// What is written where the output has this name; the file with the annotations only where there are some.
    public func files(of output: String) -> [String] {
      let base = String(output.dropLast(4))
      return switch self {
      case .mcap, .edf, .bdf: [output]
      case .wfdb: [base + ".hea", base + ".dat", base + ".atr"]
      case .csv: [output, base + ".labels.csv"]
      }
    }
  }

  /// What became of it.
  public struct Report: Sendable, Hashable {
    public var files: [String] = []
    public var rows = 0
    public var annotations = 0
    /// What the format could not hold.
    public var losses: [String] = []
    /// What an operator may want to know.
    public var remarks: [String] = []
  }

  public let recording: any Recording
  public let track: Int
  public let output: String
  public let target: Target
  public let annotations: [Annotation]
  /// What the target cannot hold, a sentence each.
  public private(set) var losses: [String] = []
  private(set) var remarks: [String] = []

  let survey: TrackSurvey
  var described: Track { recording.tracks[track] }
  var rows: RawRows { RawRows(recording: recording, track: track) }
  /// What the stream is called.
  let stream: String
  let library: String

  /// Reads the recording once, to know what the target must hold.
  ///
  /// - Parameters:
  ///   - annotations: what goes with it.
  ///   - progress: hears of the rows read.
  /// - Throws: `unsupported` for tracks without rate or signals; what reading throws.
  public init(
    _ recording: any Recording, track: Int, to output: String, as target: Target, annotations: [Annotation],
    library: String = "runnel", progress: (Int) -> Void = { _ in }
  ) throws(RecordingError) {
    self.recording = recording
    self.track = track
    self.output = output
    self.target = target
    self.annotations = annotations
    self.library = library
    stream = recording.name
    let described = recording.tracks[track]
    guard described.rate > 0, !described.channels.isEmpty else {
      throw RecordingError(
        .unsupported, file: recording.path, "track '\(described.name)' has no rate: its samples come when they come",
        remedy: "choose another track, or resample it first")
    }
    survey = try TrackSurvey(RawRows(recording: recording, track: track), progress: progress)
    judge()
  }

  // MARK: what is lost

  private mutating func judge() {
    switch target {
    case .mcap:
      if described.start != nil, timestamp(of: Int64(described.end)) == nil {
        note("times more than 146 years from 1970 are left out: no message has them")
      }
    case .csv: if described.element == .int64 { note("numbers beyond 2^53 are rounded") }
    case .wfdb: judgeIntegers(bits: 32)
    case .edf, .bdf: judgeIntegers(bits: target.bits)
    }
    if target == .wfdb, annotations.contains(where: { $0.length > 0 }) {
      losses.append("annotations have lengths, which WFDB has no place for: only their beginnings are kept")
    }
    if target == .wfdb, annotations.contains(where: { $0.text.utf8.count > 255 }) {
      losses.append("texts of more than 255 bytes are cut")
    }
    if target != .wfdb, annotations.contains(where: { $0.subtype != 0 || $0.number != 0 || $0.channel != 0 }) {
      note("subtypes, numbers and channels of annotations are left out")
    }
    if target != .wfdb, !recording.comments.isEmpty { note("the comments of the record's header are left out") }
  }

  private mutating func judgeIntegers(bits: Int) {
    let plans = integerPlans
    let names = zip(described.channels, plans).filter { !$1.isExact }.map { Quoted.name($0.0.name) }
    if !names.isEmpty {
      losses.append("values of \(names.joined(separator: ", ")) are rounded to steps of \(bits) bits")
    }
    if survey.infinities > 0 { losses.append("\(survey.infinities) infinite values become missing samples") }
    if origin > 0 {
      note("row 0 of the file is row \(origin) of the recording, the first there is: \(target.title) has no index")
    }
    if let excess = filledSize?.excess { losses.append("\(excess) (.mcap and .csv keep a gap as a gap)") }
    guard target != .wfdb else {
      if gapRows > 0 { note("\(gapRows) rows of gaps become missing samples") }
      return
    }
    let errors = plans.compactMap { plan -> Double? in
      (try? EDFHeader.Signal.made(of: plan.channel, bits: bits, rows: 1, file: output))?.error
    }
    if let error = errors.max(), error > 0.05 {
      losses.append(
        "physical values are off by up to \(Float(error)) of a step: the header has eight characters for them")
    }
    let missing = survey.extents.reduce(0) { $0 + $1.missing }
    if missing > 0 { losses.append("\(missing) missing samples become the smallest number that \(target.title) has") }
    if gapRows > 0 { losses.append("\(gapRows) rows of gaps become the smallest number that \(target.title) has") }
  }

  /// The first row that is there: row 0 of a file of WFDB or EDF, which have no index.
  var origin: Int { described.runs.first?.lowerBound ?? 0 }

  /// When that row was.
  private var originTime: Int64? { described.time(ofRow: Int64(origin)) }

  /// Counted from that row.
  private var movedAnnotations: [Annotation] {
    annotations.map { annotation in
      var moved = annotation
      moved.at -= Int64(origin)
      return moved
    }
  }

  private mutating func note(_ sentence: String) { remarks.append(sentence) }

  /// The numbers that stay free for what is missing.
  var integerRange: ClosedRange<Int> {
    let bits = target == .wfdb ? 32 : target.bits
    return -(1 << (bits - 1)) + 1...(1 << (bits - 1)) - 1
  }

  var integerPlans: [IntegerPlan] {
    zip(described.channels, survey.extents).map {
      IntegerPlan($0, $1, range: integerRange, needsWholeBaseline: target == .wfdb)
    }
  }

  // MARK: writing

  /// Writes the output, whole or not at all.
  ///
  /// - Parameter progress: hears of the rows written.
  public func write(progress: (Int) -> Void = { _ in }) throws(RecordingError) -> Report {
    var report = Report(losses: losses, remarks: remarks)
    report.rows = described.rowCount
    report.annotations = annotations.count
    switch target {
    case .mcap: try writeMCAP(progress)
    case .wfdb: try writeWFDB(&report, progress)
    case .edf, .bdf: try writeEDF(&report, progress)
    case .csv: try writeCSV(&report, progress)
    }
    report.files.insert(target.files(of: output)[0], at: 0)
    return report
  }

  private func writeWFDB(_ report: inout Report, _ progress: (Int) -> Void) throws(RecordingError) {
    let plans = integerPlans
    let width = plans.count
    let format = wfdbFormat
    let missing = format.missing
    var comments = recording.comments
    if let subject = recording.subject { comments.append("subject: \(subject)") }
    let base = String(output.dropLast(4))
    var writer = try WFDBWriter(
      base, channels: plans.map(\.channel), rate: described.rate, format: format, start: originTime,
      information: comments)
    var next = origin
    let blank = [Int32](repeating: missing, count: width * RawRows.blockRows)
    try rows.forEach(progress: progress) { (first, values) throws(RecordingError) in
      while next < first {
        let count = min(RawRows.blockRows, first - next)
        try writer.append(blank[..<(count * width)])
        next += count
      }
      try writer.append(
        values.enumerated().map { $1.isFinite ? plans[$0 % width].written($1) : missing })
      next += values.count / width
    }
    if !annotations.isEmpty {
      try AnnotationFile(movedAnnotations.map(Self.mark)).write(to: base + ".atr")
      report.files.append(base + ".atr")
    }
    try writer.finish()
    report.files.append(base + ".dat")
    report.remarks.append("the samples are in format \(format.rawValue)")
  }

  /// What the MIT format can say of a mark: a text that is too long is cut.
  private static func mark(_ annotation: Annotation) -> Annotation {
    var mark = annotation
    while mark.text.utf8.count > 255 { mark.text.removeLast() }
    return mark
  }

  private func writeEDF(_ report: inout Report, _ progress: (Int) -> Void) throws(RecordingError) {
    let plans = integerPlans
    let width = plans.count
    let missing = Int32(integerRange.lowerBound - 1)
    var writer = try EDFWriter(
      output, channels: plans.map(\.channel), rate: described.rate, bits: target.bits, start: originTime,
      subject: recording.subject, annotations: movedAnnotations, library: library)
    var next = origin
    let blank = [Int32](repeating: missing, count: width * RawRows.blockRows)
    try rows.forEach(progress: progress) { (first, values) throws(RecordingError) in
      while next < first {
        let count = min(RawRows.blockRows, first - next)
        try writer.append(Array(blank[..<(count * width)]))
        next += count
      }
      try writer.append(values.enumerated().map { $1.isFinite ? plans[$0 % width].written($1) : missing })
      next += values.count / width
    }
    let rest = writer.rows % writer.recordRows
    if rest > 0 {
      report.remarks.append("the last data record is filled up with \(writer.recordRows - rest) times the last row")
    }
    if abs(writer.rate - described.rate) > 1e-9 * described.rate {
      report.remarks.append("the header says \(writer.rate) Hz for \(described.rate) Hz")
    }
    try writer.finish()
  }

  private func writeCSV(_ report: inout Report, _ progress: (Int) -> Void) throws(RecordingError) {
    let width = described.channels.count
    let scalings = described.channels.map(\.scaling)
    var writer = try CSVWriter(output, channels: described.channels, rate: described.rate, start: described.start)
    try rows.forEach(progress: progress) { (first, values) throws(RecordingError) in
      let physical = values.enumerated().map { scalings[$0 % width].physical($1) }
      for row in 0..<values.count / width {
        try writer.append(physical[row * width..<(row + 1) * width], at: first + row)
      }
    }
    if !annotations.isEmpty {
      let path = String(output.dropLast(4)) + ".labels.csv"
      let rows = annotations.map { mark in
        LabelTable.Row(
          first: mark.at, count: mark.length, time: described.time(ofRow: mark.at), label: mark.label)
      }
      try LabelTable.write(rows, to: path)
      report.files.append(path)
    }
    try writer.finish()
  }
}
