import Glibc

/// A line of progress with speed and the time that is left: from the first second on, and only where somebody looks.
final class ProgressMeter {
  private let name: String
  private let unit: String
  private let start = ProgressMeter.now
  private var shownAt = 0.0

  init(_ name: String, unit: String = "rows") {
    self.name = name
    self.unit = unit
  }

  /// - Parameter done: of `total`.
  func show(_ done: Int, of total: Int) {
    let now = Self.now
    let spent = now - start
    guard Terminal.isInteractive, spent >= 1, now - shownAt >= 0.2, done > 0, total > 0 else { return }
    shownAt = now
    let speed = Double(done) / spent
    let left = Double(total - done) / speed
    Terminal.progress("\(name)  \(100 * done / total) %, \(Int(speed)) \(unit)/s, \(Int(left.rounded(.up))) s left")
  }

  func end() { Terminal.endProgress() }

  private static var now: Double {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
  }
}
