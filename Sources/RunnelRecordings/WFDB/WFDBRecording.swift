import RunnelCore

/// A WFDB record as a recording: one segment or many, its signals on a track for each rate, annotations beside it.
///
/// Of several segments the gaps (`~`) are gaps of the tracks; a signal that a segment of a variable layout does not have
/// is missing there. Where all segments scale a signal alike, samples stay as they were stored, i16 or i32, with −32768
/// or −2³¹ for every missing one; where they differ, the track is physical, f64, with NaN.
public final class WFDBRecording: Recording {
  public let path: String
  public let format = RecordingFormat.wfdb
  public let name: String
  public let comments: [String]
  public let tracks: [Track]

  private let segments: [Segment]
  /// Of each track: the signals on it.
  private let signals: [[Int]]
  private var open: (segment: Int, record: WFDBRecord)?
  private var frames: [Int32] = []

  /// Rows of the record that one header describes; nil is a gap.
  private struct Segment {
    var rows: Range<Int>
    var header: WFDBHeader?
    var path: String
    /// Of each signal of the record: its place in the segment's header.
    var places: [Int?]

    func signal(_ index: Int) -> WFDBHeader.Signal? {
      guard let header, let place = places[index] else { return nil }
      return header.signals[place]
    }
  }

  /// A record may have more segments than there is memory for their headers only on purpose.
  private static let mostSegments = 100_000

  /// - Parameter path: of the header, `.hea` may be left out.
  public init(_ path: String) throws(RecordingError) {
    self.path = WFDBHeader.path(path)
    let header = try WFDBHeader(contentsOf: self.path)
    name = header.name
    comments = header.information
    let described: [WFDBHeader.Signal]
    if header.isMultiSegment {
      (segments, described) = try Self.segments(of: header, path: self.path)
      open = nil
    } else {
      let record = try WFDBRecord(header, path: self.path)
      described = header.signals
      segments = [
        Segment(rows: 0..<record.rows, header: header, path: self.path, places: Array(header.signals.indices))
      ]
      open = (0, record)
    }
    var rates: [Int] = []
    for signal in described where !rates.contains(signal.samplesPerFrame) { rates.append(signal.samplesPerFrame) }
    let signals = rates.map { rate in described.indices.filter { described[$0].samplesPerFrame == rate } }
    self.signals = signals
    let segments = segments
    tracks = zip(rates, signals).map { rate, signals in
      Self.track(header, described, signals, samplesPerFrame: rate, segments)
    }
  }

  private static func track(
    _ header: WFDBHeader, _ described: [WFDBHeader.Signal], _ signals: [Int], samplesPerFrame: Int,
    _ segments: [Segment]
  ) -> Track {
    var alike = true
    var isWide = false
    for segment in segments {
      for signal in signals {
        guard let other = segment.signal(signal) else { continue }
        if other.usedGain != described[signal].usedGain || other.usedBaseline != described[signal].usedBaseline {
          alike = false
        }
        if other.format == 24 || other.format == 32 { isWide = true }
      }
    }
    let channels = signals.map { index in
      let signal = described[index]
      let scaling = Channel.Scaling.gain(signal.usedGain, baseline: Double(signal.usedBaseline))
      return Channel(
        name: signal.name(at: index), unit: signal.usedUnit, scaling: alike ? scaling : .identity,
        missing: alike ? Double(isWide ? Int32.min : -32768) : nil)
    }
    let rate = header.rate * Double(samplesPerFrame)
    let runs = Track.joined(
      segments.filter { $0.header != nil }.map {
        $0.rows.lowerBound * samplesPerFrame..<$0.rows.upperBound * samplesPerFrame
      })
    return Track(
      name: RecordingFormat.name(ofRate: rate), rate: rate, channels: channels,
      element: alike ? (isWide ? .int32 : .int16) : .float64, runs: runs, start: header.start)
  }

  // MARK: segments

  private static func segments(
    of header: WFDBHeader, path: String
  ) throws(RecordingError) -> ([Segment], [WFDBHeader.Signal]) {
    let folder = path.folder
    var listed = header.segments[...]
    guard listed.count <= mostSegments else {
      throw RecordingError(
        .unsupported, file: path, "has \(listed.count) segments, \(mostSegments) are read", remedy: "split the record")
    }
    var described: [WFDBHeader.Signal]?
    var isVariable = false
    if let first = listed.first, first.rows == 0, first.name != "~" {
      described = try WFDBHeader(contentsOf: "\(folder)\(first.name).hea").signals
      isVariable = true
      listed = listed.dropFirst()
    }
    var segments: [Segment] = []
    var end = 0
    for segment in listed {
      let (upper, overflow) = end.addingReportingOverflow(segment.rows)
      guard !overflow, upper < 1 << 48 else {
        throw RecordingError(
          .malformed, file: path, "the segments together have too many samples", remedy: "correct their numbers")
      }
      defer { end = upper }
      if segment.name == "~" {
        segments.append(Segment(rows: end..<upper, header: nil, path: path, places: []))
        continue
      }
      let place = "\(folder)\(segment.name).hea"
      let own = try WFDBHeader(contentsOf: place)
      let known = described ?? own.signals
      described = known
      segments.append(
        Segment(
          rows: end..<upper, header: own, path: place,
          places: try places(of: known, in: own, isVariable: isVariable, rate: header.rate, path: place)))
    }
    guard header.rows == nil || header.rows == end else {
      throw RecordingError(
        .malformed, file: path, at: .line(1, column: nil),
        "expected \(header.rows ?? 0) samples in all segments together, found \(end)", remedy: "correct the header")
    }
    return (segments, described ?? [])
  }

  /// Where a segment has each signal of the record: by name where the layout varies, in order where it is fixed.
  private static func places(
    of described: [WFDBHeader.Signal], in header: WFDBHeader, isVariable: Bool, rate: Double, path: String
  ) throws(RecordingError) -> [Int?] {
    func wrong(_ problem: String, line: Int = 1) -> RecordingError {
      RecordingError(
        .malformed, file: path, at: .line(line, column: nil), problem, remedy: "correct the header of the segment")
    }
    guard header.rate == rate else {
      throw wrong("expected the record's \(rate) frames a second, found \(header.rate)")
    }
    guard isVariable || header.signals.count == described.count else {
      throw wrong("expected \(described.count) signals as in the first segment, found \(header.signals.count)")
    }
    return try described.enumerated().map { index, signal throws(RecordingError) in
      let name = signal.name(at: index)
      let place =
        isVariable ? header.signals.indices.first { header.signals[$0].name(at: $0) == name } : index
      guard let place else { return nil }
      let own = header.signals[place]
      guard own.samplesPerFrame == signal.samplesPerFrame, own.usedUnit == signal.usedUnit else {
        throw wrong("signal '\(name)' has another rate or unit than in the rest of the record", line: own.line)
      }
      return place
    }
  }

  private func record(_ segment: Int) throws(RecordingError) -> WFDBRecord {
    if let open, open.segment == segment { return open.record }
    let described = segments[segment]
    guard let header = described.header else { preconditionFailure("a gap is not read") }
    let record = try WFDBRecord(header, path: described.path)
    guard record.rows == described.rows.count else {
      throw RecordingError(
        .length, file: described.path, "has \(record.rows) samples where the record lists \(described.rows.count)",
        remedy: "copy the record again")
    }
    open = (segment, record)
    return record
  }

  // MARK: Recording

  public func verify() throws(RecordingError) {
    for index in segments.indices where segments[index].header != nil { try record(index).verifyChecksums() }
  }

  public func read(
    _ rows: Range<Int>, of track: Int, into target: UnsafeMutableRawBufferPointer
  ) throws(RecordingError) {
    guard let first = signals[track].first.map({ described($0) }) else { return }
    let perFrame = max(1, first)
    var next = rows.lowerBound
    while next < rows.upperBound {
      guard let index = segments.lastPlace(where: { $0.rows.lowerBound * perFrame <= next }) else {
        preconditionFailure("the track has these rows")
      }
      let segment = segments[index]
      // Whole frames are read; at most 32768 samples at a time.
      var record = try record(index)
      let last = min(rows.upperBound, segment.rows.upperBound * perFrame)
      let frame = next / perFrame
      let most = max(1, 32_768 / max(record.width, 1))
      let end = min((last + perFrame - 1) / perFrame, frame + most)
      let count = (end - frame) * record.width
      if frames.count < count { frames = [Int32](repeating: 0, count: count) }
      let outcome: Result<Void, RecordingError> = frames.withUnsafeMutableBufferPointer { buffer in
        do throws(RecordingError) {
          return .success(
            try record.read(frame - segment.rows.lowerBound..<end - segment.rows.lowerBound, into: buffer))
        } catch { return .failure(error) }
      }
      try outcome.get()
      let taken = next..<min(last, end * perFrame)
      place(taken, frame: frame, perFrame: perFrame, segment, record, track, into: target, from: rows.lowerBound)
      open = (index, record)
      next = taken.upperBound
    }
  }

  /// Samples in a frame of a signal of the record.
  private func described(_ signal: Int) -> Int {
    segments.lazy.compactMap { $0.signal(signal)?.samplesPerFrame }.first ?? 1
  }

  /// Moves rows of the frames read to where the caller wants them.
  private func place(
    _ rows: Range<Int>, frame: Int, perFrame: Int, _ segment: Segment, _ record: WFDBRecord, _ track: Int,
    into target: UnsafeMutableRawBufferPointer, from start: Int
  ) {
    let element = tracks[track].element
    let width = signals[track].count
    for (column, signal) in signals[track].enumerated() {
      let first = (rows.lowerBound - start) * width + column
      guard let index = segment.places[signal] else {
        for k in 0..<rows.count { Self.store(nil, of: nil, element, at: first + k * width, target) }
        continue
      }
      let own = record.header.signals[index]
      let offset = record.header.signals[..<index].reduce(0) { $0 + $1.samplesPerFrame }
      frames.withUnsafeBufferPointer { frames in
        // Counted, not divided: this is the loop over samples.
        var (place, inside) = ((rows.lowerBound / perFrame - frame) * record.width + offset, rows.lowerBound % perFrame)
        for k in 0..<rows.count {
          let value = frames[place + inside]
          Self.store(value == own.missing ? nil : value, of: own, element, at: first + k * width, target)
          inside += 1
          if inside == perFrame { (place, inside) = (place + record.width, 0) }
        }
      }
    }
  }

  @inline(__always)
  private static func store(
    _ value: Int32?, of signal: WFDBHeader.Signal?, _ element: ElementType, at place: Int,
    _ target: UnsafeMutableRawBufferPointer
  ) {
    switch element {
    case .int16:
      target.storeBytes(
        of: value.map { Int16(truncatingIfNeeded: $0) } ?? -32768, toByteOffset: place * 2, as: Int16.self)
    case .int32: target.storeBytes(of: value ?? .min, toByteOffset: place * 4, as: Int32.self)
    default:
      var physical = Double.nan
      if let value, let signal { physical = (Double(value) - Double(signal.usedBaseline)) / signal.usedGain }
      target.storeBytes(of: physical, toByteOffset: place * 8, as: Double.self)
    }
  }

  public func annotations(
    of annotator: String?, on track: Int?, rate: Double
  ) throws(RecordingError) -> [Annotation] {
    let file = try AnnotationFile(contentsOf: String(path.dropLast(3)) + (annotator ?? "atr"))
    let own = file.resolution ?? segments.lazy.compactMap { $0.header?.rate }.first ?? rate
    return AnnotationFile(file.annotations, resolution: own).annotations(rate: rate)
  }
}
