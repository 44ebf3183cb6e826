/// A lane's frames in order, one step each: for tools and tests.
extension Network {
  /// Frames (T, D), the first with index `first` on the grid → the outputs that came (T', K), each with the bits of
  /// `step`. Where a step failed that should have had an output, it is NaN.
  public func run(_ frames: [Float], from first: Int64 = 0, slot: Slot, bank: inout StateBank) -> [Float] {
    let steps = frames.count / inputs
    precondition(steps * inputs == frames.count, "whole frames")
    var scores: [Float] = []
    var row = [Float](repeating: 0, count: outputs)
    let slots = [slot]
    for n in 0..<steps {
      let index = first + Int64(n)
      frames.withUnsafeBufferPointer { frames in
        slots.withUnsafeBufferPointer { slots in
          guard let x = frames.baseAddress else { return }
          withUnsafePointer(to: index) {
            _ = step(slots: slots, steps: $0, frames: x + n * inputs, scores: &row, bank: &bank)
          }
        }
      }
      switch bank.outcome(row: 0) {
      case .none: break
      case .scores: scores += row
      case .failed: if time.output(atFrame: index) != nil { scores += row }
      }
    }
    return scores
  }
}
