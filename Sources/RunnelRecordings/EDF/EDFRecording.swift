import RunnelCore

/// An EDF, EDF+ or BDF file as a recording: its signals on a track for each rate, its annotations with them.
///
/// Samples stay as they are stored, i16 or i24. The records of a discontinuous file (EDF+D) lie where their own time
/// says, to the nearest row; what lies between is a gap.
public final class EDFRecording: Recording {
  public let path: String
  public let format: RecordingFormat
  public let name: String
  public let header: EDFHeader
  public let tracks: [Track]
  public private(set) var remarks: [String] = []

  private let file: OpenFile
  /// Data records in the file.
  private let records: Int
  /// Seconds of record 0 after the header's clock.
  private let offset: Double
  private let signals: [[Int]]
  /// Of each track, where its stretches lie.
  private let places: [[(record: Int, rows: Range<Int>)]]
  /// The record read last.
  private var block: [UInt8] = []
  private var blockRecord = -1

  /// - Throws: `malformed` and `length` with the byte that is wrong.
  public init(_ path: String) throws(RecordingError) {
    self.path = path
    name = RecordingFormat.name(ofFile: path)
    let file = try OpenFile(path, regularOnly: true)
    let header = try EDFHeader(
      parsing: try file.bytes(at: 0, count: 256 * (EDFHeader.mostSignals + 1)), file: path)
    let present = max(0, file.size - header.size) / header.recordBytes
    let records = min(header.recordCount ?? present, present)
    if let stated = header.recordCount, stated > present {
      remarks.append("\(path) has \(present) data records where its header says \(stated): it was cut short")
    }
    let plain = header.signals.indices.filter { !header.signals[$0].isAnnotations && header.signals[$0].samples > 0 }
    guard header.duration == 0 || plain.allSatisfy({ Double(header.signals[$0].samples) / header.duration <= 1e8 })
    else {
      throw RecordingError(
        .malformed, file: path, at: .byte(244), "expected at most 1e8 samples a second, found more",
        remedy: EDFHeader.remedy)
    }
    guard header.duration > 0 || plain.isEmpty else {
      throw RecordingError(
        .unsupported, file: path, at: .byte(244), "expected the duration of a data record, found 0 s",
        remedy: "write the signals with their duration")
    }
    let (offset, stretches) = try Self.timing(header, file, records: records)
    var rates: [Int] = []
    for signal in plain where !rates.contains(header.signals[signal].samples) {
      rates.append(header.signals[signal].samples)
    }
    let start = header.start.map { $0 + Int64((offset * 1e9).rounded()) }
    let signals = rates.map { rate in plain.filter { header.signals[$0].samples == rate } }
    places = rates.map { samples in
      Self.places(stretches, records, samples: samples, rate: Double(samples) / header.duration)
    }
    tracks = zip(zip(rates, signals), places).map { track, places in
      let rate = Double(track.0) / header.duration
      return Track(
        name: RecordingFormat.name(ofRate: rate), rate: rate,
        channels: track.1.map { Self.channel(header.signals[$0], at: $0) },
        element: header.bits == 24 ? .int24 : .int16, runs: Track.joined(places.map(\.rows)), start: start)
    }
    format = header.bits == 24 ? .bdf : .edf
    (self.file, self.header, self.records, self.signals) = (file, header, records, signals)
    self.offset = offset
  }

  private static func channel(_ signal: EDFHeader.Signal, at index: Int) -> Channel {
    Channel(
      name: signal.label.isEmpty ? "signal\(index)" : signal.label, unit: signal.unit.isEmpty ? nil : signal.unit,
      scaling: signal.scaling)
  }

  /// The patient's code, where the file follows EDF+; a name is nobody's business.
  public var subject: String? {
    guard header.isContinuous != nil, let code = header.patient.split(separator: " ").first, code != "X" else {
      return nil
    }
    return String(code)
  }

  // MARK: when each record is

  private static func timing(
    _ header: EDFHeader, _ file: OpenFile, records: Int
  ) throws(RecordingError) -> (offset: Double, [(record: Int, seconds: Double)]) {
    guard let signal = header.signals.firstIndex(where: \.isAnnotations), header.isContinuous != nil, records > 0
    else { return (0, [(0, 0)]) }
    let reader = TimeKeeper(header: header, file: file, signal: signal)
    let first = try reader.seconds(of: 0)
    guard header.isContinuous == false, header.duration > 0 else { return (first, [(0, 0)]) }
    // A record may be half a sample of the fastest signal early or late and still follow the last.
    let most = header.signals.filter { !$0.isAnnotations }.map(\.samples).max() ?? 1
    let slack = header.duration / Double(max(most, 1)) / 2
    var stretches: [(record: Int, seconds: Double)] = [(0, 0)]
    for record in 1..<max(records, 1) {
      let seconds = try reader.seconds(of: record) - first
      let last = stretches[stretches.count - 1]
      let due = last.seconds + Double(record - last.record) * header.duration
      guard seconds >= due - slack else {
        throw RecordingError(
          .malformed, file: file.path, at: .byte(header.size + record * header.recordBytes),
          "data record \(record) begins at \(seconds + first) s, before the one before it has ended at \(due + first) s",
          remedy: "sort the records by time")
      }
      if seconds > due + slack { stretches.append((record, seconds)) }
    }
    return (first, stretches)
  }

  private struct TimeKeeper {
    let header: EDFHeader
    let file: OpenFile
    let signal: Int

    func seconds(of record: Int) throws(RecordingError) -> Double {
      let width = header.bits / 8
      let before = header.signals[..<signal].reduce(0) { $0 + $1.samples }
      let place = header.size + record * header.recordBytes + before * width
      var bytes = [UInt8](repeating: 0, count: min(header.signals[signal].samples * width, 256))
      _ = try bytes.fill(from: file, at: place, count: bytes.count)
      let list = bytes.prefix { $0 != 0 }
      guard let keeper = try EDFAnnotation.lists(in: list, base: place, file: file.path).first else {
        throw RecordingError(
          .malformed, file: file.path, at: .byte(place), "expected the time of data record \(record), found none",
          remedy: EDFHeader.remedy)
      }
      return keeper.onset
    }
  }

  /// Where the records of each stretch lie on a track.
  private static func places(
    _ stretches: [(record: Int, seconds: Double)], _ records: Int, samples: Int, rate: Double
  ) -> [(record: Int, rows: Range<Int>)] {
    var end = 0
    return stretches.enumerated().map { index, stretch in
      let last = index + 1 < stretches.count ? stretches[index + 1].record : records
      let first = max(end, Int((stretch.seconds * rate).rounded()))
      end = first + (last - stretch.record) * samples
      return (stretch.record, first..<end)
    }
  }

  // MARK: Recording

  public func read(
    _ rows: Range<Int>, of track: Int, into target: UnsafeMutableRawBufferPointer
  ) throws(RecordingError) {
    let (samples, places) = (header.signals[signals[track][0]].samples, places[track])
    guard var place = places.lastPlace(where: { $0.rows.lowerBound <= rows.lowerBound }) else { return }
    var row = rows.lowerBound
    while row < rows.upperBound {
      while row >= places[place].rows.upperBound { place += 1 }
      let inside = row - places[place].rows.lowerBound
      let count = min(samples - inside % samples, rows.upperBound - row)
      try load(places[place].record + inside / samples)
      copy(track, inside % samples, count, into: target, row: row - rows.lowerBound)
      row += count
    }
  }

  private func load(_ record: Int) throws(RecordingError) {
    if blockRecord == record { return }
    blockRecord = -1
    if block.isEmpty { block = [UInt8](repeating: 0, count: header.recordBytes) }
    let place = header.size + record * header.recordBytes
    let found = try block.fill(from: file, at: place, count: block.count)
    guard found == block.count else {
      throw RecordingError(
        .length, file: path, at: .byte(place + found), "the file was cut short while it was read",
        remedy: "wait until nobody writes it, or copy it again")
    }
    blockRecord = record
  }

  private func copy(
    _ track: Int, _ first: Int, _ count: Int, into target: UnsafeMutableRawBufferPointer, row: Int
  ) {
    let size = header.bits / 8
    let stride = signals[track].count * size
    block.withUnsafeBytes { block in
      for (column, signal) in signals[track].enumerated() {
        let before = header.signals[..<signal].reduce(0) { $0 + $1.samples }
        var (from, to) = ((before + first) * size, row * stride + column * size)
        for _ in 0..<count {
          for byte in 0..<size { target[to + byte] = block[from + byte] }
          from += size
          to += stride
        }
      }
    }
  }

  public func annotations(
    of annotator: String?, on track: Int?, rate: Double
  ) throws(RecordingError) -> [Annotation] {
    var found: [Annotation] = []
    var before = 0
    var isFirst = true
    for signal in header.signals {
      defer { before += signal.samples * (header.bits / 8) }
      guard signal.isAnnotations else { continue }
      for record in 0..<records {
        try load(record)
        let bytes = block[before..<before + signal.samples * (header.bits / 8)]
        let base = header.size + record * header.recordBytes + before
        for (index, list) in try EDFAnnotation.lists(in: bytes, base: base, file: path).enumerated() {
          let texts = isFirst && index == 0 ? list.texts.filter { !$0.isEmpty } : list.texts
          for text in texts where !text.isEmpty {
            found.append(
              Annotation(
                text, at: Int64(nearest: (list.onset - offset) * rate),
                length: Int64(nearest: list.duration * rate)))
          }
        }
      }
      isFirst = false
    }
    return found.sortedByPlace()
  }
}
