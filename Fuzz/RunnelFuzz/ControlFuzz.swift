import Glibc
import RunnelCore
import RunnelZeroMQ

@testable import RunnelService

/// Bytes that a client of the control socket sends: each request is taken or refused, each answer is one line of JSON, and
/// the connection stays within its bounds.
enum ControlFuzz {
  static func feed(_ bytes: [UInt8]) {
    var ends: [Int32] = [0, 0]
    guard socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue), 0, &ends) == 0 else {
      fatalError("no sockets")
    }
    defer { close(ends[1]) }
    var poller = Poller()
    let connection = ControlConnection(ends[0], entry: poller.add(fileDescriptor: ends[0]), now: 0)
    var rest = bytes[...]
    var answers: [UInt8] = []
    while connection.isOpen {
      // In pieces, of which the first byte says the size.
      let piece = rest.prefix(1 + Int(rest.first ?? 0))
      rest = rest.dropFirst(piece.count)
      if piece.isEmpty {
        shutdown(ends[1], Int32(SHUT_WR))
      } else {
        piece.withUnsafeBytes { _ = send(ends[1], $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
      }
      connection.receive(now: 0)
      while connection.isOpen, connection.hasRequest {
        do throws(ControlRefusal) { answer(try connection.take(), connection) } catch { connection.answer(error) }
        connection.flush(now: 0)
      }
      connection.flush(now: 0)
      answers += read(ends[1])
      if piece.isEmpty { break }
    }
    for line in answers.split(separator: 10) {
      precondition((try? JSONValue(parsing: String(decoding: line, as: UTF8.self))) != nil, "an answer is JSON")
    }
  }

  private static func answer(_ request: ControlRequest, _ connection: ControlConnection) {
    switch request {
    case .status: connection.answer(Array("{}".utf8))
    case .window(let lane, _):
      var json = JSONWriter()
      json.beginObject()
      json.pair("lane", lane)
      json.endObject()
      connection.answer(json.bytes)
    case .record:
      connection.stream()
      _ = connection.offer(Array("{\"recording\":true}".utf8))
    }
  }

  private static func read(_ client: Int32) -> [UInt8] {
    var all: [UInt8] = []
    var block = [UInt8](repeating: 0, count: 1 << 16)
    while case let count = Glibc.read(client, &block, block.count), count > 0 { all += block[..<count] }
    return all
  }
}
