import CZeroMQ
import Glibc

/// The one place where a thread waits: for sockets, monitors and plain file descriptors at once.
///
///     var poller = Poller()
///     let samples = poller.add(socket)
///     let stop = poller.add(fileDescriptor: stopSignal.fileDescriptor)
///     while try poller.wait(milliseconds: 1000) == 0 || !poller.ready(stop).contains(.readable) {
///       if poller.ready(samples).contains(.readable) { … receive until .nothing … }
///     }
///
/// A signal that interrupts the wait is not an answer: it goes on with the time that is left. Whatever is watched must
/// be removed before it is closed.
public struct Poller: ~Copyable {
  public struct Interest: OptionSet, Sendable, Hashable {
    public let rawValue: UInt8
    public init(rawValue: UInt8) { self.rawValue = rawValue }

    public static let readable = Interest(rawValue: 1)
    public static let writable = Interest(rawValue: 2)
    /// Reported only, and of file descriptors only: the other end is gone or the descriptor is bad.
    public static let failed = Interest(rawValue: 4)
  }

  /// One thing watched; good until it is removed.
  public struct Entry: Sendable, Hashable {
    fileprivate let index: Int
  }

  private var items: [zmq_pollitem_t] = []
  /// Places of removed entries, used again.
  private var free: [Int] = []

  public init() {}

  public mutating func add(_ socket: borrowing Socket, for interest: Interest = .readable) -> Entry {
    add(zmq_pollitem_t(socket: socket.raw.pointer, fd: -1, events: interest.events, revents: 0))
  }

  public mutating func add(_ monitor: borrowing SocketMonitor) -> Entry {
    add(zmq_pollitem_t(socket: monitor.raw.pointer, fd: -1, events: Interest.readable.events, revents: 0))
  }

  public mutating func add(fileDescriptor: Int32, for interest: Interest = .readable) -> Entry {
    add(zmq_pollitem_t(socket: nil, fd: fileDescriptor, events: interest.events, revents: 0))
  }

  /// An empty interest rests the entry: for a socket that need not be read while a queue behind it is full.
  public mutating func change(_ entry: Entry, to interest: Interest) { items[entry.index].events = interest.events }

  public mutating func remove(_ entry: Entry) {
    items[entry.index] = Self.nothing
    free.append(entry.index)
  }

  /// Waits until something is ready, at most so many milliseconds (-1: without limit). Returns how many are.
  @discardableResult
  public mutating func wait(milliseconds: Int) throws(ZeroMQError) -> Int {
    precondition(milliseconds >= 0 || items.count > free.count, "waiting for nothing without limit")
    let deadline = milliseconds > 0 ? Self.now() + milliseconds : 0
    var rest = milliseconds
    while true {
      let ready = items.withUnsafeMutableBufferPointer { zmq_poll($0.baseAddress, Int32($0.count), rest) }
      if ready >= 0 { return Int(ready) }
      guard zmq_errno() == EINTR else {
        for index in items.indices { items[index].revents = 0 }
        throw .last("wait for sockets")
      }
      if milliseconds > 0 { rest = max(0, deadline - Self.now()) }
    }
  }

  /// What the last wait found of this entry.
  public func ready(_ entry: Entry) -> Interest { Interest(events: items[entry.index].revents) }

  private mutating func add(_ item: zmq_pollitem_t) -> Entry {
    if let index = free.popLast() {
      items[index] = item
      return Entry(index: index)
    }
    items.append(item)
    return Entry(index: items.count - 1)
  }

  /// poll(2) passes over a negative descriptor.
  private static var nothing: zmq_pollitem_t { zmq_pollitem_t(socket: nil, fd: -1, events: 0, revents: 0) }

  private static func now() -> Int {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return time.tv_sec * 1000 + time.tv_nsec / 1_000_000
  }
}

extension Poller.Interest {
  fileprivate var events: Int16 {
    Int16((contains(.readable) ? ZMQ_POLLIN : 0) | (contains(.writable) ? ZMQ_POLLOUT : 0))
  }

  fileprivate init(events: Int16) {
    self = []
    if Int32(events) & ZMQ_POLLIN != 0 { insert(.readable) }
    if Int32(events) & ZMQ_POLLOUT != 0 { insert(.writable) }
    if Int32(events) & ZMQ_POLLERR != 0 { insert(.failed) }
  }
}
