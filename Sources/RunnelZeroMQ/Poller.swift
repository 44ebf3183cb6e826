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

  /// What poll(2) watches: of a socket, the descriptor in which its news show. -1 is passed over.
  private var descriptors: [pollfd] = []
  private var watched: [Watched] = []
  /// Places of removed entries, used again.
  private var free: [Int] = []

  private struct Watched {
    /// Nil for a plain descriptor.
    var socket: RawSocket?
    var interest: Interest
    var ready: Interest = []

    /// Whether poll(2) alone would miss what is there: what was done with the socket took the news off its descriptor.
    var mustAsk: Bool {
      guard let socket, !interest.isEmpty else { return false }
      return !socket.isIdle || interest.contains(.writable)
    }
  }

  public init() {}

  public mutating func add(_ socket: borrowing Socket, for interest: Interest = .readable) -> Entry {
    add(socket.raw.descriptor, of: socket.raw, for: interest)
  }

  public mutating func add(_ monitor: borrowing SocketMonitor) -> Entry {
    add(monitor.raw.descriptor, of: monitor.raw, for: .readable)
  }

  public mutating func add(fileDescriptor: Int32, for interest: Interest = .readable) -> Entry {
    add(fileDescriptor, of: nil, for: interest)
  }

  private mutating func add(_ descriptor: Int32, of socket: RawSocket?, for interest: Interest) -> Entry {
    let entry = Entry(index: free.popLast() ?? watched.count)
    if entry.index == watched.count {
      descriptors.append(pollfd())
      watched.append(Watched(socket: nil, interest: []))
    }
    descriptors[entry.index].fd = descriptor
    watched[entry.index] = Watched(socket: socket, interest: [])
    change(entry, to: interest)
    return entry
  }

  /// An empty interest rests the entry: for a socket that need not be read while a queue behind it is full.
  public mutating func change(_ entry: Entry, to interest: Interest) {
    watched[entry.index].interest = interest
    let isSocket = watched[entry.index].socket != nil
    descriptors[entry.index].events = isSocket && !interest.isEmpty ? Int16(POLLIN) : interest.events
  }

  public mutating func remove(_ entry: Entry) {
    watched[entry.index] = Watched(socket: nil, interest: [])
    descriptors[entry.index] = pollfd(fd: -1, events: 0, revents: 0)
    free.append(entry.index)
  }

  /// Waits until something is ready, at most so many milliseconds (-1: without limit). Returns how many are.
  ///
  /// Only sockets that are not idle are asked before the wait, and only those with news after it: to ask one takes
  /// libzmq two system calls, and zmq_poll asks all of them twice.
  @discardableResult
  public mutating func wait(milliseconds: Int) throws(ZeroMQError) -> Int {
    precondition(milliseconds >= 0 || watched.count > free.count, "waiting for nothing without limit")
    let deadline = milliseconds > 0 ? Self.now() + milliseconds : 0
    var rest = milliseconds
    while true {
      var ready = 0
      for index in watched.indices {
        watched[index].ready = []
        if watched[index].mustAsk { ready += try ask(index) }
      }
      let shown = poll(&descriptors, nfds_t(descriptors.count), ready > 0 ? 0 : Int32(clamping: rest))
      guard shown >= 0 || errno == EINTR else { throw ZeroMQError(number: errno, "wait for sockets", "") }
      if shown > 0 {
        for index in descriptors.indices where descriptors[index].revents != 0 && watched[index].ready.isEmpty {
          ready += try ask(index)
        }
      }
      if ready > 0 || (shown == 0 && rest >= 0) { return ready }
      // A signal, or news of which nobody asked: a peer that came, a queue that emptied.
      if milliseconds >= 0 { rest = max(0, deadline - Self.now()) }
    }
  }

  /// Finds out what is ready of an entry; 1 if anything is.
  private mutating func ask(_ index: Int) throws(ZeroMQError) -> Int {
    let ready: Interest
    if let socket = watched[index].socket {
      ready = Interest(ofSocket: try socket.events()).intersection(watched[index].interest)
    } else {
      ready = Interest(ofDescriptor: descriptors[index].revents)
    }
    watched[index].ready = ready
    return ready.isEmpty ? 0 : 1
  }

  /// What the last wait found of this entry.
  public func ready(_ entry: Entry) -> Interest { watched[entry.index].ready }

  private static func now() -> Int {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return time.tv_sec * 1000 + time.tv_nsec / 1_000_000
  }
}

extension Poller.Interest {
  fileprivate init(ofSocket events: Int32) {
    self = []
    if events & ZMQ_POLLIN != 0 { insert(.readable) }
    if events & ZMQ_POLLOUT != 0 { insert(.writable) }
  }

  fileprivate init(ofDescriptor events: Int16) {
    self = []
    if events & Int16(POLLIN) != 0 { insert(.readable) }
    if events & Int16(POLLOUT) != 0 { insert(.writable) }
    if events & ~Int16(POLLIN | POLLOUT) != 0 { insert(.failed) }
  }

  /// What poll(2) is asked for.
  fileprivate var events: Int16 {
    Int16((contains(.readable) ? POLLIN : 0) | (contains(.writable) ? POLLOUT : 0))
  }
}
