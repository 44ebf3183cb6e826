import RunnelCore

/// An XDF file of LabRecorder as a recording: a track for each stream of numbers, marks from the streams of texts.
///
/// Rows are counted from the first sample of their stream at its nominal rate; a break of more than a second is a gap.
/// Marks are placed by the clocks of both streams, corrected by the offsets that the recorder measured. The times of
/// single samples are not smoothed, as pyxdf does unless told otherwise: positions are counted, not timed.
public final class XDFRecording: Recording {
  public let path: String
  public let format = RecordingFormat.xdf
  public let name: String
  public let tracks: [Track]
  public private(set) var remarks: [String] = []

  private let file: OpenFile
  private let streams: [XDFStream]
  private let texts: [XDFStream]
  /// The chunk read last: which one, and its bytes behind the count of samples, from `row` on.
  private var block: (place: Int, fields: FileFields, row: Int)?

  private static let remedy = "check that the file was recorded to its end"
  private static let mostStreams = 4096

  /// - Throws: `malformed` with the byte that is wrong.
  public init(_ path: String) throws(RecordingError) {
    self.path = path
    name = RecordingFormat.name(ofFile: path)
    file = try OpenFile(path, regularOnly: true)
    var chunks = try XDFChunks(file)
    var found: [XDFStream] = []
    var places: [UInt32: Int] = [:]
    while let chunk = try chunks.next() {
      guard [XDFChunks.Tag.streamHeader, XDFChunks.Tag.samples, XDFChunks.Tag.clockOffset].contains(chunk.tag) else {
        continue
      }
      var fields = FileFields(
        try file.bytes(at: chunk.place, count: chunk.size), file: path, base: chunk.place, remedy: Self.remedy)
      let id = try fields.integer(UInt32.self, "a stream's number")
      if chunk.tag == XDFChunks.Tag.streamHeader {
        guard places[id] == nil, found.count < Self.mostStreams else {
          throw fields.malformed(at: chunk.place, "another stream's header", found: "that of stream \(id) again")
        }
        places[id] = found.count
        let header = XMLText(try fields.take(fields.rest, "a header"))
        found.append(try XDFStream(header: header, id: id, file: path, place: chunk.place))
        continue
      }
      guard let index = places[id] else {
        throw fields.malformed(at: chunk.place, "a stream whose header has come", found: "stream \(id)")
      }
      if chunk.tag == XDFChunks.Tag.samples {
        try found[index].take(&fields, place: chunk.place, size: chunk.size)
      } else {
        let (time, value) = (try fields.double("a time"), try fields.double("an offset"))
        if abs(time) < 1e15, abs(value) < 1e15 { found[index].offsets.append((time, value)) }
      }
    }
    if chunks.isCut { remarks.append("\(path) was cut short at byte \(chunks.place); what came before is read") }
    if chunks.skipped > 0 { remarks.append("\(path) is damaged: \(chunks.skipped) bytes are left out") }
    streams = found.filter { $0.element != nil }
    texts = found.filter { $0.element == nil }
    tracks = Self.named(streams).map { name, stream in
      Track(
        name: name, rate: stream.rate, channels: stream.channels, element: stream.element ?? .float32,
        runs: Track.joined(stream.runs))
    }
  }

  /// The second stream of a name is `EEG-2`.
  private static func named(_ streams: [XDFStream]) -> [(String, XDFStream)] {
    var seen: [String: Int] = [:]
    return streams.map { stream in
      let number = seen[stream.name, default: 0] + 1
      seen[stream.name] = number
      return (number == 1 ? stream.name : "\(stream.name)-\(number)", stream)
    }
  }

  // MARK: Recording

  public func read(
    _ rows: Range<Int>, of track: Int, into target: UnsafeMutableRawBufferPointer
  ) throws(RecordingError) {
    let stream = streams[track]
    guard let stretch = stream.stretches.lastPlace(where: { $0.place <= rows.lowerBound }).map({ stream.stretches[$0] })
    else { return }
    let first = stretch.row + rows.lowerBound - stretch.place
    guard var piece = stream.pieces.lastPlace(where: { $0.row <= first }) else { return }
    for row in first..<first + rows.count {
      while piece + 1 < stream.pieces.count, stream.pieces[piece + 1].row <= row { piece += 1 }
      try load(stream.pieces[piece], upTo: row, of: stream)
      guard case (let place, var fields, _)? = block else { return }
      block = nil
      _ = try XDFStream.stamp(&fields)
      let values = try fields.take(stream.rowSize, "a sample")
      let offset = (row - first) * stream.rowSize
      values.withUnsafeBytes {
        UnsafeMutableRawBufferPointer(rebasing: target[offset..<offset + stream.rowSize]).copyMemory(from: $0)
      }
      block = (place, fields, row + 1)
    }
  }

  /// Makes `block` begin at a row of a chunk.
  private func load(_ piece: (place: Int, size: Int, row: Int), upTo row: Int, of stream: XDFStream)
    throws(RecordingError)
  {
    if let block, block.place == piece.place, block.row == row { return }
    block = nil
    let bytes = try file.bytes(at: piece.place, count: piece.size)
    var fields = FileFields(bytes, file: path, base: piece.place, remedy: "leave it as it is while it is read")
    _ = try fields.integer(UInt32.self, "a stream's number")
    _ = try XDFStream.length(&fields)
    for _ in piece.row..<row {
      _ = try XDFStream.stamp(&fields)
      _ = try fields.take(stream.rowSize, "a sample")
    }
    block = (piece.place, fields, row)
  }

  public func annotations(
    of annotator: String?, on track: Int?, rate: Double
  ) throws(RecordingError) -> [Annotation] {
    let times = texts.flatMap { stream in
      stream.marks.map { (time: $0.time + stream.correction(at: $0.time), text: $0.text) }
    }
    let origin =
      track.map { streams[$0] }.flatMap { stream in stream.first.map { $0 + stream.correction(at: $0) } }
      ?? times.map(\.time).min() ?? 0
    return times.map { Annotation($0.text, at: Int64(nearest: ($0.time - origin) * rate), length: 0) }.sortedByPlace()
  }
}
