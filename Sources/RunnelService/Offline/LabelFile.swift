import RunnelCore
import RunnelRecordings
import RunnelWire

/// A file of label messages, one JSON object a line, as `runnel label --format jsonl` and `runnel watch --json` write
/// it: the beats of each stream in it.
public struct LabelFile: Sendable {
  public let path: String
  private var streams: [String: Stream] = [:]

  private struct Stream: Sendable {
    var lane: String
    var beats = BeatLabels()
  }

  private static let sizeLimit = 1 << 30

  /// Whether a file begins as one does: with an object of JSON, and not with the metadata of a recording.
  static func isOne(_ path: String) -> Bool {
    guard let first = try? ByteFile.beginning(of: path, count: 64) else { return false }
    return first.first { $0 > 0x20 } == UInt8(ascii: "{") && !path.hasSuffix(".sigmf-meta")
  }

  /// - Parameter channels: lanes that count; empty takes the one lane that each stream has.
  /// - Throws: `ServiceError` (66, 77; 65 with file and line).
  public init(contentsOf path: String, channels: [String] = []) throws(ServiceError) {
    self.path = path
    let bytes: [UInt8]
    do throws(RecordingError) { bytes = try ByteFile.read(path, limit: Self.sizeLimit) } catch {
      throw ServiceError(error)
    }
    let decoder = LabelDecoder()
    for (index, line) in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).enumerated() {
      if line.allSatisfy({ $0 == 0x20 || $0 == 0x0D || $0 == 0x09 }) { continue }
      let label: LabelMessage
      do throws(DecodeError) { label = try decoder.decode(String(decoding: line, as: UTF8.self)) } catch {
        throw ServiceError(
          .data,
          "\(path):\(index + 1):\(error.byteOffset + 1): no label message: expected \(error.expected), found \(error.found)"
        )
      }
      guard channels.isEmpty || channels.contains(label.channel) else { continue }
      try take(label, line: index + 1)
    }
  }

  private mutating func take(_ label: LabelMessage, line: Int) throws(ServiceError) {
    let lane = "\(label.pipeline)/\(label.channel)"
    var stream = streams[label.stream] ?? Stream(lane: lane)
    guard stream.lane == lane else {
      throw ServiceError(
        .data,
        """
        \(path):\(line): stream '\(label.stream)' has labels of \(stream.lane) and of \(lane): score one lane, with \
        --channels NAME
        """)
    }
    if let mistake = stream.beats.take(label) { throw ServiceError(.data, "\(path):\(line): \(mistake)") }
    streams[label.stream] = stream
  }

  /// The beats of one record: of the stream of its name, or of the only stream where `isOnly`.
  func beats(of record: String, isOnly: Bool) throws(ServiceError) -> [Annotation] {
    if let stream = streams[record] { return stream.beats.annotations }
    if isOnly, streams.count == 1, let stream = streams.values.first { return stream.beats.annotations }
    let names = streams.keys.sorted()
    throw ServiceError(
      .data,
      names.isEmpty
        ? "\(path) has no labels"
        : "\(path) has no labels of '\(record)'; it has those of \(Phrase.list(Array(names.prefix(8)), "and"))")
  }
}
