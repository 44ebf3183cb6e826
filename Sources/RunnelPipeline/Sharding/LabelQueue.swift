import RunnelWire
import Synchronization

/// Labels on their way from the thread of their lanes to the one that owns the sockets: one writer, one reader, no lock.
/// Bounded in messages and in bytes; who writes waits while it is full, so that nothing is lost.
public final class LabelQueue: @unchecked Sendable {
  private struct Place {
    var label: LabelMessage
    var arrived: Int64
  }

  /// Bytes of the labels that wait, by estimate.
  public let capacity: Int
  private let places: UnsafeMutablePointer<Place>
  private let written = Atomic<Int>(0)
  private let taken = Atomic<Int>(0)
  private let bytesWritten = Atomic<Int>(0)
  private let bytesTaken = Atomic<Int>(0)

  /// Nobody takes labels any more.
  private let isLeft = Atomic<Bool>(false)

  /// Messages that fit.
  public static let length = 8192

  public init(capacity: Int = 16 << 20) {
    self.capacity = capacity
    places = .allocate(capacity: Self.length)
  }

  deinit {
    for index in taken.load(ordering: .acquiring)..<written.load(ordering: .acquiring) {
      (places + index % Self.length).deinitialize(count: 1)
    }
    places.deallocate()
  }

  public var isEmpty: Bool { taken.load(ordering: .acquiring) == written.load(ordering: .acquiring) }

  /// False where it does not fit; one label fits into an empty queue, whatever its size.
  func push(_ label: LabelMessage, arrived: Int64) -> Bool {
    if isLeft.load(ordering: .relaxed) { return true }
    let index = written.load(ordering: .relaxed)
    let waiting = index - taken.load(ordering: .acquiring)
    let size = Self.size(of: label)
    let bytes = bytesWritten.load(ordering: .relaxed)
    guard
      waiting == 0
        || (waiting < Self.length && bytes + size - bytesTaken.load(ordering: .acquiring) <= capacity)
    else { return false }
    (places + index % Self.length).initialize(to: Place(label: label, arrived: arrived))
    bytesWritten.store(bytes + size, ordering: .relaxed)
    written.store(index + 1, ordering: .releasing)
    return true
  }

  /// Hands over what waits, in order.
  public func drain<Sink: LabelSink>(into sink: inout Sink) {
    let end = written.load(ordering: .acquiring)
    for index in taken.load(ordering: .relaxed)..<max(end, taken.load(ordering: .relaxed)) {
      let place = (places + index % Self.length).move()
      bytesTaken.store(bytesTaken.load(ordering: .relaxed) + Self.size(of: place.label), ordering: .relaxed)
      taken.store(index + 1, ordering: .releasing)
      sink.publish(place.label, arrived: place.arrived)
    }
  }

  /// The reader goes away: labels that come from now on are for nobody, so that their writer need not wait.
  public func leave() { isLeft.store(true, ordering: .relaxed) }

  private static func size(of label: LabelMessage) -> Int {
    MemoryLayout<LabelMessage>.size + 4 * label.scores.count + 4 * (label.attachment?.values.count ?? 0)
      + (label.steps.map { 64 * $0.count + 4 * $0.scores.count } ?? 0)
  }
}

/// The sink of a shard on a thread of its own.
public struct LabelRelay: LabelSink {
  let queue: LabelQueue
  /// Called after each label, and while the queue is full until there is room.
  let wake: @Sendable () -> Void
  let whenFull: @Sendable () -> Void

  /// - Parameters:
  ///   - wake: tells the reader that a label waits.
  ///   - whenFull: waits a little for the reader.
  public init(queue: LabelQueue, wake: @escaping @Sendable () -> Void, whenFull: @escaping @Sendable () -> Void) {
    self.queue = queue
    self.wake = wake
    self.whenFull = whenFull
  }

  public mutating func publish(_ label: LabelMessage, arrived: Int64) {
    while !queue.push(label, arrived: arrived) { whenFull() }
    wake()
  }
}
