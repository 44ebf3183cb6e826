import Glibc
import RunnelCore
import RunnelTesting
import Testing

@testable import RunnelService

extension TemporaryFolder {
  var socket: String { path + "/control.sock" }

  var mode: mode_t? {
    var status = stat()
    return lstat(socket, &status) == 0 ? status.st_mode & 0o7777 : nil
  }
}

/// A client of the control socket that never waits, for a daemon that the same test turns.
final class ControlClient {
  private let descriptor: Int32
  private(set) var received: [UInt8] = []
  private(set) var isClosed = false

  init(_ path: String) throws {
    descriptor = try #require(try UnixSocket.call(path, patience: 1), "somebody listens at \(path)")
    _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
  }

  deinit { close(descriptor) }

  /// - Returns: how many bytes were taken.
  @discardableResult
  func send(_ text: String) -> Int {
    let bytes = Array(text.utf8)
    return Glibc.send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL))
  }

  /// Sends no more.
  func end() { shutdown(descriptor, Int32(SHUT_WR)) }

  /// Takes at most so many bytes of what has come.
  func receive(atMost limit: Int = .max) {
    var block = [UInt8](repeating: 0, count: min(limit, 65536))
    var rest = limit
    while rest > 0 {
      let count = recv(descriptor, &block, min(rest, block.count), Int32(MSG_DONTWAIT))
      if count == 0 { isClosed = true }
      guard count > 0 else { return }
      received += block[..<count]
      rest -= count
    }
  }

  /// The next line, if a whole one has come.
  func line() -> String? {
    receive()
    guard let end = received.firstIndex(of: 10) else { return nil }
    defer { received.removeSubrange(...end) }
    return String(decoding: received[..<end], as: UTF8.self)
  }

  /// The next so many bytes, if they have come.
  func bytes(_ count: Int) -> [UInt8]? {
    receive()
    guard received.count >= count else { return nil }
    defer { received.removeSubrange(..<count) }
    return Array(received[..<count])
  }
}

extension DaemonRig {
  /// The answer to a request: the daemon is turned until it has come.
  func ask(_ request: String, _ client: ControlClient, at place: SourceLocation = #_sourceLocation) throws -> JSONValue
  {
    client.send(request + "\n")
    return try answer(to: client, at: place)
  }

  /// The next line that the daemon sends.
  func answer(to client: ControlClient, at place: SourceLocation = #_sourceLocation) throws -> JSONValue {
    var line: String?
    try turn(
      until: {
        line = client.line()
        return line != nil
      }, "an answer comes", at: place)
    return try JSONValue(parsing: #require(line, sourceLocation: place))
  }
}
