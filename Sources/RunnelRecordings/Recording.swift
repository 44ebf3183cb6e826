import RunnelCore

/// A recording open for reading, whatever its format: signals on tracks, marks beside them.
///
///     let recording = try RecordingFormat.open("sleep.edf")
///     for track in recording.tracks { print(track.name, track.rate, track.channels.map(\.name), track.runs) }
///     try recording.read(0..<4096, of: 0, into: buffer)
///
/// Samples stay as they were stored, in little-endian order; the channels say how to scale them and which stored value
/// means that there is none. Rows are read a block at a time, in bounded memory, from any place.
public protocol Recording: AnyObject {
  /// Of the file that was named.
  var path: String { get }
  var format: RecordingFormat { get }
  /// What a stream made of it is called where nobody says otherwise.
  var name: String { get }
  /// Whose signal it is, as far as the file says.
  var subject: String? { get }
  /// Free lines, without what marks them as such.
  var comments: [String] { get }
  var tracks: [Track] { get }
  /// What an operator should know of how it was read, a sentence each.
  var remarks: [String] { get }

  /// Fills `target` (rows, channels) with rows that lie in one run of a track.
  ///
  /// - Throws: `length` where the file was cut since it was opened, `readFailed`, `malformed`.
  func read(_ rows: Range<Int>, of track: Int, into target: UnsafeMutableRawBufferPointer) throws(RecordingError)

  /// Compares the samples with the checksums that the file or its header states, where the format has any.
  ///
  /// - Throws: `checksum`.
  func verify() throws(RecordingError)

  /// The marks in the file, or where the format keeps them beside it in that of the annotator (nil: `atr`), in order.
  ///
  /// - Parameters:
  ///   - track: from whose row 0 places are counted; nil: from the beginning of the recording.
  ///   - rate: the rows a second in which they are counted.
  func annotations(
    of annotator: String?, on track: Int?, rate: Double
  ) throws(RecordingError) -> [Annotation]
}

/// Signals of one rate, sampled together: what can be sent as one stream.
public struct Track: Sendable, Hashable {
  /// By which a user chooses it, in a recording that has several.
  public var name: String
  /// Rows a second; 0 where samples come when they come.
  public var rate: Double
  public var channels: [Channel]
  /// Of every channel as it is read.
  public var element: ElementType
  /// The rows that are there, in order; between two runs nothing was recorded, or it was lost.
  public var runs: [Range<Int>]
  /// Row 0 in Unix nanoseconds; nil where nobody knows.
  public var start: Int64?

  public init(
    name: String, rate: Double, channels: [Channel], element: ElementType, runs: [Range<Int>], start: Int64? = nil
  ) {
    self.name = name
    self.rate = rate
    self.channels = channels
    self.element = element
    self.runs = runs.filter { !$0.isEmpty }
    self.start = start
  }

  /// Where the last row ends; gaps count.
  public var end: Int { runs.last?.upperBound ?? 0 }
  /// When a row was, in Unix nanoseconds; nil where nobody knows, or the number would not fit.
  public func time(ofRow row: Int64) -> Int64? {
    guard let (time, overflows) = start?.addingReportingOverflow(Int64(nearest: Double(row) / rate * 1e9)) else {
      return nil
    }
    return overflows ? nil : time
  }

  /// Rows that are there.
  public var rowCount: Int { runs.reduce(0) { $0 + $1.count } }
  public var bytesPerRow: Int { channels.count * element.size }

  /// Joins runs that touch.
  static func joined(_ runs: some Sequence<Range<Int>>) -> [Range<Int>] {
    var joined: [Range<Int>] = []
    for run in runs where !run.isEmpty {
      if let last = joined.last, last.upperBound == run.lowerBound {
        joined[joined.count - 1] = last.lowerBound..<run.upperBound
      } else {
        joined.append(run)
      }
    }
    return joined
  }
}

extension Recording {
  public var subject: String? { nil }
  public var comments: [String] { [] }
  public var remarks: [String] { [] }
  public func verify() throws(RecordingError) {}
  public func annotations(
    of annotator: String?, on track: Int?, rate: Double
  ) throws(RecordingError) -> [Annotation] { [] }

  /// The same as an array of bytes.
  public func bytes(_ rows: Range<Int>, of track: Int) throws(RecordingError) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: rows.count * tracks[track].bytesPerRow)
    let outcome: Result<Void, RecordingError> = bytes.withUnsafeMutableBytes { raw in
      do throws(RecordingError) { return .success(try read(rows, of: track, into: raw)) } catch {
        return .failure(error)
      }
    }
    try outcome.get()
    return bytes
  }
}
