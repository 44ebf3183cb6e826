import RunnelCore

/// The kinds of recordings that are read, and how a file shows which it is.
///
/// The content decides where the format has a mark of its own; the name only where it has none.
public enum RecordingFormat: String, Sendable, Hashable, CaseIterable {
  case wfdb
  case edf
  case bdf
  case sigmf
  case wav
  case csv
  case xdf
  case mcap

  /// As people write it.
  public var title: String {
    switch self {
    case .wfdb: "WFDB"
    case .sigmf: "SigMF"
    default: rawValue.uppercased()
    }
  }

  /// Opens a recording.
  ///
  /// - Parameter rate: Hz, for a file that does not say it.
  /// - Throws: `notFound`, `permission`, `notAFile`; `unsupported` for what is none of these formats; what the format's
  ///   reader throws.
  public static func open(_ path: String, rate: Double? = nil) throws(RecordingError) -> any Recording {
    switch try detect(path) {
    case .wfdb: try WFDBRecording(path)
    case .edf, .bdf: try EDFRecording(path)
    case .sigmf: try SigMFRecording(path, rate: rate)
    case .wav: try WAVRecording(path)
    case .csv: try CSVRecording(path, rate: rate)
    case .xdf: try XDFRecording(path)
    case .mcap: try MCAPRecording(path)
    }
  }

  /// Which format a file has. `NAME` alone is a WFDB record where `NAME.hea` is there, or a SigMF recording.
  public static func detect(_ path: String) throws(RecordingError) -> RecordingFormat {
    if path.hasSuffix(".hea") { return .wfdb }
    if path.hasSuffix(".sigmf-meta") || path.hasSuffix(".sigmf-data") { return .sigmf }
    let file: OpenFile
    do throws(RecordingError) { file = try OpenFile(path, regularOnly: true) } catch {
      guard error.kind == .notFound || error.kind == .notAFile else { throw error }
      if isThere(path + ".sigmf-meta") { return .sigmf }
      // A name without an ending that is not there is a record whose header is missed.
      if isThere(path + ".hea") || error.kind == .notFound && !path.lastComponent.contains(".") { return .wfdb }
      throw error
    }
    let head = try file.bytes(at: 0, count: 512)
    if let format = signed(head) { return format }
    return try unsigned(head, path)
  }

  /// By the mark at the file's beginning.
  static func signed(_ head: [UInt8]) -> RecordingFormat? {
    func begins(_ text: String, at place: Int = 0) -> Bool { head.dropFirst(place).starts(with: text.utf8) }
    if begins("0       ") { return .edf }
    if head.first == 0xFF, begins("BIOSEMI", at: 1) { return .bdf }
    if begins("WAVE", at: 8), begins("RIFF") || begins("RF64") || begins("BW64") { return .wav }
    if begins("XDF:") { return .xdf }
    if head.starts(with: MCAPMagic.bytes) { return .mcap }
    return nil
  }

  /// What has no mark: text is CSV, and of some others it is known what to do.
  private static func unsigned(_ head: [UInt8], _ path: String) throws(RecordingError) -> RecordingFormat {
    if head.starts(with: [0x1F, 0x8B]) {
      throw unknown(path, "is compressed with gzip", "unpack it with gunzip first")
    }
    if path.hasSuffix(".sigmf") {
      throw unknown(path, "is an archive", "unpack it with tar xf, and name the .sigmf-meta")
    }
    if path.hasSuffix(".dat") {
      throw unknown(path, "holds samples without a header", "name the record's header, NAME.hea")
    }
    let isText = !head.isEmpty && !head.contains { $0 < 0x20 && ![0x09, 0x0A, 0x0D].contains($0) || $0 == 0x7F }
    guard isText else {
      let found = head.isEmpty ? "is empty" : "begins with bytes of no known format"
      throw unknown(path, found, "give a \(allCases.map(\.title).joined(separator: ", ")) file")
    }
    return .csv
  }

  private static func unknown(_ path: String, _ problem: String, _ remedy: String) -> RecordingError {
    RecordingError(.unsupported, file: path, at: .byte(0), problem, remedy: remedy)
  }

  private static func isThere(_ path: String) -> Bool { (try? OpenFile(path, regularOnly: true)) != nil }

  /// How a track is called that has nothing but its rate: `256Hz`.
  static func name(ofRate rate: Double) -> String { Int(exactly: rate).map { "\($0)Hz" } ?? "\(rate)Hz" }

  /// A file's name without folder and extension.
  static func name(ofFile path: String) -> String {
    let name = path.lastComponent
    guard let dot = name.lastIndex(of: "."), dot != name.startIndex else { return String(name) }
    return String(name[..<dot])
  }
}

extension String {
  /// Behind the last slash.
  var lastComponent: Substring { split(separator: "/", omittingEmptySubsequences: false).last ?? "" }
  /// Up to the last slash and with it, so that a file's name can follow.
  var folder: String { String(dropLast(lastComponent.count)) }
}
