import CZeroMQ
import Glibc
import RunnelCore

/// Receives whole messages into sixteen part slots that are used again for each: no copy of a payload, and no
/// allocation of ours. The parts lie where libzmq received them.
///
///     var receiver = MultipartReceiver()
///     while case .message(let parts) = try receiver.receive(from: socket) { decode(parts) }   // valid until the next
///
/// One receiver serves any number of sockets of one thread. What must live longer is kept: `keep()`.
public struct MultipartReceiver: ~Copyable {
  /// Parts of one message (docs/wire-format.md §12); a message with more is drained and reported.
  public static let partLimit = 16

  public enum Received {
    /// Valid until this receiver's next receive.
    case message(MessageParts)
    /// No message waits.
    case nothing
    /// A message of more parts than the limit, which is gone: how many parts and bytes it had.
    case tooManyParts(count: Int, bytes: Int)
  }

  /// All `partLimit` of them are initialised, always; those beyond `filled` are empty.
  private let slots: UnsafeMutablePointer<zmq_msg_t>
  private let parts: UnsafeMutablePointer<UnsafeRawBufferPointer>
  private var filled = 0

  public init() {
    slots = .allocate(capacity: Self.partLimit)
    parts = .allocate(capacity: Self.partLimit)
    for index in 0..<Self.partLimit { zmq_msg_init(slots + index) }
    parts.initialize(repeating: UnsafeRawBufferPointer(start: nil, count: 0), count: Self.partLimit)
  }

  deinit {
    for index in 0..<Self.partLimit { zmq_msg_close(slots + index) }
    slots.deallocate()
    parts.deallocate()
  }

  /// Takes the next message of the socket, without waiting for one.
  public mutating func receive(from socket: borrowing Socket) throws(ZeroMQError) -> Received {
    release(from: 0)
    guard try receivePart(slots, from: socket) else { return .nothing }
    var count = 1
    while zmq_msg_more(slots + (count - 1)) != 0 {
      guard count < Self.partLimit else { return try drain(socket) }
      // libzmq delivers a message whole or not at all, so its next part is there.
      guard try receivePart(slots + count, from: socket) else { throw .last("receive the rest of a message") }
      count += 1
    }
    filled = count
    for index in 0..<count {
      parts[index] = UnsafeRawBufferPointer(start: zmq_msg_data(slots + index), count: zmq_msg_size(slots + index))
    }
    return .message(MessageParts(parts, count: count))
  }

  /// A second owner of the message received last; nothing is copied but parts of up to 33 bytes, which libzmq stores
  /// inside their slot. The parts handed out stay valid too.
  public func keep() -> KeptMessage {
    precondition(filled > 0, "no message has been received")
    return KeptMessage(copying: slots, count: filled)
  }

  /// Lets go of the message received last, so that an idle receiver holds no memory of libzmq's.
  public mutating func release() { release(from: 0) }

  private mutating func release(from first: Int) {
    for index in first..<max(first, filled) {
      zmq_msg_close(slots + index)
      zmq_msg_init(slots + index)
    }
    filled = min(filled, first)
  }

  private func receivePart(_ slot: UnsafeMutablePointer<zmq_msg_t>, from socket: borrowing Socket) throws(ZeroMQError)
    -> Bool
  {
    socket.raw.isIdle = false
    while zmq_msg_recv(slot, socket.raw.pointer, ZMQ_DONTWAIT) == -1 {
      switch zmq_errno() {
      case EINTR: continue
      case EAGAIN:
        // libzmq looks for news once more before it says so.
        socket.raw.isIdle = true
        return false
      default: throw .last("receive")
      }
    }
    return true
  }

  /// Reads the rest of a message whose first `partLimit` parts lie in the slots, and lets go of it all.
  private mutating func drain(_ socket: borrowing Socket) throws(ZeroMQError) -> Received {
    var count = Self.partLimit
    var bytes = (0..<count).reduce(0) { $0 + zmq_msg_size(slots + $1) }
    filled = count
    release(from: 0)
    repeat {
      guard try receivePart(slots, from: socket) else { throw .last("receive the rest of a message") }
      count += 1
      bytes += zmq_msg_size(slots)
    } while zmq_msg_more(slots) != 0
    filled = 1
    release(from: 0)
    return .tooManyParts(count: count, bytes: bytes)
  }
}
