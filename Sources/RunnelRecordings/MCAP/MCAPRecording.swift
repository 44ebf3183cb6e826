import RunnelCore
import RunnelWire

/// An MCAP file as a recording: a track for each session of each stream of sample messages in it, marks from its labels.
///
/// Sample messages are those of channels with the encoding `runnel.v1`: the 64 bytes of the header, and the samples
/// (docs/wire-format.md §11). Other channels are passed over. A file that was cut is read up to the cut, and says so.
public final class MCAPRecording: Recording {
  public let path: String
  public let format = RecordingFormat.mcap
  public let name: String
  public let tracks: [Track]
  public private(set) var remarks: [String] = []

  private let sessions: [MCAPSession]
  private let labels: [Annotation]
  private var reader: MCAPReader
  /// The session and row that `reader` comes to next, where it was used last.
  private var cursor: (track: Int, row: Int)?

  /// - Throws: `malformed` with the byte that is wrong; `checksum` for a checksum that is.
  public init(_ path: String) throws(RecordingError) {
    self.path = path
    name = RecordingFormat.name(ofFile: path)
    reader = try MCAPReader(path)
    var index = MCAPIndex()
    while let item = try reader.next() {
      if case .message(let message) = item { try index.take(message, reader) }
    }
    if let place = reader.wrongChecksums.first {
      throw RecordingError(
        .checksum, file: path, at: .byte(place), "its checksum is wrong",
        remedy: "copy the file again")
    }
    switch reader.end {
    case .cut(let place):
      remarks.append("\(path) was cut short in the record at byte \(place); what came before is read")
    case .damaged(let place, let expected, let found):
      throw RecordingError(
        .malformed, file: path, at: .byte(place), "expected \(expected), found \(found)",
        remedy: "copy the file again")
    case .whole, nil: break
    }
    if index.sessions.isEmpty {
      let topics = reader.channels.values.map { "\($0.topic) (\($0.encoding))" }.sorted().prefix(6)
      if !topics.isEmpty {
        remarks.append("no topic of \(path) has sample messages; it has \(topics.joined(separator: ", "))")
      }
    }
    sessions = index.named()
    labels = index.labels.sortedByPlace()
    tracks = sessions.map(\.track)
  }

  public func read(
    _ rows: Range<Int>, of track: Int, into target: UnsafeMutableRawBufferPointer
  ) throws(RecordingError) {
    let session = sessions[track]
    if cursor?.track != track || cursor?.row != rows.lowerBound {
      guard let index = session.places.lastPlace(where: { $0.row <= rows.lowerBound }) else { return }
      reader.seek(to: session.places[index].place)
    }
    cursor = nil
    var row = rows.lowerBound
    var mark = reader
    while row < rows.upperBound {
      mark = reader
      guard let item = try reader.next() else {
        throw RecordingError(
          .length, file: path, at: .byte(reader.place), "the file was cut short while it was read",
          remedy: "wait until nobody writes it, or copy it again")
      }
      guard case .message(let message) = item, session.channels.contains(message.channel) else { continue }
      let taken: Int? = try MCAPSession.with(message, session.key.topic, file: path, place: reader.place) { samples in
        guard MCAPSession.Key(session.key.topic, samples) == session.key, let first = samples.first.map({ Int($0) }),
          first <= row,
          first + samples.chunk.rows > row
        else { return nil }
        let part = row - first..<min(samples.chunk.rows, rows.upperBound - first)
        MCAPSession.copy(samples.chunk, part, into: target, row: row - rows.lowerBound)
        return part.count
      }
      row += taken ?? 0
    }
    // The message that holds the last row may hold more.
    reader = mark
    cursor = (track, row)
  }

  /// Labels, of whatever stream: in a file of several they are told apart by nothing but their topics.
  public func annotations(
    of annotator: String?, on track: Int?, rate: Double
  ) throws(RecordingError) -> [Annotation] {
    let own = track.map { tracks[$0].rate } ?? rate
    guard own != rate, own > 0 else { return labels }
    return labels.map { label in
      var moved = label
      moved.at = Int64(nearest: Double(label.at) * rate / own)
      moved.length = Int64(nearest: Double(label.length) * rate / own)
      return moved
    }
  }
}
