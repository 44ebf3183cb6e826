import RunnelCore
import RunnelLabels
import RunnelPipeline
import RunnelRecordings
import RunnelWire

/// Label messages on their way into a file of marks, each kind of file in its own way:
///
///     .csv    first,count,t_ns,channel,label,id,p      .mcap   the messages themselves, a topic a lane
///     .edf    EDF+ with annotations only               .atr    annotations in the MIT format (`Annotation.list`)
///
/// A label that is a state is written with its length, from onset to offset. The file appears with `finish`, or not at
/// all.
public struct LabelOutput: LabelSink {
  public enum Form: String, Sendable, CaseIterable {
    case csv, edf, mcap, atr
  }

  public let form: Form
  public let path: String
  private let rate: Double?
  private let start: Int64?
  private let library: String
  private var labels: [(label: LabelMessage, arrived: Int64)] = []
  private var encoder = LabelEncoder(inlinesSamples: true)

  /// - Parameters:
  ///   - rate, start: of the recording that is labelled: what places mean. A nil rate is of several streams together, whose
  ///     messages are of the time when their samples came.
  ///   - library: who writes it.
  public init(_ form: Form, _ path: String, rate: Double?, start: Int64?, library: String) {
    self.form = form
    self.path = path
    self.rate = rate
    self.start = start
    self.library = library
  }

  public mutating func publish(_ label: LabelMessage, arrived: Int64) {
    if label.kind != .heartbeat { labels.append((label, arrived)) }
  }

  /// Writes the file.
  ///
  /// - Returns: how many marks, or in MCAP messages, there are.
  /// - Throws: `ServiceError` (73, 74, 77).
  public mutating func finish() throws(ServiceError) -> Int {
    do throws(RecordingError) {
      switch form {
      case .csv: return try writeTable()
      case .edf: return try writeTexts()
      case .atr: return try writeAnnotations()
      case .mcap: return try writeMessages()
      }
    } catch { throw ServiceError(error) }
  }

  // MARK: marks

  private var marks: [LabelMark] {
    var list = MarkList()
    for (label, _) in labels { list.take(label) }
    return list.settled
  }

  private func writeTable() throws(RecordingError) -> Int {
    let rows = marks.map { mark in
      LabelTable.Row(
        first: mark.at, count: mark.length, time: mark.time, channel: mark.lane.channel ?? "", label: mark.label,
        id: mark.id, p: mark.p)
    }
    try LabelTable.write(rows, to: path)
    return rows.count
  }

  private func writeTexts() throws(RecordingError) -> Int {
    guard let rate, rate > 0 else {
      throw RecordingError(
        .unsupported, file: path, "EDF+ counts in seconds, and the labelled stream states no rate",
        remedy: "write csv, which counts rows")
    }
    let annotations = marks.map { mark in
      Annotation(at: mark.at, code: .comment, text: mark.label, length: mark.length)
    }
    var writer = try EDFWriter(
      path, channels: [], rate: rate, start: start, annotations: annotations, library: library)
    try writer.finish()
    return annotations.count
  }

  private func writeAnnotations() throws(RecordingError) -> Int {
    let annotations = Annotation.list(of: marks)
    try AnnotationFile(annotations).write(to: path)
    return annotations.count
  }

  private mutating func writeMessages() throws(RecordingError) -> Int {
    var writer = try MCAPWriter(path, library: library)
    let schema = writer.addSchema(.label)
    var channels: [String: UInt16] = [:]
    // What no sample brought about is of the time of the newest before it; at the beginning, of the first.
    var newest = labels.lazy.compactMap { $0.label.timestamp ?? ($0.arrived > 0 ? $0.arrived : nil) }.first ?? 0
    for (label, arrived) in labels {
      newest = max(newest, arrived)
      let name = try topic(of: label).description
      let channel = channels[name] ?? writer.addChannel(MCAPChannel(topic: name, encoding: "json", schema: schema))
      channels[name] = channel
      let time = UInt64(clamping: label.timestamp ?? place(of: label) ?? newest)
      let sequence = UInt32(truncatingIfNeeded: label.sequence)
      let outcome: Result<Void, RecordingError> = encoder.encode(label) { json in
        do throws(RecordingError) {
          return .success(try writer.append(channel, sequence: sequence, logTime: time, publishTime: time, json))
        } catch { return .failure(error) }
      }
      try outcome.get()
    }
    try writer.finish()
    return labels.count
  }

  private func topic(of label: LabelMessage) throws(RecordingError) -> Topic {
    do throws(TopicError) {
      return try Topic.labels(stream: label.stream, pipeline: label.pipeline, channel: label.channel)
    } catch {
      throw RecordingError(
        .unsupported, file: path,
        "labels of the stream \(Quoted.name(label.stream)) have no topic, which a file of messages needs: \(error)",
        remedy: "rename the recording")
    }
  }

  private func place(of label: LabelMessage) -> Int64? {
    rate.map { (start ?? 0).addingClamped(Int64(nearest: Double(label.at ?? 0) / $0 * 1e9)) }
  }
}
