import Synchronization

/// Conditioned samples on their way from the thread of their lanes to the one that owns the sockets: one writer, one reader,
/// no lock. A full queue drops what comes, for labels must not wait for those who look on; the seq tells what was lost.
public final class ConditionedQueue: Sendable {
  private struct Record {
    /// A retained `TappedLane`.
    var lane: UnsafeRawPointer
    var sequence: UInt64
    var first: Int64
    var count: Int
    var timestamp: Int64?
    var isJump: Bool
    var arrived: Int64
  }

  private let ring: RecordRing<Record>
  private let drops = Atomic<Int64>(0)

  /// - Parameter capacity: bytes.
  public init(capacity: Int = 4 << 20) { ring = RecordRing(capacity: capacity) }

  deinit { while ring.take({ record, _ in Unmanaged<TappedLane>.fromOpaque(record.lane).release() }) {} }

  public var isEmpty: Bool { ring.isEmpty }
  /// What found no room.
  public var dropped: Int64 { drops.load(ordering: .relaxed) }

  public func push(_ frames: ConditionedFrames) {
    let size = frames.values.count * MemoryLayout<Float>.stride
    guard size <= ring.payloadLimit else { return _ = drops.add(1, ordering: .relaxed) }
    let lane = Unmanaged.passRetained(frames.lane)
    let record = Record(
      lane: UnsafeRawPointer(lane.toOpaque()), sequence: frames.sequence, first: frames.steps.lowerBound,
      count: frames.steps.count, timestamp: frames.timestamp, isJump: frames.isJump, arrived: frames.arrived)
    let isTaken = ring.push(record, payload: size) { target in
      if let source = frames.values.baseAddress { target.copyMemory(from: source, byteCount: size) }
    }
    guard !isTaken else { return }
    lane.release()
    drops.add(1, ordering: .relaxed)
  }

  /// Hands over what waits now, in order.
  public func drain(_ body: (ConditionedFrames) -> Void) {
    // Not what comes meanwhile: the sockets wait.
    for _ in 0..<Self.most {
      guard
        ring.take({ record, payload in
          let lane = Unmanaged<TappedLane>.fromOpaque(record.lane).takeRetainedValue()
          body(
            ConditionedFrames(
              lane: lane, sequence: record.sequence, steps: record.first..<record.first + Int64(record.count),
              values: payload.bindMemory(to: Float.self), timestamp: record.timestamp, isJump: record.isJump,
              arrived: record.arrived))
        })
      else { return }
    }
  }

  /// Runs of frames handed over at once.
  private static let most = 4096
}
