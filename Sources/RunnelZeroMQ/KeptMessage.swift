import CZeroMQ
import RunnelCore

/// A received message that outlives the next receive: one that waits for a description, or for a rival publisher to
/// fall silent. It shares the payload with libzmq (counted references, thread-safe) and copies none of it.
///
/// What it costs: libzmq reads small messages several at a time into one buffer of 8 KiB, and a kept message keeps
/// the whole buffer; `heldBytes` counts that once, so that a bound in bytes is honest.
public final class KeptMessage: @unchecked Sendable {
  // Unchecked: both arrays are written in init only, and reading or closing a zmq_msg_t needs no particular thread.
  private let slots: UnsafeMutablePointer<zmq_msg_t>
  private let parts: UnsafeMutablePointer<UnsafeRawBufferPointer>
  public let partCount: Int
  public let byteCount: Int

  /// Bytes of memory that this message keeps from being used again, at most.
  public var heldBytes: Int { byteCount + 8192 + partCount * MemoryLayout<zmq_msg_t>.size }

  init(copying source: UnsafeMutablePointer<zmq_msg_t>, count: Int) {
    slots = .allocate(capacity: count)
    parts = .allocate(capacity: count)
    partCount = count
    var bytes = 0
    for index in 0..<count {
      zmq_msg_init(slots + index)
      let copied = zmq_msg_copy(slots + index, source + index)
      precondition(copied == 0, "the source is an initialised message")
      let part = UnsafeRawBufferPointer(start: zmq_msg_data(slots + index), count: zmq_msg_size(slots + index))
      (parts + index).initialize(to: part)
      bytes += part.count
    }
    byteCount = bytes
  }

  deinit {
    for index in 0..<partCount { zmq_msg_close(slots + index) }
    slots.deallocate()
    parts.deallocate()
  }

  /// The parts, valid inside `body`.
  public func withParts<Result, Failure: Error>(_ body: (MessageParts) throws(Failure) -> Result) throws(Failure)
    -> Result
  {
    defer { withExtendedLifetime(self) {} }
    return try body(MessageParts(parts, count: partCount))
  }
}
