import RunnelCore
import RunnelWire

/// How one output writes label messages: the parts after the topic, in the shape that its readers know.
///
///     runnel        JSON, then what is attached: a 64-byte header and f32 frames
///     plotjuggler   JSON, then the time in decimal seconds: t, or the time of arrival where the label has none
///     binary        a 64-byte header, then f32 scores
///
/// Heartbeats and statuses made by the clock have no time and no score, so only `runnel` has them.
struct OutputWriter {
  let format: OutputConfiguration.Format
  /// Whether labels carry the score of every class.
  let hasScores: Bool
  /// The other shapes have no room for one.
  var hasHeartbeats: Bool { format == .runnel }
  /// Only this shape has a time of its own.
  var needsArrival: Bool { format == .plotjuggler }
  /// Of labels that are to be written with less than they hold.
  private var lesser = LabelEncoder()
  private var binary = ScoreEncoder()
  private var attachment = AttachmentEncoder()
  private var seconds = JSONWriter()

  init(_ output: OutputConfiguration) {
    format = output.format
    hasScores = output.scores || output.format == .binary
  }

  /// Lends the parts after the topic; nil where this shape has no such message.
  ///
  /// - Parameters:
  ///   - json: the message with all that it holds, as `LabelEncoder` writes it: one text serves every output.
  ///   - latency: in it, in µs.
  ///   - arrival: Unix ns when what the message speaks of arrived; read only where the message has no time and the shape
  ///     needs one.
  mutating func write<R>(
    _ message: LabelMessage, json: UnsafeRawBufferPointer, latency: Int64? = nil, arrival: Int64,
    _ body: (UnsafeRawBufferPointer, UnsafeRawBufferPointer?) -> R
  ) -> R? {
    switch format {
    case .runnel:
      return lesser.lend(message, json, latency, scores: hasScores, attachment: true) { json in
        attachment.encode(message) { body(json, $0) } ?? body(json, nil)
      }
    case .plotjuggler:
      guard message.consumesSequence else { return nil }
      seconds.clear()
      seconds.write((message.timestamp ?? arrival) / 100, decimals: 7)
      return lesser.lend(message, json, latency, scores: hasScores, attachment: false) { json in
        seconds.withBytes { body(json, $0) }
      }
    case .binary: return binary.encode(message) { body($0, $1) }
    }
  }

}

extension LabelEncoder {
  /// Lends `json`, the message as it was encoded, or where it holds more than is wanted the JSON without that.
  fileprivate mutating func lend<R>(
    _ message: LabelMessage, _ json: UnsafeRawBufferPointer, _ latency: Int64?, scores: Bool, attachment: Bool,
    _ body: (UnsafeRawBufferPointer) -> R
  ) -> R {
    if scores && (attachment || message.attachment == nil) { return body(json) }
    var message = message
    if !scores { message.removeScores() }
    if !attachment { message.attachment = nil }
    return encode(message, latency: latency, body)
  }
}
