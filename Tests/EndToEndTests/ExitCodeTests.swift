import Glibc
import RunnelTesting
import RunnelZeroMQ
import Testing

/// A script tells by the exit code what went wrong, and a person by one sentence.
@Suite struct ExitCodeTests {
  private let folder = TemporaryFolder()

  private func run(_ arguments: String...) throws -> (code: Int32, messages: String) {
    let program = try Program(Program.runnel, arguments)
    return (try program.ended(), program.messages)
  }

  private func run(_ settings: Settings) throws -> (code: Int32, messages: String) {
    try run("run", "-c", folder.write(settings.text, to: "runnel.yaml"))
  }

  @Test func `an endpoint in use is 69, and named`() throws {
    let other = try Socket(.xpub, in: ZeroMQContext())
    let endpoint = try other.bind("tcp://127.0.0.1:*")
    var settings = Settings(input: "bind: tcp://127.0.0.1:*")
    settings.labels = endpoint
    let (code, messages) = try run(settings)
    #expect(code == 69 && messages.contains(endpoint) && messages.contains("already listens"), "\(messages)")
  }

  @Test(arguments: ["sse9", "neon"])
  func `kernels that this processor does not have are 64, with those that it has`(name: String) throws {
    #if arch(arm64)
      guard name != "neon" else { return }
    #endif
    let program = try Program(
      Program.runnel, ["model", "check", Place.model], environment: ["RUNNEL_KERNELS": name])
    #expect(try program.ended() == 64)
    #expect(program.messages.contains("'\(name)'") && program.messages.contains("scalar"), "\(program.messages)")
  }

  @Test func `RUNNEL_KERNELS forces a set, and model check says which one`() throws {
    let program = try Program(
      Program.runnel, ["model", "check", Place.model], environment: ["RUNNEL_KERNELS": "scalar"])
    #expect(try program.ended() == 0, "\(program.messages)")
    #expect(program.output.contains("with kernels scalar"), "\(program.output)")
  }

  @Test func `a configuration that is not there is 66`() throws {
    let (code, messages) = try run("run", "-c", folder.path + "/missing.yaml")
    #expect(code == 66 && messages.contains("missing.yaml"), "\(messages)")
  }

  @Test(arguments: ["run", "check"])
  func `a mistake in the configuration is 78, with its place and a suggestion`(command: String) throws {
    let text = Settings(input: "bindd: tcp://127.0.0.1:*").text
    let (code, messages) = try run(command, "-c", folder.write(text, to: "bad.yaml"))
    #expect(code == 78 && messages.contains("bad.yaml:3:6") && messages.contains("bind"), "\(messages)")
  }

  /// To `check` whatever is wrong with a model is a mistake of the configuration that names it.
  @Test(arguments: [("run", Int32(66)), ("check", 78)])
  func `a model file that is not there is named`(command: String, wanted: Int32) throws {
    var settings = Settings(input: "bind: tcp://127.0.0.1:*")
    settings.model = folder.path + "/missing.safetensors"
    let (code, messages) = try run(command, "-c", folder.write(settings.text, to: "runnel.yaml"))
    #expect(code == wanted && messages.contains("missing.safetensors"), "\(messages)")
  }

  @Test(arguments: ["run", "check"])
  func `a model with another digest than the configuration gives is 78`(command: String) throws {
    var settings = Settings(input: "bind: tcp://127.0.0.1:*")
    settings.digest = ", sha256: \(String(repeating: "0", count: 64))"
    let (code, messages) = try run(command, "-c", folder.write(settings.text, to: "runnel.yaml"))
    #expect(code == 78 && messages.contains("sha256"), "\(messages)")
  }

  @Test(arguments: [("run", Int32(65)), ("check", 78), ("model check", 65)])
  func `a model with one damaged byte is refused`(command: String, wanted: Int32) throws {
    var bytes = TemporaryFolder.read(Place.model)
    bytes[bytes.count - 1] ^= 1
    var settings = Settings(input: "bind: tcp://127.0.0.1:*")
    settings.model = folder.write(bytes, to: "damaged.safetensors")
    let (code, messages) =
      command == "model check"
      ? try run("model", "check", settings.model)
      : try run(command, "-c", folder.write(settings.text, to: "runnel.yaml"))
    #expect(code == wanted && messages.contains("damaged.safetensors"), "\(messages)")
  }

  /// `run` used to start, say READY and reject every message of such a stream.
  @Test func `what check proves of lanes stops run too, with the same words`() throws {
    let text = Settings(input: "bind: tcp://127.0.0.1:*", format: "format: json, rate: 360 Hz, channels: [MLII]").text
    let file = folder.write(text, to: "unitless.yaml")
    let (code, messages) = try run("run", "-c", file)
    #expect(code == 78 && messages.contains("declares no unit"), "\(messages)")
    #expect(try run("check", "-c", file).messages == messages)
  }

  @Test(
    arguments: [
      (["run"], "--config"), (["nonsense"], "`runnel --help`"), (["run", "--nonsense"], "no option '--nonsense'"),
      (["lable", "x"], "mean 'label'"), (["lable", "--help"], "mean 'label'"), (["help", "lable"], "mean 'label'"),
      (["model", "chek", "x"], "mean 'check'"), (["run", "--confg", "x"], "mean '--config'"),
      (["model", "run", "x", "--inptu=y"], "mean '--input'"),
      (["watch", "x", "--count", "0"], "`runnel watch --help`"),
      (["label", "x.hea", "--format", "atr"], "-o"), (["record", "-o", "x.mcap"], "give endpoints"),
      (["synth", "ecg", "--seed", "-1"], "--seed"), (["synth", "ecg", "--rate", "360Hs"], "Hz, kHz or MHz"),
      (["demo", "--seconds", "30x"], "us, ms, s, min or h"),
    ] as [([String], String)])
  func `what is no command is 64, in one sentence with what was meant`(arguments: [String], words: String) throws {
    let program = try Program(Program.runnel, arguments)
    #expect(try program.ended() == 64 && program.output.isEmpty, "\(program.messages)")
    #expect(program.messages.wholeMatch(of: /runnel: [^A-Z\n][^\n]*[^.\n]\n/) != nil, "\(program.messages)")
    #expect(program.messages.contains(words), "\(program.messages)")
  }

  @Test(arguments: ["-h", "run -h", "--version", "help label"])
  func `help that cannot be written is 74`(words: String) throws {
    let program = try Program("/bin/sh", ["-c", "exec '\(Program.runnel)' \(words) > /dev/full"])
    #expect(try program.ended() == 74 && program.messages.contains("free some space"), "\(program.messages)")
  }

  @Test func `a standard output that is closed is not told to free space`() throws {
    let program = try Program("/bin/sh", ["-c", "exec '\(Program.runnel)' --version >&-"])
    #expect(try program.ended() == 74 && !program.messages.contains("free some space"), "\(program.messages)")
  }

  @Test(arguments: [
    ["synth", "ecg", "--rate", "360Hz", "--seconds", "1s"],
    ["synth", "ecg", "--rate", "0.36kHz", "--seconds", "1000ms"],
  ])
  func `times and rates are taken with their unit or without`(words: [String]) throws {
    let (path, bare) = (folder.path + "/a.dat", folder.path + "/b.dat")
    #expect(try run(words + ["-o", folder.path + "/a"]) == 0)
    #expect(try run(["synth", "ecg", "--rate", "360", "--seconds", "1", "-o", folder.path + "/b"]) == 0)
    #expect(!TemporaryFolder.read(path).isEmpty && TemporaryFolder.read(path) == TemporaryFolder.read(bare))
  }

  private func run(_ words: [String]) throws -> Int32 { try Program(Program.runnel, words).ended() }

  @Test func `an ipc endpoint in a folder that is not there is 73`() throws {
    let endpoint = "ipc://\(folder.path)/none/ecg"
    for (code, messages) in [
      try run("synth", "ecg", "--to", endpoint), try run(Settings(input: "bind: \"\(endpoint)\"")),
    ] { #expect(code == 73 && messages.contains("create it first"), "\(messages)") }
  }

  /// On a terminal, which `script` is.
  @Test(arguments: [("", true), ("1", false)])
  func `NO_COLOR forbids colour, and an empty one does not`(value: String, isColoured: Bool) throws {
    let command = "NO_COLOR=\(value) '\(Program.runnel)' check -c \(folder.path)/none.yaml"
    let program = try Program("/usr/bin/script", ["-qec", command, "/dev/null"])
    #expect(try program.ended() == 66 && program.output.contains("none.yaml"), "\(program.output)")
    #expect(program.output.contains("\u{1B}[31m") == isColoured)
  }

  /// A place in a golden recording, what is written there, and how the sentence names the place.
  @Test(arguments: [
    ("plus.edf", 184, "99999999", "byte 184"), ("plus.bdf", 252, "-3  ", "byte 252"),
    ("i16.wav", 12, "nothing!", "byte"), ("extensible.wav", 8, "WAVX", "byte 0"), ("times.tsv", 30, "x", ":3:1:"),
    ("radio.sigmf-meta", 0, "[", "byte"), ("streams.xdf", 70, "<<<<<<<<<<<<<<<<<<<<<<<<<<", "byte"),
    ("zstd.mcap", 8, "\0\0", "byte 8"), ("rates.hea", 6, "x", ":1:7"),
  ])
  func `a damaged recording of any format is 65, with its place in one sentence`(
    name: String, place: Int, written: String, wanted: String
  ) throws {
    var bytes = TemporaryFolder.read("\(Place.root)/Tests/Golden/recordings/\(name)")
    bytes.replaceSubrange(place..<place + written.utf8.count, with: Array(written.utf8))
    let (code, messages) = try run("convert", folder.write(bytes, to: name), folder.path + "/out.csv")
    #expect(code == 65 && messages.contains(name) && messages.contains(wanted), "\(messages)")
    #expect(messages.split(separator: "\n").count == 1)
  }

  @Test func `what a format cannot hold is 65 and named, and written when that is accepted`() throws {
    let golden = "\(Place.root)/Tests/Golden/recordings/bare.mcap"
    let (code, messages) = try run("convert", golden, folder.path + "/out.edf")
    #expect(code == 65 && messages.contains("18 rows of gaps") && messages.contains("--allow-loss"), "\(messages)")
    #expect(TemporaryFolder.read(folder.path + "/out.edf").isEmpty)
    #expect(try run("convert", golden, folder.path + "/out.edf", "--allow-loss").code == 0)
    #expect(!TemporaryFolder.read(folder.path + "/out.edf").isEmpty)
    #expect(try run("convert", golden, folder.path + "/out.edf", "--allow-loss").code == 73)
    #expect(try run("convert", golden, folder.path + "/out.edf", "--allow-loss", "--force").code == 0)
    #expect(try run("convert", golden, folder.path + "/out.flac").code == 64)
    #expect(try run("convert", folder.path + "/none.edf", folder.path + "/out.csv").code == 66)
    #expect(try run("convert", golden, folder.path + "/out.csv", "--track", "none").code == 64)
  }

  @Test func `labels that are the same are 0, others are 1, and a file that is not there is 66`() throws {
    let head = "first,count,t_ns,channel,label,id,p\n"
    let a = folder.write(head + "10,0,,MLII,N,1,0.5\n", to: "a.csv")
    let b = folder.write(head + "12,0,,MLII,N,1,0.5\n", to: "b.csv")
    #expect(try run("diff", a, a).code == 0)
    let program = try Program(Program.runnel, ["diff", a, b])
    #expect(try program.ended() == 1)
    #expect(
      program.outputLines.count == 3 && program.output.contains("-         10  MLII  N  0.5"), "\(program.output)")
    #expect(try run("diff", a, b, "--tolerance", "2").code == 0)
    #expect(try run("diff", a, b, "--tolerance", "10ms", "--rate", "360Hz").code == 0)
    #expect(try run("diff", a, folder.path + "/none.csv").code == 66)
    #expect(try run("diff", a, b, "--canonical").code == 64)
  }

  @Test func `of several recordings one that is not there is 66, and the others are labelled`() throws {
    let expected = try Expected.shared.get()
    let places = ["bed7", "none"].map { "\(folder.path)/\($0).csv" }
    let (code, messages) = try run(
      "label", expected.record, folder.path + "/none.hea", "-m", Place.model, "--channels", "MLII", "-o",
      folder.path + "/{}.csv")
    #expect(code == 66 && messages.contains("1 of 2 recordings"), "\(messages)")
    #expect(!TemporaryFolder.read(places[0]).isEmpty && TemporaryFolder.read(places[1]).isEmpty)
  }

  @Test(arguments: [
    ["label", "-o", "bed7.dat", "--format", "csv"], ["label", "-o", "bed7.atr"], ["label", "-o", "m.csv"],
    ["label", "--conditioned", "bed7.hea"], ["label", "--conditioned", "m.csv"],
    ["score", "--truth-extension", "atr", "--learning", "0s", "--report", "bed7.atr"],
    ["score", "--truth-extension", "atr", "--learning", "0s", "--report", "m.csv"],
  ])
  func `a result never takes the place of what it is made of`(arguments: [String]) throws {
    let expected = try Expected.shared.get()
    for ending in ["hea", "dat", "atr"] {
      folder.write(expected.folder.read("bed7." + ending), to: "bed7." + ending)
    }
    let model = folder.write(TemporaryFolder.read(Place.model), to: "m.csv")
    let before = folder.names.map(folder.read)
    let options = arguments.dropFirst().map { folder.names.contains($0) ? "\(folder.path)/\($0)" : $0 }
    let program = try Program(
      Program.runnel, [arguments[0], folder.path + "/bed7", "-m", model, "--channels", "MLII"] + options)
    #expect(try program.ended() == 64 && program.messages.contains("another name"), "\(program.messages)")
    #expect(folder.names.map(folder.read) == before)
  }

  @Test(arguments: ["label", "replay"])
  func `a recording with a wrong checksum is 65`(command: String) throws {
    let expected = try Expected.shared.get()
    var bytes = TemporaryFolder.read(expected.samples)
    bytes[bytes.count / 2] ^= 1
    folder.write(bytes, to: "bed7.dat")
    let record = folder.write(TemporaryFolder.read(expected.record), to: "bed7.hea")
    let (code, messages) =
      command == "label"
      ? try run("label", record, "-m", Place.model, "--channels", "MLII")
      : try run("replay", record, "--to", "tcp://127.0.0.1:*")
    #expect(code == 65 && messages.contains("checksum"), "\(messages)")
  }

  @Test func `help is 0 and the version is a version`() throws {
    #expect(try run("--help").code == 0)
    #expect(try run("help", "model", "check").code == 0)
    #expect(try run("--generate-completion-script", "bash").code == 0)
    let program = try Program(Program.runnel, ["--version"])
    #expect(try program.ended() == 0)
    #expect(program.output.wholeMatch(of: /\d+\.\d+\.\d+\n/) != nil)
  }
}
