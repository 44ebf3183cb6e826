import RunnelCore
import RunnelRecordings
import RunnelSignal

/// Writes a synthetic ECG as a WFDB record: `PATH.hea`, `PATH.dat`, and its true beats as `PATH.atr`.
///
///     let written = try SyntheticRecord(.init(seconds: 60, seed: 7)).write(to: "synth/bed7", format: .format212)
///
/// The header says that the samples were computed, and how; a replay of it says so too.
public struct SyntheticRecord: Sendable {
  /// What became of it.
  public struct Written: Sendable, Hashable {
    public var header: String
    public var rows: Int
    public var beats: Int
    public var ventricular: Int
    public var supraventricular: Int
    /// Samples beyond ±10.2 mV.
    public var clipped: Int

    /// `synth/bed7.hea: 21600 rows, 72 beats (7 ventricular, 4 supraventricular)`
    public var sentence: String {
      "\(header): \(rows) rows, \(beats) beats (\(ventricular) ventricular, \(supraventricular) supraventricular)"
        + (clipped > 0 ? ", \(clipped) samples clipped at 10.2 mV" : "")
    }

    public var json: String {
      var writer = JSONWriter()
      writer.beginObject()
      writer.pair("header", header)
      writer.pair("rows", rows)
      writer.pair("beats", beats)
      writer.pair("ventricular", ventricular)
      writer.pair("supraventricular", supraventricular)
      writer.pair("clipped", clipped)
      writer.endObject()
      return writer.withBytes { String(decoding: $0, as: UTF8.self) }
    }
  }

  public let settings: SyntheticECG.Settings

  /// - Parameter settings: with a length.
  public init(_ settings: SyntheticECG.Settings) {
    precondition(settings.seconds != nil, "a record has an end")
    self.settings = settings
  }

  /// - Parameters:
  ///   - path: with or without `.hea`.
  ///   - progress: hears of the rows written, once a minute of signal.
  /// - Throws: `usage` for the settings, `cannotCreate` and `inputOutput` for the files; a record is only replaced that is
  ///   synthetic itself.
  public func write(
    to path: String, format: WFDBFormat, progress: (Int) -> Void = { _ in }
  ) throws(ServiceError) -> Written {
    let base = path.hasSuffix(".hea") ? String(path.dropLast(4)) : path
    let source = try SyntheticSource(settings, stream: "synthetic")
    let there = try? WFDBHeader(contentsOf: base + ".hea")
    if there?.information.contains(RecordingSource.syntheticMark) != true {
      try OutputPlace.checkNew([".hea", ".dat", ".atr"].map { base + $0 }, remedy: "remove it")
    }
    var beats: [Annotation] = []
    source.heard = { beats += $0 }
    do throws(RecordingError) {
      var writer = try WFDBWriter(
        base, channels: source.description.channels, rate: settings.rate, format: format,
        information: information)
      let minute = max(1, Int(settings.rate * 60))
      while true {
        let payload = source.next(rows: minute)
        if payload.isEmpty { break }
        try writer.append(payload.bindMemory(to: Int16.self))
        progress(writer.rows)
      }
      // The header comes last, so that who sees one finds its annotations.
      try AnnotationFile(beats).write(to: base + ".atr")
      try writer.finish()
      return Written(
        header: base + ".hea", rows: writer.rows, beats: beats.count,
        ventricular: beats.count { $0.code.symbol == "V" }, supraventricular: beats.count { $0.code.symbol == "A" },
        clipped: source.clipped)
    } catch { throw ServiceError(error) }
  }

  /// Comment lines of the header: all that is needed to make the record again.
  private var information: [String] {
    [
      RecordingSource.syntheticMark,
      "runnel synth ecg, seed \(settings.seed), \(Phrase.number(settings.meanHeartRate)) beats/min",
      "ventricular \(settings.ventricularFraction), supraventricular \(settings.supraventricularFraction)",
      "wander \(settings.wander) mV, muscle \(settings.muscle) mV, mains \(settings.mains) mV at "
        + "\(Phrase.number(settings.mainsFrequency)) Hz",
    ]
  }
}
