/// Hears the frames of a lane as the network will see them, in runs as they are conditioned and before they are
/// stepped: `runnel label --conditioned` writes them down.
///
/// - Parameters:
///   - channel: the lane's.
///   - steps: grid indexes; those between two runs were not made (a gap that was not filled).
///   - frames: (T, D), borrowed until the call returns.
public typealias FrameObserver = (
  _ channel: String, _ steps: Range<Int64>, _ frames: UnsafeBufferPointer<Float>
) -> Void
