import RunnelPipeline
import Synchronization

/// The processor time that one thread spends in turns of its networks. To ask takes longer than many a turn of a small
/// network: where turns are long each is measured, where they are short one in 61, which stands for all of these. What asking
/// takes is taken off.
final class StepTime: StepMeter, Sendable {
  private let nanoseconds = Atomic<Int64>(0)
  /// Turns until the next that is measured, it included, and turns for which that one stands.
  private let left = Atomic<Int64>(1)
  private let weight = Atomic<Int64>(1)
  private let began = Atomic<Int64>(0)
  /// What a turn takes, smoothed over about eight that were measured.
  private let usual = Atomic<Int64>(0)
  private let cost: Int64

  private static let sparse: Int64 = 61

  init() {
    cost =
      (0..<100).map { _ in
        let start = ProcessorTime.ofThisThread
        return ProcessorTime.ofThisThread - start
      }.min() ?? 0
  }

  func begin() {
    if left.load(ordering: .relaxed) == 1 { began.store(ProcessorTime.ofThisThread, ordering: .relaxed) }
  }

  func end() {
    let left = left.load(ordering: .relaxed)
    guard left == 1 else { return self.left.store(left - 1, ordering: .relaxed) }
    let took = max(0, ProcessorTime.ofThisThread - began.load(ordering: .relaxed) - cost)
    let (weight, usual) = (weight.load(ordering: .relaxed), usual.load(ordering: .relaxed))
    nanoseconds.store(nanoseconds.load(ordering: .relaxed) + weight * took, ordering: .relaxed)
    let smoothed = usual == 0 ? took : usual + (took - usual) / 8
    // By what turns usually take, not by this one: a long turn among short ones is as likely to be measured as they are.
    let next = smoothed > Self.sparse * cost ? 1 : Self.sparse
    self.usual.store(smoothed, ordering: .relaxed)
    self.weight.store(next, ordering: .relaxed)
    self.left.store(next, ordering: .relaxed)
  }

  /// Nanoseconds in all turns so far.
  var total: Double { Double(nanoseconds.load(ordering: .relaxed)) }
}
