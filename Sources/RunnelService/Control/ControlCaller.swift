import Glibc
import RunnelCore

/// Asks a running daemon over its control socket.
///
///     let caller = try ControlCaller(configuration: "runnel.yaml")
///     let answer = try caller.ask("{\"do\":\"status\"}")
///
/// It waits for the answer, for a while, and belongs to one thread.
public final class ControlCaller {
  /// The socket that answered.
  public let path: String
  private let descriptor: Int32
  private var received: [UInt8] = []

  /// Seconds that a daemon may take for what it says next; one that is alive takes milliseconds.
  private static let patience = 5

  /// Characters of a sentence that are shown: it names a few lanes at most.
  private static let longestSentence = 2000

  /// An answer: its line, and the bytes that follow it.
  public struct Answer {
    public var line: String
    public var value: JSONValue
    public var bytes: [UInt8]
  }

  /// Calls the first of these sockets at which somebody answers.
  ///
  /// - Throws: `ServiceError` 69 where nobody does, 77 where the socket is for others.
  public init(_ paths: [String]) throws(ServiceError) {
    var refusal: ServiceError?
    for path in paths {
      do throws(ServiceError) {
        guard let answered = try UnixSocket.call(path, patience: Self.patience) else { continue }
        (self.path, descriptor) = (path, answered)
        return
      } catch { refusal = error }
    }
    throw refusal ?? Self.nobody(at: paths)
  }

  /// Calls the daemon of a configuration or of a socket; where neither is given, the only one that is running.
  ///
  /// - Throws: `ServiceError` 69 where no daemon answers, and where several could be meant.
  public convenience init(
    socket: String?, configuration: String?, environment: [String: String] = ConfigurationFile.environment
  ) throws(ServiceError) {
    try self.init(Self.paths(socket: socket, configuration: configuration, environment: environment))
  }

  private static func paths(
    socket: String?, configuration: String?, environment: [String: String]
  ) throws(ServiceError) -> [String] {
    if let socket { return [socket] }
    guard let configuration else {
      let all = ControlPlace.all(environment: environment)
      let alive = alive(all)
      guard alive.count < 2 else {
        throw ServiceError(
          .usage, "several daemons are running; name one with --socket: \(alive.joined(separator: ", "))")
      }
      return alive.isEmpty ? all : alive
    }
    let setting = try ConfigurationFile.read(configuration).configuration.control
    let paths = try ControlPlace.candidates(setting, configuration: configuration, environment: environment)
    guard !paths.isEmpty else {
      throw ServiceError(
        .unavailable,
        "\(configuration) wants no control socket: take control.socket: none out of it and start the daemon anew")
    }
    return paths
  }

  deinit { close(descriptor) }

  /// One request, one answer.
  ///
  /// - Throws: `ServiceError`: what the daemon says keeps it from answering, with its exit code; 69 where the connection
  ///   breaks.
  public func ask(_ request: JSONValue) throws(ServiceError) -> Answer {
    var json = JSONWriter()
    json.write(request)
    try send(json.bytes + [Self.lineFeed])
    return try next()
  }

  /// What there is to do.
  enum Wake { case answer, other, nothing }

  /// Waits until the daemon says something or another descriptor becomes readable, at most so many milliseconds.
  func wait(orFor other: Int32?, milliseconds: Int) -> Wake {
    if received.contains(Self.lineFeed) { return .answer }
    var items = [
      pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0),
      pollfd(fd: other ?? -1, events: Int16(POLLIN), revents: 0),
    ]
    guard poll(&items, 2, Int32(clamping: milliseconds)) > 0 else { return .nothing }
    return items[1].revents != 0 ? .other : .answer
  }

  /// The next line of an answer, and the bytes that belong to it.
  public func next() throws(ServiceError) -> Answer {
    let line = String(decoding: try line(), as: UTF8.self)
    let value: JSONValue
    do throws(JSONError) { value = try JSONValue(parsing: line) } catch {
      throw ServiceError(.data, "\(path) is no control socket of runnel: its answer is no JSON (\(error))")
    }
    if let sentence = value["error"]?.string {
      let kind = value["code"]?.integer.flatMap { Int32(exactly: $0) }.flatMap(ServiceError.Kind.init)
      throw ServiceError(kind ?? .unavailable, Quoted.line(sentence, longest: Self.longestSentence))
    }
    let size = Int(value["bytes"]?.integer ?? 0)
    guard (0...ControlConnection.outputLimit).contains(size) else {
      throw ServiceError(.data, "\(path) is no control socket of runnel: \(size) bytes are to follow a line")
    }
    return Answer(line: line, value: value, bytes: try bytes(size))
  }

  private func line() throws(ServiceError) -> [UInt8] {
    var searched = 0
    while true {
      if let end = received[searched...].firstIndex(of: Self.lineFeed) {
        defer { received.removeSubrange(...end) }
        return Array(received[..<end])
      }
      searched = received.count
      guard searched <= ControlConnection.outputLimit else {
        throw ServiceError(.data, "\(path) is no control socket of runnel: its answer does not end")
      }
      try receive()
    }
  }

  private func bytes(_ count: Int) throws(ServiceError) -> [UInt8] {
    while received.count < count { try receive() }
    defer { received.removeSubrange(..<count) }
    return Array(received[..<count])
  }

  private func receive() throws(ServiceError) {
    var buffer = [UInt8](repeating: 0, count: 64 << 10)
    let count = read(descriptor, &buffer, buffer.count)
    if count > 0 { return received.append(contentsOf: buffer[..<count]) }
    if count < 0, errno == EINTR { return }
    throw broken(
      count == 0
        ? "it ended" : errno == EAGAIN ? "nothing came for \(Self.patience) s" : "\(String(cString: strerror(errno)))")
  }

  private func send(_ bytes: [UInt8]) throws(ServiceError) {
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes {
        Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
      }
      if count > 0 { rest = rest.dropFirst(count) }
      if count < 0, errno != EINTR { throw broken(String(cString: strerror(errno))) }
    }
  }

  private func broken(_ reason: String) -> ServiceError {
    ServiceError(.unavailable, "the daemon at \(path) does not answer (\(reason)): look at its log, and try again")
  }

  private static func nobody(at paths: [String]) -> ServiceError {
    ServiceError(
      .unavailable,
      "no daemon answers at \(Phrase.list(paths, "or")): start one with `runnel run -c FILE`, or name the socket that it said it answers at"
    )
  }

  private static func alive(_ paths: [String]) -> [String] {
    paths.filter { path in
      guard let descriptor = try? UnixSocket.call(path, patience: patience) else { return false }
      close(descriptor)
      return true
    }
  }

  private static let lineFeed = UInt8(ascii: "\n")
}
