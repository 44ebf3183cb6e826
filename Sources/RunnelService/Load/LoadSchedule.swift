/// When each message of a load is due, so that a latency counts from there: a publisher that comes late because the
/// daemon was slow does not make the daemon look fast.
struct LoadSchedule: Sendable {
  /// Monotonic ns of the first message.
  var start: Int64
  /// Number of the first message of each stream.
  var first: Int64
  /// Nanoseconds from message to message of one stream; 0 for as fast as they are taken.
  var interval: Double
  var streams: Int
  var rows: Int

  /// Streams take their turns evenly.
  func due(message: Int64, stream: Int) -> Int64 {
    start + Int64((Double(message - first) + Double(stream) / Double(streams)) * interval)
  }

  /// When the message was due that brought row `index`.
  func due(row index: Int64, stream: Int) -> Int64? {
    let message = index / Int64(rows)
    return message < first || interval == 0 ? nil : due(message: message, stream: stream)
  }
}
