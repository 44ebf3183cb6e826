/// Where a lane's outputs lie among its frames.
///
/// Carried: output m of the network, which comes with frame `first` + m · `stride`. Windowed: one output per window,
/// and window m begins with frame m · `stride`.
struct OutputGrid: Sendable, Hashable {
  /// Frames from output to output.
  let stride: Int64
  /// The frame that output 0 speaks of, the delay not subtracted.
  let spoken: Int64
  /// The newest frame that output 0 rests on.
  let decided: Int64
  /// Each output rests on a window, which begins with frame m · stride.
  let isWindowed: Bool

  /// An output with every frame, which speaks of that frame.
  static let everyFrame = OutputGrid(stride: 1, spoken: 0, decided: 0)

  init(stride: Int64, spoken: Int64, decided: Int64, isWindowed: Bool = false) {
    precondition(stride > 0, "outputs go forward")
    self.stride = stride
    self.spoken = spoken
    self.decided = decided
    self.isWindowed = isWindowed
  }

  func frame(spokenOfBy output: Int64) -> Int64 { spoken + output * stride }
  func newestFrame(of output: Int64) -> Int64 { decided + output * stride }
  func firstFrame(ofWindow window: Int64) -> Int64 { window * stride }
}
