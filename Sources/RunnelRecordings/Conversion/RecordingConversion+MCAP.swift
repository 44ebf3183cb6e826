import RunnelCore
import RunnelWire

/// A track as an MCAP file: its rows as the sample messages that a publisher would have sent, its marks as labels.
extension RecordingConversion {
  func writeMCAP(_ progress: (Int) -> Void) throws(RecordingError) {
    let track = described
    let name = recording.tracks.count > 1 ? track.name : stream
    // A session needs an epoch; that of a recording is when it began, or 1.
    let epoch = track.start.map { UInt64(clamping: max(1, $0)) } ?? 1
    let description = StreamDescription(
      stream: name, epoch: epoch, rate: track.rate, element: track.element, channels: track.channels,
      subject: recording.subject)
    var encoder: RunnelEncoder
    do throws(TopicError) {
      encoder = try RunnelEncoder(description, epoch: epoch, element: track.element, checksums: true)
    } catch {
      throw RecordingError(
        .unsupported, file: output, "the stream cannot be called \(Quoted.name(name)): \(error)",
        remedy: "rename the recording")
    }
    var writer = try MCAPWriter(output, library: library)
    let channel = writer.addChannel(MCAPChannel(samples: encoder))
    if !recording.comments.isEmpty {
      let comments = recording.comments.enumerated().map { ("\($0)", $1) }
      try writer.addMetadata("comments", Dictionary(uniqueKeysWithValues: comments))
    }
    try writeSamples(&writer, channel, &encoder, progress)
    try writeLabels(&writer, stream: name)
    try writer.finish()
  }

  /// When a row was sampled, counted from 0 where nobody knows: files are in the order of their times.
  private func time(of row: Int) -> UInt64 {
    UInt64(clamping: (described.start ?? 0).addingClamped(Int64(nearest: Double(row) / described.rate * 1e9)))
  }

  /// The same in a message, which has none that no message can carry.
  func timestamp(of row: Int64) -> Int64? {
    described.start.flatMap { UnixTime.time(Double(row) / described.rate * 1e9, after: $0) }
  }

  private func writeSamples(
    _ writer: inout MCAPWriter, _ channel: UInt16, _ encoder: inout RunnelEncoder, _ progress: (Int) -> Void
  ) throws(RecordingError) {
    let track = described
    // About a tenth of a second a message, as a device would send it; 64 KiB at most.
    let most = max(1, (64 << 10) / track.bytesPerRow)
    let size = max(1, min(most, Int(track.rate / 10)))
    var done = 0
    for run in track.runs {
      encoder.nextIndex = Int64(run.lowerBound)
      var row = run.lowerBound
      while row < run.upperBound {
        // Read in larger pieces than are sent.
        let count = min(max(RawRows.blockRows / size, 1) * size, run.upperBound - row)
        let bytes = try recording.bytes(row..<row + count, of: self.track)
        for first in stride(from: 0, to: count, by: size) {
          let rows = min(size, count - first)
          let time = time(of: row + first)
          let sequence = UInt32(truncatingIfNeeded: encoder.nextSequence)
          let outcome: Result<Void, RecordingError> = bytes.withUnsafeBytes { raw in
            let part = UnsafeRawBufferPointer(
              rebasing: raw[first * track.bytesPerRow..<(first + rows) * track.bytesPerRow])
            return encoder.withSamples(part, rows: rows, timestamp: timestamp(of: Int64(row + first))) { parts in
              do throws(RecordingError) {
                try writer.append(
                  channel, sequence: sequence, logTime: time, publishTime: time, parts[1], parts[2])
                return .success(())
              } catch { return .failure(error) }
            }
          }
          try outcome.get()
        }
        row += count
        done += count
        progress(done)
      }
    }
  }

  private func writeLabels(_ writer: inout MCAPWriter, stream: String) throws(RecordingError) {
    guard !annotations.isEmpty, let topic = try? Topic.labels(stream: stream, pipeline: "annotations", channel: "all")
    else { return }
    let schema = writer.addSchema(.label)
    let channel = writer.addChannel(MCAPChannel(topic: topic.description, encoding: "json", schema: schema))
    var encoder = LabelEncoder()
    var sequence: UInt32 = 0
    func message(_ annotation: Annotation, _ phase: LabelMessage.Phase, number: Int64, at: Int64) -> LabelMessage {
      LabelMessage(
        kind: .event(phase, number: number), stream: stream, channel: "all", pipeline: "annotations",
        sequence: UInt64(sequence), at: at, first: annotation.at, last: at, decided: at,
        timestamp: timestamp(of: at), timeSource: timestamp(of: at) == nil ? nil : .sender, label: annotation.label,
        level: .sequenced, quality: .ok, missing: 0)
    }
    for (number, annotation) in annotations.enumerated() {
      var messages = [message(annotation, .point, number: Int64(number), at: annotation.at)]
      if annotation.length > 0 {
        messages = [
          message(annotation, .onset, number: Int64(number), at: annotation.at),
          message(annotation, .offset, number: Int64(number), at: annotation.at + annotation.length),
        ]
      }
      for label in messages {
        var label = label
        label.sequence = UInt64(sequence)
        let time = time(of: Int(label.at ?? 0))
        let outcome: Result<Void, RecordingError> = encoder.encode(label) { json in
          do throws(RecordingError) {
            try writer.append(channel, sequence: sequence, logTime: time, publishTime: time, json)
            return .success(())
          } catch { return .failure(error) }
        }
        try outcome.get()
        sequence &+= 1
      }
    }
  }
}

extension MCAPChannel {
  /// The channel of a stream of sample messages (docs/foreign-formats.md §11), with all that its description says.
  public init(samples encoder: RunnelEncoder) {
    let description = encoder.description
    var json = JSONWriter()
    description.write(to: &json)
    self.init(
      topic: encoder.topic.description, encoding: RecordedEncoding.samples.rawValue,
      metadata: [
        "rate": "\(description.rate ?? 0)", "dtype": encoder.element.name, "channels": "\(description.channels.count)",
        "names": description.channels.map(\.name).joined(separator: ","),
        "units": description.channels.map { $0.unit ?? "" }.joined(separator: ","), "description": json.text,
      ])
  }
}

extension MCAPSchema {
  /// Of label messages, for those who show files by their schemas.
  public static let label = MCAPSchema(
    name: "runnel.Label", encoding: "jsonschema",
    data: Array(
      #"""
      {"type":"object","properties":{"kind":{"type":"string"},"stream":{"type":"string"},"channel":{"type":"string"},"pipeline":{"type":"string"},"seq":{"type":"integer"},"at":{"type":"integer"},"first":{"type":"integer"},"last":{"type":"integer"},"label":{"type":"string"},"id":{"type":"integer"},"p":{"type":"number"},"scores":{"type":"array","items":{"type":"number"}},"t":{"type":"number"},"quality":{"type":"string"}}}
      """#.utf8))
}
