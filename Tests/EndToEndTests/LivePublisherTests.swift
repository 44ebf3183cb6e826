import Glibc
import RunnelCore
import RunnelTesting
import RunnelWire
import RunnelZeroMQ
import Testing

/// Publishers in the words of other programs (python/live), over real sockets: the labels of `runnel label`, whatever
/// the format that carries the samples.
@Suite struct LivePublisherTests {
  /// How one of them is asked for and configured.
  struct Way: Sendable, CustomTestStringConvertible {
    var name: String
    var script = "publish.py"
    var arguments: [String] = []
    var settings: String
    var level: Level = .unsequenced
    /// What the accounting must show besides.
    var ignored = 0
    var testDescription: String { name }
  }

  private static let mv = "rate: 360 Hz, channels: [{name: MLII, unit: mV}]"

  static let ways: [Way] = [
    Way(name: "runnel", script: "../examples/publish_samples.py", settings: "format: runnel", level: .sequenced),
    Way(name: "raw", settings: "format: raw, dtype: f32, topic_parts: 1, topic: adc/1, \(mv)"),
    Way(
      name: "raw-i16",
      settings:
        "format: raw, dtype: i16, byte_order: big, layout: channel_major, rate: 360 Hz, channels: [{name: MLII, unit: mV, gain: 200}]"
    ),
    Way(name: "gnuradio", settings: "format: gnuradio, dtype: f32, \(mv)"),
    Way(
      name: "gnuradio-tags", settings: "format: gnuradio, dtype: f32, pass_tags: true, topic: ecg, \(mv)",
      level: .sequenced),
    Way(name: "array-1.0", settings: "format: array, time_origin: '1970', \(mv)", level: .sequenced),
    Way(
      name: "json",
      settings:
        "format: json, rate: 360 Hz, fields: {time: timestamp, sequence: seq}, channels: [{name: MLII, unit: mV, path: ecg.MLII}]",
      level: .sequenced),
    Way(
      name: "json-rows",
      settings:
        "format: json, rate: 360 Hz, fields: {time: t, index: first}, channels: [{name: MLII, unit: mV, path: 'rows.*.0'}]",
      level: .sequenced),
    Way(name: "msgpack", settings: "format: msgpack, fields: {time: timestamp, sequence: n}, \(mv)", level: .sequenced),
    Way(name: "plotjuggler", settings: "format: json, \(mv)"),
    Way(
      name: "openephys", script: "open_ephys.py", arguments: ["--names", "MLII", "--stream", "ward 3"],
      settings: "format: openephys, channels: [{name: MLII, unit: mV}]", level: .sequenced, ignored: 68),
    Way(
      name: "openephys of before 2022", script: "open_ephys.py", arguments: ["--old", "--block", "50"],
      settings: "format: openephys, channels: [{name: MLII, unit: mV}]", level: .sequenced, ignored: 86),
    Way(
      name: "openephys with JSON cut short", script: "open_ephys.py",
      arguments: ["--cut", "--names", "MLII", "--stream", "Gerät"],
      settings: "format: openephys, channels: [{name: MLII, unit: mV}]", level: .sequenced, ignored: 68),
    Way(
      name: "auto, and it is openephys", script: "open_ephys.py", arguments: ["--names", "MLII"],
      settings: "format: auto, \(mv)", level: .sequenced, ignored: 68),
  ]

  @Test(.enabled(if: hasPython, "python3-zmq, python3-numpy and python3-msgpack are not installed"), arguments: ways)
  func `the labels are those of runnel label`(way: Way) throws {
    let (folder, expected) = (TemporaryFolder(), try Expected.shared.get())
    let endpoint = "ipc://\(folder.path)/samples"
    let daemon = try RunningDaemon(Settings(input: "connect: \"\(endpoint)\"", format: way.settings), in: folder)
    let subscriber = try LabelSubscriber(daemon.labels)
    let format = way.script == "publish.py" ? [way.name] : []
    let publisher = try Program(
      Place.python,
      [Place.root + "/python/live/" + way.script] + format + [try Self.array.get(), endpoint] + way.arguments)
    #expect(try publisher.ended() == 0, "\(publisher.messages)")
    // Everything it sent lies before the end of its connection.
    try daemon.program.line(containing: "is gone")
    let account = try daemon.end()
    #expect(account.used == Expected.rows && account.rejected == 0)
    #expect(daemon.program.messages.contains("; \(way.ignored) ignored") == (way.ignored > 0))
    let wanted = Expected.decisions(expected.labels)
    try subscriber.receive("the labels") { Expected.decisions($0).count >= wanted.count }
    #expect(Expected.decisions(subscriber.labels) == wanted)
    #expect(subscriber.labels.allSatisfy { $0.level == way.level })
  }

  /// Law 4 of what arrived: the recording, sent again and labelled by itself.
  @Test(
    .enabled(if: hasPython, "python3-zmq, python3-numpy and python3-msgpack are not installed"),
    arguments: ways.filter { ["raw-i16", "gnuradio-tags", "json-rows", "msgpack", "openephys"].contains($0.name) })
  func `a recording of it has the same labels, sent again or labelled by itself`(way: Way) throws {
    let (folder, expected) = (TemporaryFolder(), try Expected.shared.get())
    let endpoint = "ipc://\(folder.path)/samples"
    let settings = Settings(input: "connect: \"\(endpoint)\"", format: way.settings)
    let configuration = folder.write(settings.text, to: "record.yaml")
    let file = folder.path + "/x.mcap"
    let recorder = try Program(Program.runnel, ["record", "-o", file, "-c", configuration, "--json"])
    try recorder.line(containing: "recording ipc://")
    let format = way.script == "publish.py" ? [way.name] : []
    let publisher = try Program(
      Place.python,
      [Place.root + "/python/live/" + way.script] + format + [try Self.array.get(), endpoint] + way.arguments)
    #expect(try publisher.ended() == 0, "\(publisher.messages)")
    try recorder.line(containing: "went away")
    recorder.signal(SIGTERM)
    #expect(try recorder.ended() == 0, "\(recorder.messages)")

    let label = try Program(
      Program.runnel, ["label", file, "-c", configuration, "--format", "jsonl", "--canonical"])
    #expect(try label.ended() == 0, "\(label.messages)")
    let labels = try label.outputLines.map { try LabelDecoder().decode($0) }
    let wanted = Expected.decisions(expected.labels)
    #expect(Expected.decisions(labels) == wanted)

    let daemon = try RunningDaemon(settings, in: folder)
    let subscriber = try LabelSubscriber(daemon.labels)
    let replay = try Program(Program.runnel, ["replay", file, "--to", endpoint, "--speed", "max"])
    #expect(try replay.ended() == 0, "\(replay.messages)")
    try daemon.program.line(containing: "is gone")
    #expect(try daemon.end().used == Expected.rows)
    try subscriber.receive("the labels") { Expected.decisions($0).count >= wanted.count }
    #expect(subscriber.canonical == label.outputLines)
  }

  @Test(.enabled(if: hasPython, "python3-zmq, python3-numpy and python3-msgpack are not installed"))
  func `a pickle is refused with the lines that replace it`() throws {
    let folder = TemporaryFolder()
    let endpoint = "ipc://\(folder.path)/samples"
    let daemon = try RunningDaemon(
      Settings(input: "connect: \"\(endpoint)\"", format: "format: array, \(Self.mv)"), in: folder)
    let publisher = try Program(
      Place.python, [Place.root + "/python/live/publish.py", "pickle", try Self.array.get(), endpoint])
    #expect(try publisher.ended() == 0, "\(publisher.messages)")
    let line = try daemon.program.line(containing: "pickle")
    for replacement in Pickle.replacement { #expect(line.contains(replacement)) }
    let account = try daemon.end()
    #expect(account.decoded == 0 && account.rejected == account.received && account.used == 0)
  }

  @Test(.enabled(if: hasPython, "python3-zmq, python3-numpy and python3-msgpack are not installed"))
  func `auto says what it found and why`() throws {
    let folder = TemporaryFolder()
    let endpoint = "ipc://\(folder.path)/samples"
    let daemon = try RunningDaemon(
      Settings(input: "connect: \"\(endpoint)\"", format: "format: auto, dtype: f32, \(Self.mv)"), in: folder)
    let publisher = try Program(
      Place.python, [Place.root + "/python/live/publish.py", "gnuradio-tags", try Self.array.get(), endpoint])
    let line = try daemon.program.line(containing: "is format")
    #expect(line.contains("is format gnuradio with pass_tags: its data begin with the tag header F0 5F 01"))
    #expect(try publisher.ended() == 0, "\(publisher.messages)")
    try daemon.program.line(containing: "is gone")
    #expect(try daemon.end().used == Expected.rows)
  }

  static let hasPython = (try? Program(Place.python, ["-c", "import zmq, numpy, msgpack"]).ended()) == 0

  /// The recording as NumPy has it: physical = (raw − baseline) / gain, rounded once to f32. Made once.
  static let array = Result {
    let expected = try Expected.shared.get()
    let path = expected.folder.path + "/ecg.npy"
    let convert = try Program(
      Place.python,
      [
        "-c",
        """
        import re, sys, numpy as np
        header = open(sys.argv[1]).read().splitlines()[1].split()
        gain, baseline = re.match(r"([0-9.]+)(?:\\((-?\\d+)\\))?", header[2]).groups()
        raw = np.fromfile(sys.argv[2], "<i2").astype("f8")
        physical = (raw - float(baseline or header[4])) / float(gain)
        np.save(sys.argv[3], physical.astype("f4")[:, None])
        """, expected.record, expected.samples, path,
      ])
    guard try convert.ended() == 0 else { throw Program.Failed(description: convert.messages) }
    return path
  }
}
