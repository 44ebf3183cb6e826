import RunnelCore
import RunnelPipeline

/// Writes one frame of conditioned samples as PlotJuggler has it: JSON, and the time as decimal seconds.
///
///     {"step":3672,"index":11016,"values":{"MLII":-0.131}}     1763923532.1234567
struct FrameLineEncoder {
  private var json = JSONWriter()
  private var seconds = JSONWriter()

  /// Lends line and time.
  ///
  /// - Parameters:
  ///   - frame: which of the frames.
  ///   - arrival: Unix ns when the newest of them came; read only where no time is known.
  mutating func encode(
    _ frames: ConditionedFrames, frame: Int, arrival: Int64,
    _ body: (UnsafeRawBufferPointer, UnsafeRawBufferPointer) -> Void
  ) {
    let (lane, step) = (frames.lane, frames.steps.lowerBound + Int64(frame))
    json.clear()
    json.beginObject()
    json.key("step")
    json.write(step)
    json.key("index")
    json.write(lane.index(ofStep: step))
    json.key("values")
    json.beginObject()
    for (place, column) in lane.columns.enumerated() {
      json.key(column)
      json.write(frames.values[frame * lane.columns.count + place])
    }
    json.endObject()
    json.endObject()
    let time =
      frames.timestamp.map { $0 + Self.nanoseconds(Double(frame), lane.rate) }
      ?? arrival - Self.nanoseconds(Double(frames.steps.count - 1 - frame), lane.rate)
    seconds.clear()
    seconds.write(time / 100, decimals: 7)
    let seconds = seconds
    json.withBytes { json in seconds.withBytes { body(json, $0) } }
  }

  private static func nanoseconds(_ frames: Double, _ rate: Double) -> Int64 { Int64((frames / rate * 1e9).rounded()) }
}
