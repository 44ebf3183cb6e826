/// The last N frames of a lane in one contiguous span, so that whoever looks at them needs no wrap-around.
/// Every value is written twice, N apart; the span slides over the pair.
public struct RollingWindow: Sendable, Equatable {
  public let length: Int  // N
  public let features: Int  // D
  private var storage: [Float]
  private var next = 0
  /// Frames pushed so far, up to N.
  public private(set) var count = 0

  public init(length: Int, features: Int) {
    precondition(length > 0 && features > 0, "a window has room")
    self.length = length
    self.features = features
    storage = Array(repeating: 0, count: 2 * length * features)
  }

  /// Adds one frame of D values.
  public mutating func push(_ frame: UnsafePointer<Float>) {
    for d in 0..<features {
      storage[next * features + d] = frame[d]
      storage[(next + length) * features + d] = frame[d]
    }
    next = next + 1 == length ? 0 : next + 1
    count = min(count + 1, length)
  }

  public mutating func clear() {
    next = 0
    count = 0
  }

  /// The newest `count` frames, oldest first: (count, D).
  public func withNewest<R>(_ body: (UnsafeBufferPointer<Float>) -> R) -> R {
    storage.withUnsafeBufferPointer { all in
      let end = (next == 0 && count > 0 ? length : next) + (count == length && next != 0 ? length : 0)
      return body(UnsafeBufferPointer(rebasing: all[(end - count) * features..<end * features]))
    }
  }
}
