import Glibc
import RunnelTesting
import RunnelZeroMQ
import Testing

@Suite struct ErrorTests {
  private let context = ZeroMQContext()

  private func refusal(of text: String) throws -> ZeroMQError? {
    let socket = try Socket(.pull, in: context)
    do throws(ZeroMQError) { try socket.bind(text) } catch { return error }
    return nil
  }

  @Test func `a port that is taken says which endpoint and what to do`() throws {
    let first = try Socket(.xpub, in: context)
    let endpoint = try first.bind("tcp://127.0.0.1:*")
    let error = try #require(try refusal(of: endpoint))
    #expect(error.reason == .addressInUse)
    #expect(
      error.description
        == "cannot bind \(endpoint): another program already listens there; choose another port or path, or stop it")
  }

  @Test func `an ipc path that somebody listens at is not stolen`() throws {
    let folder = TemporaryFolder()
    let endpoint = "ipc://\(folder.path)/labels"
    let first = try Socket(.pull, in: context)
    try first.bind(endpoint)
    #expect(try refusal(of: endpoint)?.reason == .addressInUse)

    let sender = try Socket(.push, in: context, options: patient)
    try sender.connect(endpoint)
    #expect(try sender.send(text: "still heard") == .sent)
    #expect(try Meeting.message(of: first) == [bytes("still heard")])
  }

  @Test func `an ipc path left by a dead program is used again`() throws {
    let folder = TemporaryFolder()
    let path = "\(folder.path)/labels"
    try leaveDeadSocket(at: path)
    #expect(try refusal(of: "ipc://\(path)") == nil)
  }

  @Test func `a file that is no socket is not removed for an ipc endpoint`() throws {
    let folder = TemporaryFolder()
    let path = "\(folder.path)/thesis"
    close(open(path, O_CREAT | O_WRONLY, 0o600))
    let error = try #require(try refusal(of: "ipc://\(path)"))
    #expect(error.reason == .addressInUse)
    #expect(error.description.contains("a file that is no socket is there"))
    #expect(access(path, F_OK) == 0)
  }

  @Test func `an ipc path without its directory says so`() throws {
    let folder = TemporaryFolder()
    let error = try #require(try refusal(of: "ipc://\(folder.path)/no/such"))
    #expect(error.reason == .noDirectory && error.description.contains("its directory does not exist"))
  }

  @Test func `an address of another machine cannot be bound`() throws {
    // 192.0.2.0/24 is for documentation (RFC 5737) and belongs to nobody.
    let error = try #require(try refusal(of: "tcp://192.0.2.1:5556"))
    #expect(error.reason == .noSuchInterface)
    #expect(error.description.contains("`ip address` lists"))
  }

  @Test func `an interface that does not exist cannot be bound`() throws {
    #expect(try refusal(of: "tcp://nosuch0:5556")?.reason == .noSuchInterface)
  }

  /// libzmq's own words for it were "Resource temporarily unavailable".
  @Test func `the name of no interface is one for a socket with a monitor too`() throws {
    let socket = try Socket(.pull, in: context)
    let monitor = try SocketMonitor(of: socket, in: context)
    let error = #expect(throws: ZeroMQError.self) { try socket.bind("tcp://nohost.invalid:5556") }
    #expect(error?.reason == .noSuchInterface, "\(error?.description ?? "")")
    _ = consume monitor
  }

  @Test func `an inproc name is taken once`() throws {
    let first = try Socket(.pull, in: context)
    try first.bind("inproc://taps")
    #expect(try refusal(of: "inproc://taps")?.reason == .addressInUse)
  }

  @Test func `a socket of a context that ended says so`() throws {
    let ended = ZeroMQContext()
    #expect(ended.terminate(within: .seconds(10)))
    #expect {
      _ = try Socket(.sub, in: ended)
    } throws: {
      ($0 as? ZeroMQError)?.reason == .contextTerminated
    }
  }

  /// Queues before the connection stands.
  private var patient: SocketOptions {
    var options = SocketOptions(for: .push)
    options.immediate = false
    return options
  }
}
