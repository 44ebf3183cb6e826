import RunnelPipeline
import Synchronization

/// The processor time that one thread spends in steps: of one step in 61, for to ask takes longer than many of a small
/// network's step, times how many there were. What asking takes is taken off.
final class StepTime: StepMeter, Sendable {
  private let steps = Atomic<Int64>(0)
  private let measured = Atomic<Int64>(0)
  private let nanoseconds = Atomic<Int64>(0)
  private let began = Atomic<Int64>(0)
  private let cost: Int64

  private static let stride: Int64 = 61

  init() {
    cost =
      (0..<100).map { _ in
        let start = ProcessorTime.ofThisThread
        return ProcessorTime.ofThisThread - start
      }.min() ?? 0
  }

  func begin() {
    if steps.load(ordering: .relaxed) % Self.stride == 0 { began.store(ProcessorTime.ofThisThread, ordering: .relaxed) }
  }

  func end() {
    let step = steps.load(ordering: .relaxed)
    steps.store(step + 1, ordering: .relaxed)
    guard step % Self.stride == 0 else { return }
    let took = max(0, ProcessorTime.ofThisThread - began.load(ordering: .relaxed) - cost)
    nanoseconds.store(nanoseconds.load(ordering: .relaxed) + took, ordering: .relaxed)
    measured.store(measured.load(ordering: .relaxed) + 1, ordering: .relaxed)
  }

  /// Nanoseconds in all steps so far.
  var total: Double {
    let measured = measured.load(ordering: .relaxed)
    guard measured > 0 else { return 0 }
    return Double(nanoseconds.load(ordering: .relaxed)) * Double(steps.load(ordering: .relaxed)) / Double(measured)
  }
}
