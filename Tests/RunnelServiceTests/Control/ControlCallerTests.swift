import Glibc
import RunnelTesting
import Testing

@testable import RunnelService

/// What a client makes of an answer.
@Suite struct ControlCallerTests {
  private let folder = TemporaryFolder()

  /// What answers need not be a daemon, and a terminal obeys what it is shown.
  @Test func `the sentence of a refusal is shown without anything that a terminal would obey`() throws {
    let listener = try UnixSocket.listen(at: folder.socket)
    defer { close(listener) }
    let caller = try ControlCaller([folder.socket])
    let answering = try #require(UnixSocket.accept(from: listener))
    defer { close(answering) }
    let line = Array(#"{"error":"\u001b[31mall is well\nrunnel: gone","code":1}"#.utf8) + [10]
    #expect(write(answering, line, line.count) == line.count)
    let error = #expect(throws: ServiceError.self) { try caller.next() }
    #expect(error?.kind == .no && error?.description == "·[31mall is well·runnel: gone")
  }
}
