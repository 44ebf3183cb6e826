import RunnelCore
import RunnelPipeline
import RunnelRecordings
import RunnelWire

/// The rows of one track of a recording, as they were stored, with gain, offset, unit and missing value in the
/// description.
///
///     let source = try RecordingSource("mitdb/119.hea", from: .seconds(60))
///     source.first    // 21600: the recording's own index goes on the wire, so a subscriber joins mid-stream
///
/// Gaps of the recording stay gaps: `nextIndex` jumps. Sums that the file states are verified before the first row is
/// given, since what was sent cannot be taken back.
public final class RecordingSource: SampleSource {
  public let description: StreamDescription
  public let element: ElementType
  /// Rows of the track that are given; gaps count.
  public let range: Range<Int>
  public let start: Int64?
  /// For the operator, a sentence each: channels that had to be renamed, and what is odd about the file.
  public let remarks: [String]
  public let recording: any Recording
  /// Which of its tracks.
  public let track: Int

  /// Of the range, in order.
  private let runs: [Range<Int>]
  private var run = 0
  private var position: Int
  private var buffer: UnsafeMutableRawBufferPointer

  /// Comment line of a header that says: these samples were computed.
  static let syntheticMark = "synthetic: true"

  /// What is chosen of a recording, and how it is called.
  public struct Selection: Sendable {
    /// A track's name; nil takes the only one, or the only one that has `channels`.
    public var track: String?
    /// Names that the track must have.
    public var channels: [String]
    /// Hz, for a file that states none.
    public var rate: Double?
    public var from: RecordingPosition?
    public var until: RecordingPosition?
    /// Nil names the stream after the recording, or its track where it has several.
    public var stream: String?
    /// Whose signal it is, opaque; nil is what the file says.
    public var subject: String?

    public init(
      track: String? = nil, channels: [String] = [], rate: Double? = nil, from: RecordingPosition? = nil,
      until: RecordingPosition? = nil, stream: String? = nil, subject: String? = nil
    ) {
      self.track = track
      self.channels = channels
      self.rate = rate
      self.from = from
      self.until = until
      self.stream = stream
      self.subject = subject
    }
  }

  public convenience init(
    _ path: String, from: RecordingPosition? = nil, until: RecordingPosition? = nil, stream: String? = nil,
    subject: String? = nil
  ) throws(ServiceError) {
    try self.init(path, Selection(from: from, until: until, stream: stream, subject: subject))
  }

  /// - Throws: `noInput`, `data` and so on for the file; `usage` for positions and tracks it does not have.
  public init(_ path: String, _ selection: Selection) throws(ServiceError) {
    let recording: any Recording
    (recording, track) = try selection.open(path)
    do throws(RecordingError) { try recording.verify() } catch { throw ServiceError(error) }
    let track = recording.tracks[track]
    guard WireLimits.rates.contains(track.rate), !track.channels.isEmpty, track.rowCount > 0 else {
      throw ServiceError(
        .data,
        """
        \(recording.path): track '\(track.name)' with \(track.channels.count) signals, \(track.rowCount) rows and a rate \
        of \(Phrase.number(track.rate)) Hz cannot be sent: choose one that was sampled evenly
        """)
    }
    let (name, origin) = (recording.name, track.runs.first?.lowerBound ?? 0)
    let first = try selection.from?.row(rate: track.rate, rows: track.end, of: name) ?? origin
    let end = try selection.until?.row(rate: track.rate, rows: track.end, of: name) ?? track.end
    runs = track.runs.map { $0.clamped(to: first..<max(first, end)) }.filter { !$0.isEmpty }
    guard first < end, let begin = runs.first?.lowerBound, let last = runs.last?.upperBound else {
      let (from, until) = (selection.from ?? .index(0), selection.until ?? .index(end))
      throw ServiceError(.usage, "no row of \(name) lies between \(from) and \(until)")
    }
    guard last <= Int(StreamAdmission.lastIndex) else {
      throw ServiceError(
        .data, "\(recording.path): row \(last - 1) is beyond 2^53, the last that is counted: number its rows from 0 on")
    }
    self.recording = recording
    range = begin..<last
    start = track.start
    element = track.element
    let (channels, renamed) = Self.distinct(track.channels)
    remarks = recording.remarks + renamed
    description = StreamDescription(
      stream: selection.stream ?? (recording.tracks.count > 1 ? recording.streamName(self.track) : name),
      rate: track.rate, channels: channels, subject: selection.subject ?? recording.subject,
      synthetic: recording.comments.contains(Self.syntheticMark) ? true : nil)
    buffer = .allocate(byteCount: track.bytesPerRow, alignment: 16)
    position = begin
  }

  deinit { buffer.deallocate() }

  public var first: Int64 { Int64(range.lowerBound) }
  public var rowCount: Int64? { Int64(runs.reduce(0) { $0 + $1.count }) }
  public var nextIndex: Int64 { Int64(position) }

  /// Of an array of f32 that has a row for each frame of a model, those of gaps too.
  ///
  /// - Throws: `data` where it would be little but gaps.
  func arraySize(modelRate: Double, width: Int, remedy: String) throws(ServiceError) -> FilledSize {
    let rows = runs.reduce(0) { $0 + $1.count }
    let bits = (Double(32 * width) * modelRate / rate).rounded(.up)
    let size = FilledSize(rows: rows, gapRows: range.count - rows, bitsPerRow: Int(min(bits, 0x1p40)))
    if let excess = size.excess { throw ServiceError(.data, "\(recording.path): \(excess): \(remedy)") }
    return size
  }

  public func next(rows count: Int) throws(ServiceError) -> UnsafeRawBufferPointer {
    guard run < runs.count else { return UnsafeRawBufferPointer(start: nil, count: 0) }
    let wanted = position..<min(position + count, runs[run].upperBound)
    let size = wanted.count * bytesPerRow
    if buffer.count < size {
      buffer.deallocate()
      buffer = .allocate(byteCount: size, alignment: 16)
    }
    let rows = UnsafeMutableRawBufferPointer(rebasing: buffer[..<size])
    do throws(RecordingError) { try recording.read(wanted, of: track, into: rows) } catch { throw ServiceError(error) }
    position = wanted.upperBound
    if position == runs[run].upperBound {
      run += 1
      if run < runs.count { position = runs[run].lowerBound }
    }
    return UnsafeRawBufferPointer(rows)
  }

  public func rewind() throws(ServiceError) {
    run = 0
    position = range.lowerBound
  }

  /// The marks of the recording, in rows of this track.
  ///
  /// - Parameter annotator: of a WFDB record, `atr` where nil.
  public func annotations(of annotator: String? = nil) throws(ServiceError) -> [Annotation] {
    do throws(RecordingError) { return try recording.annotations(of: annotator, on: track, rate: rate) } catch {
      throw ServiceError(error)
    }
  }

  /// Channels are bound by name, and records exist whose signals share one: the second `ECG` becomes `ECG-2`.
  private static func distinct(_ channels: [Channel]) -> ([Channel], [String]) {
    var seen: Set<String> = []
    var remarks: [String] = []
    let renamed = channels.map { channel in
      var channel = channel
      channel.name = String(String.UnicodeScalarView(channel.name.unicodeScalars.map { plain($0) ? $0 : "_" }))
      var number = 2
      let base = channel.name
      while !seen.insert(channel.name).inserted {
        channel.name = "\(base)-\(number)"
        number += 1
      }
      return channel
    }
    for (old, new) in zip(channels, renamed) where old.name != new.name {
      remarks.append("a second signal named '\(old.name)' is sent as channel '\(new.name)'")
    }
    return (renamed, remarks)
  }

  private static func plain(_ scalar: Unicode.Scalar) -> Bool {
    scalar.value >= 0x20 && !(0x7F..<0xA0).contains(scalar.value)
  }
}

extension RecordingSource.Selection {
  /// The recording, and which track of it is meant.
  ///
  /// - Throws: as `Recording.track`, as `check`, and what opening throws.
  func open(_ path: String) throws(ServiceError) -> (recording: any Recording, track: Int) {
    let recording: any Recording
    do throws(RecordingError) { recording = try RecordingFormat.open(path, rate: rate) } catch {
      throw ServiceError(error)
    }
    let track = try recording.track(track, channels: channels)
    try check(rate: recording.tracks[track].rate, of: path)
    return (recording, track)
  }

  /// - Throws: `usage` where another rate was given than the file states.
  func check(rate own: Double, of path: String) throws(ServiceError) {
    guard let rate, own > 0, !StreamShape.agree(rate, own) else { return }
    throw ServiceError(
      .usage, "\(path) says \(Phrase.number(own)) Hz, and --rate \(Phrase.number(rate)) Hz: leave --rate out")
  }
}

extension Recording {
  /// The track that a name means, or that has the channels.
  ///
  /// - Throws: `usage` with the tracks that there are, where none or several fit; `data` where there is none at all.
  public func track(_ name: String?, channels: [String] = []) throws(ServiceError) -> Int {
    guard !tracks.isEmpty else {
      throw ServiceError(
        .data, (["\(path) has no signals"] + remarks).joined(separator: "; ") + ": give a recording that has some")
    }
    let fitting = tracks.indices.filter { index in
      if let name { return tracks[index].name == name }
      let names = Set(tracks[index].channels.map(\.name))
      return channels.isEmpty || channels.allSatisfy(names.contains)
    }
    if fitting.count == 1 { return fitting[0] }
    // A channel that is nowhere is told of with the names there are, by who binds it.
    if tracks.count == 1, name == nil { return 0 }
    let listed = tracks.prefix(8).map { track in
      let names = track.channels.prefix(4).map(\.name).joined(separator: ", ") + (track.channels.count > 4 ? ", …" : "")
      return "'\(track.name)' (\(names))"
    }
    throw ServiceError(
      .usage,
      "\(path) has \(tracks.count) tracks, \(Phrase.list(listed, "and")): choose with --track \(Quoted.name(tracks[0].name))"
    )
  }

  /// What a stream made of a track is called.
  func streamName(_ track: Int) -> String {
    format == .xdf || format == .mcap ? tracks[track].name : "\(name)-\(tracks[track].name)"
  }
}
