import RunnelCore
import RunnelPipeline
import RunnelRecordings
import RunnelSignal

/// What the network sees, written as a NumPy array (T, D) of f32.
///
/// Row k is frame `first + k` of the session's grid, `first` being the first frame at or after the first row that is
/// read: for a file read from its beginning row k is frame k, input time k · rate / model rate. A frame that a gap left
/// out is a row of NaN, so that rows and frames stay in step to the end.
public struct ConditionedFile: ~Copyable {
  private var writer: NumpyWriter
  private let frames: Range<Int64>
  private let width: Int
  private var next: Int64
  private var failure: RecordingError?

  /// - Parameter width: D, the model's inputs.
  /// - Throws: `data` where the file would be little but gaps, `inputOutput` where the disk has no room for it.
  public init(
    _ path: String, of recording: RecordingSource, modelRate: Double, width: Int
  ) throws(ServiceError) {
    let remedy = "choose a part with --from and --until"
    let size = try recording.arraySize(modelRate: modelRate, width: width, remedy: remedy)
    try DiskSpace.check(folderOf: path, for: size.bytes, remedy: "free some space, or \(remedy)")
    try self.init(
      path, rows: Int64(recording.range.lowerBound)..<Int64(recording.range.upperBound), rate: recording.rate,
      modelRate: modelRate, width: width)
  }

  init(
    _ path: String, rows: Range<Int64>, rate: Double, modelRate: Double, width: Int
  ) throws(ServiceError) {
    // A plan that opened lanes has such a ratio.
    let ratio = Ratio(output: modelRate, input: rate) ?? Ratio(1, 1)
    frames = ratio.frames(before: rows.lowerBound)..<ratio.frames(before: rows.upperBound)
    next = frames.lowerBound
    self.width = width
    do throws(RecordingError) { writer = try NumpyWriter(path, width: width) } catch { throw ServiceError(error) }
  }

  /// Takes a run of frames; a mistake of the disk is told by `finish`.
  public mutating func append(_ steps: Range<Int64>, _ values: UnsafeBufferPointer<Float>) {
    guard failure == nil, !steps.isEmpty else { return }
    do throws(RecordingError) {
      try skip(to: steps.lowerBound)
      try writer.append(values)
      next = steps.upperBound
    } catch { failure = error }
  }

  /// Gives the file its name. Returns T.
  public mutating func finish() throws(ServiceError) -> Int {
    do throws(RecordingError) {
      if let failure { throw failure }
      try skip(to: frames.upperBound)
      try writer.finish()
    } catch { throw ServiceError(error) }
    return frames.count
  }

  private mutating func skip(to frame: Int64) throws(RecordingError) {
    let block = Array(repeating: Float.nan, count: 1024 * width)
    while next < frame {
      let count = min(1024, Int(frame - next))
      try writer.append(Array(block[..<(count * width)]))
      next += Int64(count)
    }
  }
}
