import Glibc
import RunnelService
import Synchronization

/// A line of progress with speed and the time that is left: from the first second on, and only where somebody looks.
final class ProgressMeter: Sendable {
  private let unit: String
  private let start = ProgressMeter.now
  private let shown = Mutex<Double>(0)

  /// - Parameter unit: what is counted.
  init(unit: String = "rows") { self.unit = unit }

  /// - Parameter fraction: of the whole, 0...1.
  func show(_ title: String, rows: Int, fraction: Double) {
    let now = Self.now
    let spent = now - start
    guard Terminal.isInteractive, spent >= 1, fraction > 0 else { return }
    shown.withLock { shown in
      guard now - shown >= 0.2 else { return }
      shown = now
      let left = (spent / fraction * (1 - fraction)).rounded(.up)
      let speed = Int(Double(rows) / spent)
      Terminal.progress("\(title)  \(Int(100 * fraction)) %, \(speed) \(unit)/s, \(Int(left)) s left")
    }
  }

  /// - Parameter done: rows of `total`.
  func show(_ title: String, _ done: Int, of total: Int) {
    show(title, rows: done, fraction: Double(done) / Double(max(1, total)))
  }

  /// Of several recordings how many are done.
  func show(_ progress: WorkProgress) {
    let title = progress.count > 1 ? "\(progress.finished) of \(progress.count) recordings" : progress.name
    show(title, rows: progress.rows, fraction: progress.fraction)
  }

  /// Before something else is written to the terminal.
  func pause() { shown.withLock { if $0 > 0 { Terminal.endProgress() } } }
  func end() { pause() }

  private static var now: Double {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
  }
}
