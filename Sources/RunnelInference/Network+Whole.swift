/// A lane's frames layer by layer: another order of execution, the same bits.
extension Network {
  /// Frames that are run at once.
  private static let block = 256

  /// Frames (T, D), the first with index `first` on the grid, from `state` on → the outputs that came (T', K); `state`
  /// becomes the final one. Scores and state have the bits of `step`, frame by frame.
  /// - Returns: nil where a frame, a score or a state is not finite; `state` is then as it was.
  public func whole(_ frames: [Float], from first: Int64 = 0, state: inout NetworkState) -> [Float]? {
    precondition(isSteppable, "a network that needs whole windows carries nothing")
    let steps = frames.count / inputs
    precondition(steps * inputs == frames.count && first >= 0, "whole frames on a grid that begins at 0")
    precondition(
      state.values.count == layout.valueCount && state.counts.count == layout.countCount,
      "the state is one of this network")
    guard steps > 0 else { return [] }
    let run = LayerwiseRun(self, windows: 1, length: min(steps, Self.block), isWindowed: false)
    run.before = state
    var scores: [Float] = []
    var row = [Float](repeating: 0, count: outputs)
    var step = 0
    while step < steps {
      let count = min(Self.block, steps - step)
      frames.withUnsafeBufferPointer { frames in
        guard let x = frames.baseAddress else { return }
        run.run(windows: 1, frames: x + step * inputs, steps: count, first: first + Int64(step))
      }
      for output in 0..<run.output.count {
        heads.score(run.output.base + output * run.output.stride, &row)
        scores += row
      }
      guard run.isSound.base[0] else { return nil }
      run.before = run.after
      step += count
    }
    guard scores.allSatisfy(\.isFinite) else { return nil }
    state = run.after
    return scores
  }
}
