import Glibc
import RunnelTesting
import Testing

/// Asking the running daemon from another program.
@Suite struct ControlTests {
  private let folder = TemporaryFolder()

  private func ask(_ arguments: String...) throws -> Program {
    let program = try Program(Program.runnel, arguments, environment: ["XDG_RUNTIME_DIR": folder.path])
    _ = try program.ended()
    return program
  }

  @Test func `runnel status finds the daemon of a configuration, and says what it did`() throws {
    let expected = try Expected.shared.get()
    let daemon = try RunningDaemon(Settings(input: "bind: tcp://127.0.0.1:*"), in: folder)
    let replay = try daemon.replay(expected)
    #expect(try replay.ended() == 0, "\(replay.messages)")
    var status = ""
    // What was sent is not yet what has come.
    for _ in 0..<500 where !status.contains("rows: \(Expected.rows) received = \(Expected.rows) used") {
      let program = try ask("status", "-c", folder.path + "/runnel.yaml")
      #expect(try program.ended() == 0, "\(program.messages)")
      status = program.output
    }
    #expect(status.contains("daemon \(daemon.program.pid) of "), "\(status)")
    #expect(status.contains("beds/bed7  ended"), "\(status)")
    #expect(status.contains("bed7/beats/MLII  "), "\(status)")
    // Neither the configuration nor the socket need be named where one daemon runs.
    let json = try ask("status", "--json")
    #expect(try json.ended() == 0 && json.output.contains(#""used":\#(Expected.rows)"#), "\(json.output)")
    let window = try ask("window", "bed7/beats/MLII", "--csv", "--last", "500ms")
    #expect(try window.ended() == 0, "\(window.messages)")
    #expect(
      window.outputLines.first == "index,step,t,MLII,status" && window.outputLines.count == 61, "\(window.output)")
    let unknown = try ask("window", "bed7/beats/MLI")
    #expect(try unknown.ended() == 1 && unknown.messages.contains("did you mean"), "\(unknown.messages)")
    _ = try daemon.end()
  }

  @Test func `without a daemon it is 69, with what to do`() throws {
    for arguments in [["status"], ["status", "--socket", folder.path + "/none.sock"], ["window", "a/b/c"]] {
      let program = try Program(Program.runnel, arguments, environment: ["XDG_RUNTIME_DIR": folder.path])
      #expect(try program.ended() == 69)
      #expect(program.messages.contains("start one with `runnel run -c FILE`"), "\(program.messages)")
    }
  }

  @Test func `a daemon that was killed leaves no trace that its successor minds`() throws {
    let settings = Settings(input: "bind: tcp://127.0.0.1:*")
    do {
      let daemon = try RunningDaemon(settings, in: folder)
      daemon.program.signal(SIGKILL)
      #expect(try daemon.program.ended() == -SIGKILL)
    }
    #expect(try ask("status").ended() == 69)
    let daemon = try RunningDaemon(settings, in: folder)
    let second = try ask("run", "-c", folder.path + "/runnel.yaml")
    #expect(try second.ended() == 69 && second.messages.contains("answers at"), "\(second.messages)")
    #expect(try ask("status").ended() == 0)
    _ = try daemon.end()
    let socket = try ask("status")
    #expect(try socket.ended() == 69, "the socket goes with its daemon")
  }

  @Test func `several daemons are told apart by their configurations`() throws {
    let settings = Settings(input: "bind: tcp://127.0.0.1:*")
    let others = TemporaryFolder()
    let first = try RunningDaemon(settings, in: folder)
    let second = try RunningDaemon(settings, in: others, environment: ["XDG_RUNTIME_DIR": folder.path])
    let any = try ask("status")
    #expect(try any.ended() == 64 && any.messages.contains("--socket"), "\(any.messages)")
    for (daemon, folder) in [(first, folder), (second, others)] {
      let named = try ask("status", "-c", folder.path + "/runnel.yaml")
      #expect(named.output.contains("daemon \(daemon.program.pid) of "), "\(named.output) \(named.messages)")
    }
  }
}
