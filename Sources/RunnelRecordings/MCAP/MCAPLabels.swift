import RunnelCore
import RunnelWire

/// The label messages of an MCAP file, in the order in which they were recorded: those of topics `l/…` in JSON, whoever
/// wrote them.
public enum MCAPLabels {
  /// - Parameter take: hears each message, and the place of its record.
  /// - Throws: `malformed` with the byte, also for a message that is no label.
  public static func read(
    _ path: String, _ take: (LabelMessage, _ place: Int) -> Void
  ) throws(RecordingError) {
    var reader = try MCAPReader(path)
    let decoder = LabelDecoder()
    while let item = try reader.next() {
      guard case .message(let message) = item, let channel = reader.channels[message.channel],
        channel.encoding == "json", channel.topic.hasPrefix("l/")
      else { continue }
      let outcome: Result<LabelMessage, DecodeError> = message.data.withUnsafeBytes { json in
        do throws(DecodeError) { return .success(try decoder.decode(json: json)) } catch { return .failure(error) }
      }
      switch outcome {
      case .success(let label): take(label, reader.place)
      case .failure(let error):
        throw RecordingError(
          .malformed, file: path, at: .byte(reader.place),
          "a message of '\(channel.topic)' is no label: expected \(error.expected), found \(error.found)",
          remedy: "check who wrote it")
      }
    }
  }
}
