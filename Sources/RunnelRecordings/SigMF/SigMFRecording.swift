import RunnelCore

/// A SigMF recording: `X.sigmf-meta`, JSON, beside `X.sigmf-data`, bare samples; one track of all channels.
///
/// Complex channels are two: `I` and `Q`, of several `I0`, `Q0`, `I1` … Captures begin where their `core:global_index`
/// says, or else their `core:datetime` where it is later than the rate allows: what lies between is a gap. A stated
/// `core:sha512` is verified.
public final class SigMFRecording: Recording {
  public let path: String
  public let format = RecordingFormat.sigmf
  public let name: String
  public let comments: [String]
  public let tracks: [Track]

  private let file: OpenFile
  private let meta: SigMFMeta
  private let pieces: [Piece]

  /// Rows of the data file that lie together, there and in the track.
  private struct Piece {
    /// In the track.
    var rows: Range<Int>
    /// Absolute index, as the metadata counts samples.
    var sample: Int
    /// Place in the data file.
    var place: Int
  }

  /// - Parameters:
  ///   - path: of either file, or without extension.
  ///   - rate: Hz, for metadata that has none.
  public init(_ path: String, rate: Double? = nil) throws(RecordingError) {
    let base = Self.base(of: path)
    self.path = base + ".sigmf-meta"
    name = RecordingFormat.name(ofFile: base)
    meta = try SigMFMeta(parsing: try ByteFile.read(self.path, limit: 64 << 20), file: self.path)
    guard !meta.isMetadataOnly else {
      throw RecordingError(
        .unsupported, file: self.path, "says that it has no data", remedy: "ask its author for the data file")
    }
    if let dataset = meta.dataset, dataset.contains("/") || dataset == ".." {
      throw RecordingError(
        .unsupported, file: self.path, "core:dataset names a file elsewhere: \(Quoted.name(dataset))",
        remedy: "put the data beside the metadata")
    }
    file = try OpenFile(meta.dataset.map { base.folder + $0 } ?? base + ".sigmf-data", regularOnly: true)
    comments = meta.comments
    let columns = meta.channels * (meta.datatype.isComplex ? 2 : 1)
    pieces = try Self.pieces(meta, file, bytesPerRow: columns * meta.datatype.element.size, rate: meta.rate ?? rate)
    let hz = meta.rate ?? rate ?? 0
    let meta = meta
    tracks = [
      Track(
        name: RecordingFormat.name(ofRate: hz), rate: hz,
        channels: (0..<columns).map { Channel(name: Self.name(of: $0, meta)) }, element: meta.datatype.element,
        runs: Track.joined(pieces.map(\.rows)), start: meta.captures[0].time)
    ]
  }

  /// What both files are called before their endings.
  static func base(of path: String) -> String {
    path.hasSuffix(".sigmf-meta") || path.hasSuffix(".sigmf-data") ? String(path.dropLast(11)) : path
  }

  private static func name(of column: Int, _ meta: SigMFMeta) -> String {
    guard meta.datatype.isComplex else { return "signal\(column)" }
    return (column % 2 == 0 ? "I" : "Q") + (meta.channels > 1 ? "\(column / 2)" : "")
  }

  private static func pieces(
    _ meta: SigMFMeta, _ file: OpenFile, bytesPerRow: Int, rate: Double?
  ) throws(RecordingError) -> [Piece] {
    let end = file.size - meta.trailingBytes
    var pieces: [Piece] = []
    var (place, row) = (0, 0)
    for (index, capture) in meta.captures.enumerated() {
      place += capture.headerBytes
      let present = max(0, end - place) / bytesPerRow
      var count = present
      if index + 1 < meta.captures.count {
        count = meta.captures[index + 1].start - capture.start
        guard count <= present else {
          throw RecordingError(
            .length, file: file.path, at: .byte(max(0, end)),
            "expected the \(count) samples of capture \(index), found \(present)", remedy: "copy the data file again")
        }
      } else {
        let rest = end - place - present * bytesPerRow
        guard rest == 0, present >= 0 else {
          throw RecordingError(
            .length, file: file.path, at: .byte(max(0, end - rest)),
            "expected whole rows of \(bytesPerRow) bytes, found \(rest) bytes behind the last one",
            remedy: "copy the data file again, or correct core:datatype and core:num_channels")
        }
      }
      row = try Self.first(of: capture, at: index, meta, after: row, rate: rate, file: file.path)
      let (last, overflow) = row.addingReportingOverflow(count)
      guard !overflow, last < 1 << 60 else {
        throw RecordingError(
          .malformed, file: file.path, "capture \(index) lies too far from the first", remedy: "correct the metadata")
      }
      pieces.append(Piece(rows: row..<last, sample: capture.start, place: place))
      row = last
      place += count * bytesPerRow
    }
    return pieces
  }

  /// The row at which a capture begins: never before the end of the last.
  private static func first(
    of capture: SigMFMeta.Capture, at index: Int, _ meta: SigMFMeta, after row: Int, rate: Double?, file: String
  ) throws(RecordingError) -> Int {
    if index == 0 { return 0 }
    if let global = capture.globalIndex, let first = meta.captures[0].globalIndex {
      guard global - first >= row else {
        throw RecordingError(
          .malformed, file: file, "core:global_index of capture \(index) lies before the end of the one before it",
          remedy: "correct the metadata")
      }
      return global - first
    }
    guard let rate, let time = capture.time, let start = meta.captures[0].time else { return row }
    let due = Double(time - start) / 1e9 * rate
    // Clocks of computers are good to a millisecond or so.
    return due - Double(row) > max(2, rate / 1000) && due < 0x1p60 ? Int(due.rounded()) : row
  }

  // MARK: Recording

  public func read(
    _ rows: Range<Int>, of track: Int, into target: UnsafeMutableRawBufferPointer
  ) throws(RecordingError) {
    let size = tracks[0].bytesPerRow
    for piece in pieces[(pieces.lastPlace { $0.rows.lowerBound <= rows.lowerBound } ?? 0)...] {
      let wanted = rows.clamped(to: piece.rows)
      guard piece.rows.lowerBound < rows.upperBound else { return }
      guard !wanted.isEmpty else { continue }
      let place = (wanted.lowerBound - rows.lowerBound) * size
      let part = UnsafeMutableRawBufferPointer(rebasing: target[place..<place + wanted.count * size])
      try file.readWhole(into: part, at: piece.place + (wanted.lowerBound - piece.rows.lowerBound) * size)
      if meta.datatype.order == .big { Self.swap(part, size: meta.datatype.element.size) }
    }
  }

  private static func swap(_ bytes: UnsafeMutableRawBufferPointer, size: Int) {
    for value in stride(from: 0, to: bytes.count, by: size) {
      for byte in 0..<size / 2 { bytes.swapAt(value + byte, value + size - 1 - byte) }
    }
  }

  public func verify() throws(RecordingError) {
    guard let stated = meta.sha512?.lowercased() else { return }
    let found = try SHA512.hex(of: file)
    guard found == stated else {
      throw RecordingError(
        .checksum, file: file.path, "has sha512 \(found.prefix(16))…, its metadata says \(stated.prefix(16))…",
        remedy: "copy the data file again; its samples are not those that were recorded")
    }
  }

  public func annotations(
    of annotator: String?, on track: Int?, rate: Double
  ) throws(RecordingError) -> [Annotation] {
    let own = tracks[0].rate
    let scale = own > 0 ? rate / own : 1
    return meta.annotations.map { mark in
      let piece = pieces[pieces.lastPlace { $0.sample <= mark.start } ?? 0]
      let row = Double(piece.rows.lowerBound + mark.start - piece.sample)
      return Annotation(
        mark.text, at: Int64(nearest: row * scale), length: Int64(nearest: Double(mark.count) * scale))
    }.sortedByPlace()
  }
}
