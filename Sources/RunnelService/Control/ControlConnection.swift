import Glibc
import RunnelZeroMQ

/// One client of the control socket: what it asked and was not answered yet, and what of the answers it has not taken.
///
/// Nothing here waits. Both buffers are bounded: a client that asks too much at once is not read from, and one that does
/// not read is not answered, so that it holds up nobody but itself.
///
/// An answer is one line of JSON; where the line has `bytes`, so many bytes follow it. An answer may also be a stream of
/// such: `stream` begins it, and then whoever feeds it `offer`s, and counts what found no room.
final class ControlConnection {
  let entry: Poller.Entry
  /// False when the client has gone, or is not listened to any more.
  private(set) var isOpen = true
  /// Monotonic ns when bytes last went either way.
  private(set) var lastProgress: Int64

  private let descriptor: Int32
  private var input: [UInt8] = []
  private var output: [UInt8] = []
  private var sent = 0
  private var phase = Phase.listening
  /// The client will send no more.
  private var hasSaidAll = false

  private enum Phase {
    case listening
    /// A request was taken and is not answered yet.
    case asked
    case streaming
    /// What is left is sent, then that was it.
    case leaving
  }

  /// Bytes of a request.
  static let requestLimit = 4096
  /// Bytes that may wait for the client: a second of a large stream, or the answer about a few thousand streams.
  static let outputLimit = 16 << 20

  /// - Parameter descriptor: of which this is the owner from now on; it must not wait.
  init(_ descriptor: Int32, entry: Poller.Entry, now: Int64) {
    (self.descriptor, self.entry) = (descriptor, entry)
    lastProgress = now
  }

  deinit { Glibc.close(descriptor) }

  /// What the poller is to look at.
  var interest: Poller.Interest {
    var interest: Poller.Interest = []
    if !hasSaidAll, input.count < Self.requestLimit { interest.insert(.readable) }
    if waiting > 0 { interest.insert(.writable) }
    return interest
  }

  /// Whether nothing is under way, so that it may make room for another client.
  var isIdle: Bool { phase == .listening && waiting == 0 && !hasRequest }

  /// Whether a request waits that may be answered now.
  var hasRequest: Bool {
    phase == .listening && waiting == 0
      && (input.contains(Self.lineFeed) || input.count >= Self.requestLimit || (hasSaidAll && !input.isEmpty))
  }

  // MARK: what the client sends

  func receive(now: Int64) {
    while !hasSaidAll, input.count < Self.requestLimit {
      let room = Self.requestLimit - input.count
      let count = withUnsafeTemporaryAllocation(byteCount: room, alignment: 1) { buffer in
        let count = read(descriptor, buffer.baseAddress, room)
        if count > 0 { input.append(contentsOf: UnsafeRawBufferPointer(rebasing: buffer[..<count])) }
        return count
      }
      if count > 0 { lastProgress = now }
      if count == 0 { hasSaidAll = true }
      if count < 0 {
        if errno == EINTR { continue }
        if errno != EAGAIN { close() }
        return
      }
    }
  }

  /// The next request; called only where there is one. The connection is asked from then on, until it is answered.
  func take() throws(ControlRefusal) -> ControlRequest {
    phase = .asked
    // The last line needs no end.
    guard let end = input.firstIndex(of: Self.lineFeed) ?? (hasSaidAll ? input.endIndex : nil) else {
      phase = .leaving
      throw ControlRefusal("a request is one line of at most \(Self.requestLimit) bytes")
    }
    let line = input[..<end]
    input.removeSubrange(..<min(end + 1, input.count))
    return try ControlRequest(line: String(decoding: line, as: UTF8.self))
  }

  // MARK: what it is told

  /// Answers the request: a line without its line feed, and the bytes that follow it. Who has gone is told nothing.
  func answer(_ line: [UInt8], bytes: UnsafeRawBufferPointer = UnsafeRawBufferPointer(start: nil, count: 0)) {
    guard isOpen else { return }
    if phase != .leaving { phase = .listening }
    guard !put(line, bytes) else { return }
    // Nothing waited when the request was taken, so there is room for a sentence.
    answer(ControlRefusal("the answer would be more than \(Self.outputLimit >> 20) MiB; ask for less"))
  }

  func answer(_ refusal: ControlRefusal) { answer(refusal.line) }

  /// The answer is a stream, which ends when either side closes the connection.
  func stream() { phase = .streaming }

  /// A piece of the stream, taken whole or not at all: false where it found no room, for the client reads too slowly.
  func offer(_ line: [UInt8], bytes: UnsafeRawBufferPointer = UnsafeRawBufferPointer(start: nil, count: 0)) -> Bool {
    precondition(phase == .streaming || !isOpen, "only a stream has pieces")
    return put(line, bytes)
  }

  /// Nothing more comes of the stream.
  func endStream() { phase = .leaving }

  private func put(_ line: [UInt8], _ bytes: UnsafeRawBufferPointer) -> Bool {
    guard isOpen, waiting + line.count + 1 + bytes.count <= Self.outputLimit else { return false }
    output.append(contentsOf: line)
    output.append(Self.lineFeed)
    output.append(contentsOf: bytes)
    return true
  }

  /// Sends what the client takes now.
  func flush(now: Int64) {
    while isOpen, waiting > 0 {
      let count = output.withUnsafeBytes {
        send(descriptor, $0.baseAddress! + sent, waiting, Int32(MSG_NOSIGNAL))
      }
      if count >= 0 {
        sent += count
        lastProgress = now
      } else if errno == EAGAIN {
        break
      } else if errno != EINTR {
        close()
      }
    }
    tidy()
    let isDone = phase == .leaving || (hasSaidAll && phase == .listening && !hasRequest)
    if isDone, waiting == 0 { close() }
  }

  /// Waits until the client takes more.
  func awaitRoom(milliseconds: Int32) {
    var item = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
    poll(&item, 1, milliseconds)
  }

  func close() { isOpen = false }

  /// Bytes not sent yet.
  private var waiting: Int { output.count - sent }

  /// Keeps what was sent from piling up, and a large answer's memory from staying.
  private func tidy() {
    if waiting == 0 {
      output.removeAll(keepingCapacity: output.capacity <= 64 << 10)
      sent = 0
    } else if sent > output.count / 2 {
      output.removeSubrange(..<sent)
      sent = 0
    }
  }

  private static let lineFeed = UInt8(ascii: "\n")
}
