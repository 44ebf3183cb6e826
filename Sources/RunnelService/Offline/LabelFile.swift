import RunnelCore
import RunnelLabels
import RunnelRecordings
import RunnelWire

/// Labels that exist, of the records to be scored: one file with the labels of each stream, or with `{}` in its name a file
/// for each record; label messages as JSON lines or MCAP, a table, annotations in the MIT format or EDF+.
///
///     let labels = try LabelFile(contentsOf: "labels/{}.csv")
public struct LabelFile: Sendable {
  public let path: String
  private let channels: [String]
  /// Of a file that holds the messages of every record.
  private let messages: Messages?

  /// - Parameter channels: lanes that count; empty takes the one lane that each stream has.
  /// - Throws: `ServiceError` (66, 77; 65 with the place), of a file a record only once that is asked for.
  public init(contentsOf path: String, channels: [String] = []) throws(ServiceError) {
    self.path = path
    self.channels = channels
    messages =
      !path.contains("{}") && LabelMessageFile.isOne(path) ? try Messages(path, channels: channels) : nil
  }

  /// What it says of one record: of the stream of its name, or of the only stream where `isOnly`.
  ///
  /// - Parameters:
  ///   - name: what the stream of its labels is called.
  ///   - record: the path of the record, whose file name stands for `{}`.
  func side(of name: String, record: String, rate: Double, isOnly: Bool) throws(ServiceError) -> LabelSide {
    if let messages { return try messages.side(of: name, isOnly: isOnly) }
    let isPattern = path.contains("{}")
    guard isPattern || isOnly else {
      throw ServiceError(
        .usage, "\(path) holds labels of one record: for several name a file each, with {} for the record's name")
    }
    let path = LabelPlaces.file(path, of: record)
    if LabelMessageFile.isOne(path) { return try Messages(path, channels: channels).side(of: name, isOnly: true) }
    do throws(RecordingError) {
      if let rows = try LabelTable.read(path) { return try table(rows, path) }
      return .annotations(try AnnotationReader.annotations(in: path, rate: rate))
    } catch { throw ServiceError(error) }
  }

  private func table(_ rows: [LabelTable.Row], _ path: String) throws(RecordingError) -> LabelSide {
    let wanted = rows.enumerated().filter { channels.isEmpty || channels.contains($0.element.channel) }
    let lanes = Set(wanted.map(\.element.channel))
    guard lanes.count < 2 else {
      throw RecordingError(
        .unsupported, file: path, "it has labels of \(Phrase.list(lanes.sorted(), "and"))",
        remedy: "score one lane, with --channels NAME")
    }
    return .labels(MarkList(wanted.map { LabelMark($0.element) }), places: wanted.map { "\(path):\($0.offset + 2)" })
  }
}

/// The label messages of a file, by stream.
private struct Messages: Sendable {
  let path: String
  private var streams: [String: Stream] = [:]

  private struct Stream: Sendable {
    var lane: String
    let first: LabelMessage
    var list = MarkList()
    var places: [String] = []

    /// Whether the message is of another session; in canonical form, which has no epochs, that begins with seq 0 again.
    func isOver(at label: LabelMessage) -> Bool {
      guard label.consumesSequence, !label.isRepeat else { return false }
      return label.epoch.map { $0 != first.epoch } ?? (label.sequence == 0 && label != first)
    }
  }

  init(_ path: String, channels: [String]) throws(ServiceError) {
    self.path = path
    var streams: [String: Stream] = [:]
    try LabelMessageFile.read(path) { (label, place) throws(ServiceError) in
      guard channels.isEmpty || channels.contains(label.channel) else { return }
      let lane = "\(label.pipeline)/\(label.channel)"
      if let known = streams[label.stream]?.lane, known != lane {
        throw ServiceError(
          .data,
          """
          \(place()): stream '\(label.stream)' has labels of \(known) and of \(lane): score one lane, with \
          --channels NAME
          """)
      }
      if let known = streams[label.stream], known.isOver(at: label) {
        throw ServiceError(
          .data,
          """
          \(place()): stream '\(label.stream)' begins again here, and its rows are counted anew: score one session, \
          labelled alone (--track NAME)
          """)
      }
      if streams[label.stream, default: Stream(lane: lane, first: label)].list.take(label) {
        streams[label.stream]?.places.append(place())
      }
    }
    self.streams = streams
  }

  func side(of name: String, isOnly: Bool) throws(ServiceError) -> LabelSide {
    let stream = streams[name] ?? (isOnly && streams.count == 1 ? streams.values.first : nil)
    if let stream { return .labels(stream.list, places: stream.places) }
    let names = streams.keys.sorted()
    throw ServiceError(
      .data,
      names.isEmpty
        ? "\(path) has no labels"
        : "\(path) has no labels of '\(name)'; it has those of \(Phrase.list(Array(names.prefix(8)), "and"))")
  }
}
