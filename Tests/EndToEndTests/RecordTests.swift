import Glibc
import RunnelCore
import RunnelTesting
import Testing

/// `runnel record` as people and systems run it: stopped, killed, and on a full disk.
@Suite struct RecordTests {
  private let folder = TemporaryFolder()
  private let expected: Expected

  init() throws { expected = try Expected.shared.get() }

  private var file: String { folder.path + "/ward.mcap" }

  /// A recorder that listens, and what it listens at.
  private func recorder(_ options: [String] = [], shell: String? = nil) throws -> (program: Program, endpoint: String) {
    let words = ["record", "-o", file, "tcp://127.0.0.1:*", "--bind", "--json"] + options
    let program =
      try shell.map { try Program("/bin/sh", ["-c", "\($0); exec \"$0\" \"$@\"", Program.runnel] + words) }
      ?? Program(Program.runnel, words)
    let line = try program.line(containing: "recording tcp://")
    return (program, String(line.split(separator: " ")[1]))
  }

  private func replay(to endpoint: String, speed: String = "max") throws -> Program {
    try Program(Program.runnel, ["replay", expected.record, "--to", endpoint, "--connect", "--speed", speed])
  }

  @Test func `what was recorded is sent to a daemon once more, and has its labels`() throws {
    let (program, endpoint) = try recorder()
    let replay = try replay(to: endpoint)
    #expect(try replay.ended() == 0, "\(replay.messages)")
    try program.line(containing: "went away")
    program.signal(SIGTERM)
    #expect(try program.ended() == 0, "\(program.messages)")
    let daemon = try RunningDaemon(Settings(input: "bind: tcp://127.0.0.1:*"), in: folder)
    let subscriber = try LabelSubscriber(daemon.labels)
    let again = try Program(
      Program.runnel, ["replay", file, "--to", daemon.samples, "--connect", "--speed", "max", "--json"])
    try subscriber.receive("the end") { $0.contains(where: \.isEnd) }
    #expect(subscriber.canonical == expected.lines)
    #expect(try again.ended() == 0, "\(again.messages)")
    #expect(try json(again)["messages"]?.number == json(program)["messages"]?.number)
    #expect(try daemon.end().used == Expected.rows)
    let label = try Program(
      Program.runnel, ["label", file, "-c", folder.path + "/runnel.yaml", "--format", "jsonl", "--canonical"])
    #expect(try label.ended() == 0, "\(label.messages)")
    #expect(label.outputLines == expected.lines)
  }

  private func label(_ file: String) throws -> [String] {
    let label = try Program(
      Program.runnel,
      ["label", file, "-m", Place.model, "--channels", "MLII", "--pipeline", "beats", "--canonical"])
    #expect(try label.ended() == 0, "\(label.messages)")
    return label.outputLines
  }

  private func json(_ program: Program) throws -> JSONValue { try JSONValue(parsing: program.output) }

  @Test func `a replayed recording is recorded without loss, and SIGTERM ends the file`() throws {
    let (program, endpoint) = try recorder()
    let replay = try replay(to: endpoint)
    #expect(try replay.ended() == 0, "\(replay.messages)")
    try program.line(containing: "went away")
    program.signal(SIGTERM)
    #expect(try program.ended() == 0, "\(program.messages)")
    let report = try json(program)
    #expect(report["lost_messages"]?.number == 0 && report["ended_by"]?.string == "stopped")
    #expect(report["topics"]?.array?.count == 2)
    let mend = try Program(Program.runnel, ["record", "--recover", file])
    #expect(try mend.ended() == 0 && mend.output.contains("was whole"))
    // Once more into the same file is refused.
    let again = try Program(Program.runnel, ["record", "-o", file, endpoint, "--seconds", "1"])
    #expect(try again.ended() == 73 && again.messages.contains("--force"))
  }

  @Test func `a recorder that is killed leaves a file that is mended, with all that came until the last second`() throws
  {
    let (program, endpoint) = try recorder()
    let replay = try replay(to: endpoint, speed: "10")
    // Its file grows every second; what is there when it is killed stays there. The first second may have begun before the
    // first message, and the last may be half written.
    var before = 0
    for _ in 0..<3 { before = try grown(beyond: before + 1000) }
    program.signal(SIGKILL)
    #expect(try program.ended() == -SIGKILL)
    replay.signal(SIGKILL)
    #expect(try replay.ended() == -SIGKILL)
    #expect(TemporaryFolder.read(file).count >= before)
    let mend = try Program(Program.runnel, ["record", "--recover", file, "--json"])
    // Also where it was killed in the middle of a write.
    #expect(try mend.ended() == 0, "\(mend.output) \(mend.messages)")
    let report = try json(mend)
    #expect((report["messages"]?.number ?? 0) > 5 && report["was_whole"]?.bool == false)
    // What is in it is the beginning of the record.
    let labels = try label(file).compactMap { try JSONValue(parsing: $0)["at"]?.number }
    let whole = expected.labels.compactMap { $0.label == nil ? nil : $0.at.map(Double.init) }
    #expect(labels.count > 1 && labels.dropLast() == whole.prefix(labels.count - 1)[...])
  }

  /// Waits until the file has more bytes than so many.
  private func grown(beyond size: Int) throws -> Int {
    let deadline = ContinuousClock.now + Program.limit
    while ContinuousClock.now < deadline {
      var status = stat()
      if stat(file, &status) == 0, status.st_size > size { return status.st_size }
      sched_yield()
    }
    throw Program.Failed(description: "\(file) does not grow")
  }

  @Test func `a file cut anywhere is mended, and one of which nothing can be kept is 65 and stays as it is`() throws {
    let (program, endpoint) = try recorder()
    let publisher = try NoisyPublisher(to: endpoint)
    // Two chunks, of which the second is cut.
    publisher.send(messages: 10, bytes: 1000)
    let first = try grown(beyond: 9000)
    publisher.send(messages: 10, bytes: 1000)
    let second = try grown(beyond: first + 9000)
    program.signal(SIGTERM)
    #expect(try program.ended() == 0, "\(program.messages)")
    let whole = TemporaryFolder.read(file)
    let cuts: [(cut: Int, code: Int32, word: String)] = [
      (0, 65, "ends before its first record"), (5, 65, "ends before its first record"), (30, 65, "nothing in the file"),
      (200, 65, "nothing in the file"), ((first + second) / 2, 0, "10 messages kept"),
      (whole.count - 100, 0, "nothing in it is lost"),
      (whole.count - 1, 0, "nothing in it is lost"), (whole.count, 0, "was whole"),
    ]
    for (cut, code, word) in cuts {
      let path = folder.write(Array(whole[..<cut]), to: "cut.mcap")
      let mend = try Program(Program.runnel, ["record", "--recover", path])
      #expect(
        try mend.ended() == code && (mend.output + mend.messages).contains(word),
        "\(cut): \(mend.output)\(mend.messages)")
      #expect(TemporaryFolder.read(path) == Array(whole[..<cut]) || code == 0 && cut < whole.count, "\(cut)")
    }
  }

  @Test func `where the disk is full it ends with one sentence, and the file is whole up to there`() throws {
    // Files of at most 64 kB: 128 blocks of 512 bytes.
    let (program, endpoint) = try recorder(shell: "ulimit -f 128")
    let publisher = try NoisyPublisher(to: endpoint)
    publisher.send(messages: 10, bytes: 1000)
    _ = try grown(beyond: 9000)
    publisher.send(messages: 400, bytes: 1000)
    #expect(try program.ended() == 74)
    #expect(program.messages.contains("ward.mcap is whole, with 10 messages; the last "), "\(program.messages)")
    let mend = try Program(Program.runnel, ["record", "--recover", file])
    #expect(try mend.ended() == 0 && mend.output.contains("was whole"), "\(mend.output) \(mend.messages)")
  }

  @Test(
    arguments: [
      (["-o", "ABSENT/x.mcap", "tcp://127.0.0.1:9"], 73), (["-o", "x.mcap"], 64), (["tcp://127.0.0.1:9"], 64),
      (["-o", "x.mcap", "127.0.0.1:9"], 64), (["-o", "x.mcap", "-c", "ABSENT.yaml"], 66),
      (["-o", "x.foo", "tcp://127.0.0.1:9"], 64),
      (["--recover", "ABSENT.mcap"], 66), (["-o", "x.mcap", "tcp://127.0.0.1:9", "--split-size", "12"], 64),
      (["-o", "x.mcap", "tcp://127.0.0.1:9", "--split-every", "1"], 64),
      (["--recover", "THIS", "tcp://127.0.0.1:9"], 64),
      (["--recover", "THIS"], 65),
    ] as [([String], Int32)])
  func `what cannot be recorded is refused with its exit code`(words: [String], code: Int32) throws {
    let this = folder.write("no recording", to: "this")
    let words = words.map { word in
      word.hasSuffix("x.mcap") || word.hasPrefix("ABSENT") ? folder.path + "/" + word : word == "THIS" ? this : word
    }
    let program = try Program(Program.runnel, ["record"] + words)
    #expect(try program.ended() == code, "\(words): \(program.messages)")
    #expect(!program.messages.isEmpty)
  }

  @Test func `where nobody answers it says so and ends with 69`() throws {
    let program = try Program(
      Program.runnel, ["record", "-o", file, "ipc://\(folder.path)/nobody", "--seconds", "0.2"])
    #expect(try program.ended() == 69 && program.messages.contains("nobody answered"))
    #expect(folder.names.isEmpty, "a file would be in the way of the next try")
    // Nor is an older one lost, that was to be replaced.
    folder.write([1], to: "ward.mcap")
    let forced = try Program(
      Program.runnel, ["record", "--force", "-o", file, "ipc://\(folder.path)/nobody", "--seconds", "0.2"])
    #expect(try forced.ended() == 69 && folder.names == ["ward.mcap"] && folder.read("ward.mcap") == [1])
  }
}
