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
  private var json = LabelEncoder()
  private var binary = ScoreEncoder()
  private var attachment = AttachmentEncoder()
  private var seconds = JSONWriter()

  init(_ output: OutputConfiguration) {
    format = output.format
    hasScores = output.scores || output.format == .binary
  }

  /// Lends the parts after the topic; nil where this shape has no such message.
  ///
  /// - Parameter arrival: Unix ns when what the message speaks of arrived; read only where the message has no time and
  ///   the shape needs one.
  mutating func write<R>(
    _ message: LabelMessage, arrival: Int64, _ body: (UnsafeRawBufferPointer, UnsafeRawBufferPointer?) -> R
  ) -> R? {
    var message = message
    if !hasScores { message.removeScores() }
    if format != .runnel { message.attachment = nil }
    switch format {
    case .runnel:
      return json.encode(message) { json in attachment.encode(message) { body(json, $0) } ?? body(json, nil) }
    case .plotjuggler:
      guard message.consumesSequence else { return nil }
      seconds.clear()
      seconds.write((message.timestamp ?? arrival) / 100, decimals: 7)
      let seconds = seconds
      return json.encode(message) { json in seconds.withBytes { body(json, $0) } }
    case .binary: return binary.encode(message) { body($0, $1) }
    }
  }
}
