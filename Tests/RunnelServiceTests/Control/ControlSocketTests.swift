import Glibc
import RunnelCore
import RunnelTesting
import Testing

@testable import RunnelService

/// The unix socket of a daemon: who may have the path, who may come in, and what a client may do to it.
@Suite struct ControlSocketTests {
  private let folder = TemporaryFolder()

  @Test func `only owner and group may come in, and the file goes with its daemon`() throws {
    do {
      let server = try ControlServer(at: folder.socket)
      #expect(folder.mode == 0o660 && server.path == folder.socket)
    }
    #expect(folder.mode == nil)
  }

  @Test func `the socket of a dead daemon is replaced`() throws {
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: Array(folder.socket.utf8)) }
    let dead = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
    let bound = withUnsafePointer(to: address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(dead, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) }
    }
    close(dead)
    try #require(bound == 0 && folder.mode != nil)
    let server = try ControlServer(at: folder.socket)
    let called = try UnixSocket.call(server.path, patience: 1)
    #expect(called != nil)
    close(called ?? -1)
  }

  @Test func `the socket of a living daemon is an error that says what to do, and stays`() throws {
    let living = try ControlServer(at: folder.socket)
    let error = #expect(throws: ServiceError.self) { try ControlServer(at: folder.socket) }
    #expect(error?.kind == .unavailable && error?.description.contains("stop it, or give control.socket") == true)
    #expect(throws: ServiceError.self) { try DaemonRig(control: folder.socket) }
    let called = try UnixSocket.call(living.path, patience: 1)
    #expect(called != nil)
    close(called ?? -1)
  }

  @Test func `a file that is no socket is never removed`() throws {
    let other = folder.path + "/other"
    close(open(other, O_CREAT | O_WRONLY, 0o600))
    let error = #expect(throws: ServiceError.self) { try ControlServer(at: other) }
    #expect(error?.kind == .cannotCreate && access(other, F_OK) == 0)
  }

  @Test func `a path that Linux has no room for is said with its length`() throws {
    let error = #expect(throws: ServiceError.self) {
      try ControlServer(at: folder.path + "/" + String(repeating: "x", count: 120))
    }
    #expect(error?.description.contains("107") == true)
  }

  /// A daemon whose folder cannot be written to would rather label than answer.
  @Test func `a daemon that was not told a place goes on without, and says so`() throws {
    let rig = try DaemonRig(control: folder.path + "/missing/control.sock")
    #expect(rig.sentences.count("nobody can ask this daemon", "control.socket") == 1)
  }

  @Test(arguments: [
    ("hello", "one line of JSON"), ("[]", "an object with a 'do'"), ("{}", "an object with a 'do'"),
    (#"{"do":1}"#, "an object with a 'do'"), (#"{"do":"stop"}"#, "'stop'; this daemon knows: status"),
    (#"{"do":"status","since":3}"#, "'since' was given"), (#"{"do":"status","do":"status"}"#, "each key once"),
    ("\u{0}\u{1B}[31m", "one line of JSON"), (#"{"do":{"a":{"b":{"c":{"d":1}}}}}"#, "one line of JSON"),
  ])
  func `a malformed request is one line that says why, and the next is answered`(request: String, words: String) throws
  {
    let rig = try DaemonRig(control: folder.socket)
    let client = try ControlClient(folder.socket)
    let answer = try rig.ask(request, client)
    #expect(answer["error"]?.string?.contains(words) == true && answer["code"]?.integer == 64, "\(answer)")
    #expect(try rig.ask(#"{"do":"status"}"#, client)["pid"]?.integer == Int64(getpid()))
  }

  @Test func `requests are taken apart however they are cut, and answered in their order`() throws {
    let rig = try DaemonRig(control: folder.socket)
    let client = try ControlClient(folder.socket)
    for piece in [#"{"do""#, #":"stat"#, "us\"}\n{}\n{\"do\":", #""status"}"#] {
      client.send(piece)
      try rig.daemon.turn(within: 1)
    }
    client.end()
    #expect(try rig.answer(to: client)["pid"] != nil)
    #expect(try rig.answer(to: client)["error"] != nil)
    #expect(try rig.answer(to: client)["pid"] != nil, "the last line needs no end")
    try rig.turn(
      until: {
        client.receive()
        return client.isClosed
      }, "who has said all and has all answers is left")
  }

  @Test func `a request that does not end is refused and its client left`() throws {
    let rig = try DaemonRig(control: folder.socket)
    let client = try ControlClient(folder.socket)
    client.send(String(repeating: "x", count: ControlConnection.requestLimit))
    #expect(try rig.answer(to: client)["error"]?.string?.contains("4096 bytes") == true)
    try rig.turn(
      until: {
        client.receive()
        return client.isClosed
      }, "it is left")
  }

  /// What comes in goes on becoming labels while clients ask without reading, send without end and hang up in the middle.
  @Test func `hostile clients never delay the samples`() throws {
    let rig = try DaemonRig(control: folder.socket)
    let publisher = try rig.publisher(.bed(), epoch: 1)
    try publisher.describe()
    let deaf = try (0..<ControlServer.mostConnections / 2).map { _ in try ControlClient(folder.socket) }
    for client in deaf { client.send(String(repeating: "{\"do\":\"status\"}\n", count: 200)) }
    let chatty = try ControlClient(folder.socket)
    var sent: Int64 = 0
    for round in 0..<40 {
      chatty.send(String(repeating: "y", count: 3000))
      try ControlClient(folder.socket).send("{\"do\":\"sta")
      try publisher.send(wave(36, seed: UInt64(round)))
      sent += 36
      try rig.turn(until: { rig.accounting.rowsUsed == sent }, "the rows are used")
    }
    #expect(rig.accounting.balances && rig.accounting.rowsLost == 0)
    #expect(try rig.receive(labels: Int(sent) / 3 - 42).count { $0.label != nil } >= Int(sent) / 3 - 42)
  }

  @Test func `clients are bounded: the idle make room, and where all are busy the newcomer is told`() throws {
    let rig = try DaemonRig(control: folder.socket)
    let first = try (0..<ControlServer.mostConnections).map { _ in try ControlClient(folder.socket) }
    try rig.daemon.turn(within: 5)
    let newcomer = try ControlClient(folder.socket)
    #expect(try rig.ask(#"{"do":"status"}"#, newcomer)["pid"] != nil)
    #expect(
      first.count { client in
        client.receive()
        return client.isClosed
      } == 1, "one idle client made room")
    // Half a request is nothing that may be broken off; a request that waits is.
    for client in first { client.send(String(repeating: "{}\n", count: 1000)) }
    newcomer.send(String(repeating: "{}\n", count: 1000))
    try rig.daemon.turn(within: 1)
    try rig.daemon.turn(within: 1)
    let late = try ControlClient(folder.socket)
    #expect(try rig.answer(to: late)["error"]?.string?.contains("16 clients") == true)
  }
}
