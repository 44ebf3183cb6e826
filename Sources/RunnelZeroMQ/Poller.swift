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

  /// Of epoll(7); -1 where the process may open no more files, which the first wait tells.
  private let queue = epoll_create1(Int32(EPOLL_CLOEXEC))
  private var watched: [Watched] = []
  /// Places of removed entries, used again.
  private var free: [Int] = []
  /// What epoll found; as many places as there are entries.
  private var shown: [epoll_event] = []

  private struct Watched {
    /// -1 where nothing is watched.
    var descriptor: Int32
    /// Nil for a plain descriptor.
    var socket: RawSocket?
    var interest: Interest = []
    var ready: Interest = []

    static var nothing: Watched { Watched(descriptor: -1, socket: nil) }

    /// Whether epoll alone would miss what is there: what was done with the socket took the news off its descriptor.
    var mustAsk: Bool {
      guard let socket, !interest.isEmpty else { return false }
      return !socket.isIdle || interest.contains(.writable)
    }

    /// What epoll is asked for: of a socket, whether there are news.
    var events: UInt32 { interest.isEmpty || socket == nil ? interest.events : Interest.readable.events }
  }

  public init() {}

  deinit { close(queue) }

  public mutating func add(_ socket: borrowing Socket, for interest: Interest = .readable) -> Entry {
    add(socket.raw.descriptor, of: socket.raw, for: interest)
  }

  public mutating func add(_ monitor: borrowing SocketMonitor) -> Entry {
    add(monitor.raw.descriptor, of: monitor.raw, for: .readable)
  }

  /// A pipe, a unix or network socket, an eventfd; no file on a disk, which is always ready.
  public mutating func add(fileDescriptor: Int32, for interest: Interest = .readable) -> Entry {
    add(fileDescriptor, of: nil, for: interest)
  }

  private mutating func add(_ descriptor: Int32, of socket: RawSocket?, for interest: Interest) -> Entry {
    let entry = Entry(index: free.popLast() ?? watched.count)
    if entry.index == watched.count {
      watched.append(.nothing)
      shown.append(epoll_event())
    }
    watched[entry.index] = Watched(descriptor: descriptor, socket: socket, interest: interest)
    tell(EPOLL_CTL_ADD, of: entry)
    return entry
  }

  /// An empty interest rests the entry: for a socket that need not be read while a queue behind it is full.
  public mutating func change(_ entry: Entry, to interest: Interest) {
    guard watched[entry.index].interest != interest else { return }
    watched[entry.index].interest = interest
    tell(EPOLL_CTL_MOD, of: entry)
  }

  public mutating func remove(_ entry: Entry) {
    tell(EPOLL_CTL_DEL, of: entry)
    watched[entry.index] = .nothing
    free.append(entry.index)
  }

  private func tell(_ operation: Int32, of entry: Entry) {
    let (descriptor, events) = (watched[entry.index].descriptor, watched[entry.index].events)
    var event = epoll_event(events: events, data: epoll_data_t(u64: UInt64(entry.index)))
    let isTold = epoll_ctl(queue, operation, descriptor, &event) == 0
    // What is closed already epoll has forgotten by itself.
    let mayFail = queue < 0 || operation == EPOLL_CTL_DEL
    precondition(isTold || mayFail, "descriptor \(descriptor) cannot be watched: errno \(errno)")
  }

  /// Waits until something is ready, at most so many milliseconds (-1: without limit). Returns how many are.
  ///
  /// Only sockets that are not idle are asked before the wait, and only those with news after it: to ask one takes
  /// libzmq two system calls, and zmq_poll asks all of them twice.
  @discardableResult
  public mutating func wait(milliseconds: Int) throws(ZeroMQError) -> Int {
    precondition(milliseconds >= 0 || watched.count > free.count, "waiting for nothing without limit")
    guard queue >= 0 else { throw ZeroMQError(number: EMFILE, "wait for sockets", "") }
    let deadline = milliseconds > 0 ? Self.now() + milliseconds : 0
    var rest = milliseconds
    while true {
      var ready = 0
      for index in watched.indices {
        watched[index].ready = []
        if watched[index].mustAsk { ready += try ask(index) }
      }
      let count = epoll_wait(queue, &shown, Int32(max(1, shown.count)), ready > 0 ? Int32(0) : Int32(clamping: rest))
      guard count >= 0 || errno == EINTR else { throw ZeroMQError(number: errno, "wait for sockets", "") }
      for place in 0..<Int(max(0, count)) {
        let index = Int(shown[place].data.u64)
        if watched[index].ready.isEmpty { ready += try ask(index, shown: shown[place].events) }
      }
      if ready > 0 || (count == 0 && rest >= 0) { return ready }
      // A signal, or news of which nobody asked: a peer that came, a queue that emptied.
      if milliseconds >= 0 { rest = max(0, deadline - Self.now()) }
    }
  }

  /// Finds out what is ready of an entry; 1 if anything is.
  private mutating func ask(_ index: Int, shown events: UInt32 = 0) throws(ZeroMQError) -> Int {
    if let socket = watched[index].socket {
      watched[index].ready = Interest(ofSocket: try socket.events()).intersection(watched[index].interest)
    } else {
      watched[index].ready = Interest(ofDescriptor: events)
    }
    return watched[index].ready.isEmpty ? 0 : 1
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

  fileprivate init(ofDescriptor events: UInt32) {
    self = []
    if events & EPOLLIN.rawValue != 0 { insert(.readable) }
    if events & EPOLLOUT.rawValue != 0 { insert(.writable) }
    if events & ~(EPOLLIN.rawValue | EPOLLOUT.rawValue) != 0 { insert(.failed) }
  }

  /// What epoll is asked for.
  fileprivate var events: UInt32 {
    (contains(.readable) ? EPOLLIN.rawValue : 0) | (contains(.writable) ? EPOLLOUT.rawValue : 0)
  }
}
