import RunnelInference

/// Windows that are complete now and are evaluated whole, of however many lanes: up to a capacity, so that memory is
/// bounded; which windows meet here never changes a bit of one (law 2).
final class WindowBatch {
  private let evaluator: WindowEvaluator
  private var lanes: [Lane] = []
  private var windows: [Int64] = []
  private let frames: UnsafeMutablePointer<Float>  // (capacity, T, D)
  private let scores: UnsafeMutablePointer<Float>  // (capacity, S, K)

  /// What became of a window.
  enum Result {
    /// (S, K), of which the first `length` steps come before the stop class.
    case scores(UnsafeBufferPointer<Float>, length: Int)
    case failed
  }

  /// Windows in one evaluation, and values that their frames may have.
  private static let most = 32
  private static let valueLimit = 1 << 20

  init(_ model: Model) {
    let size = (model.description.window?.length ?? 1) * model.description.inputs.count
    evaluator = model.file.makeEvaluator(
      kernels: model.network.kernels, precision: model.network.precision,
      windows: max(1, min(Self.most, Self.valueLimit / size)))
    frames = .allocate(capacity: evaluator.windows * evaluator.floatsPerWindow)
    scores = .allocate(capacity: evaluator.windows * evaluator.scoresPerWindow)
    lanes.reserveCapacity(evaluator.windows)
    windows.reserveCapacity(evaluator.windows)
  }

  deinit {
    frames.deallocate()
    scores.deallocate()
  }

  var isFull: Bool { windows.count == evaluator.windows }

  /// Takes a window of a lane: its newest T frames.
  func append(_ window: Int64, of lane: Lane) {
    precondition(!isFull, "full batches are evaluated")
    lane.withWindow { values in
      precondition(values.count == evaluator.floatsPerWindow, "a window that ends is whole")
      guard let base = values.baseAddress else { return }
      (frames + windows.count * evaluator.floatsPerWindow).update(from: base, count: values.count)
    }
    lanes.append(lane)
    windows.append(window)
  }

  /// Evaluates what was taken, tells each lane's result in the order in which they came, and is empty then.
  func evaluate(_ settle: (Lane, _ window: Int64, Result) -> Void) {
    guard !windows.isEmpty else { return }
    _ = evaluator.evaluate(count: windows.count, frames: frames, scores: scores)
    let size = evaluator.scoresPerWindow
    for place in windows.indices {
      let result: Result =
        evaluator.failed(window: place)
        ? .failed
        : .scores(
          UnsafeBufferPointer(start: scores + place * size, count: size), length: evaluator.length(of: place))
      settle(lanes[place], windows[place], result)
    }
    lanes.removeAll(keepingCapacity: true)
    windows.removeAll(keepingCapacity: true)
  }
}
