import RunnelCore
import RunnelLabels
import RunnelPipeline
import RunnelRecordings
import RunnelTesting
import RunnelWire
import Synchronization
import Testing

@testable import RunnelService

/// What `runnel record` wrote, labelled into every kind of file, and where it was split.
@Suite struct LabelMessagesTests {
  private let folder = TemporaryFolder()
  private let rig: OfflineRig

  init() throws { rig = try OfflineRig(seconds: 40, leads: 2) }

  /// What arrived of two streams beside each other, the first of which begins again in the middle, with a gap.
  ///
  /// - Parameters:
  ///   - splitSize: bytes of a part.
  ///   - start: when the first message came.
  /// - Returns: the files.
  private func record(
    _ name: String = "ward.mcap", splitSize: Int? = nil, streams: [String] = ["bed7", "bed8"], restarts: Bool = true,
    start: UInt64 = 1_700_000_000_000_000_000
  ) throws -> [String] {
    var settings = RecordingSeries.Settings(path: folder.path + "/" + name)
    settings.splitSize = splitSize
    settings.metadata = ["kind": "arrived"]
    // No two recordings begin at one time.
    let began = 1_700_000_000_000_000_000 + name.utf8.reduce(0) { Int64($1) + 7 * $0 } % 1000
    let log = try MessageLog(settings, endpoints: 1, now: began)
    let source = MessageLog.Source(input: "", endpoint: "tcp://127.0.0.1:5556", decoder: nil)
    var time = start
    func take(_ parts: MessageParts) {
      time += 10_000_000
      #expect(throws: Never.self) { try log.take(parts, endpoint: 0, from: source, at: time) }
    }
    func encoder(_ stream: String, epoch: UInt64) throws -> RunnelEncoder {
      try RunnelEncoder(
        StreamDescription(stream: stream, rate: 360, channels: rig.channels), epoch: epoch, element: .int16)
    }
    var encoders = try streams.map { try encoder($0, epoch: 5) }
    for index in encoders.indices { encoders[index].withDescription(take) }
    let half = rig.rows / 2
    for row in stride(from: 0, to: rig.rows, by: 36) {
      if restarts, row == half {
        encoders[0] = try encoder(streams[0], epoch: 9)
        encoders[0].withDescription(take)
      }
      let range = row..<min(row + 36, rig.rows)
      rig.samples[range.lowerBound * 2..<range.upperBound * 2].withUnsafeBytes { payload in
        for index in encoders.indices {
          // The clock says when row 0 was, and a message of the second stream is lost.
          let after = (Double(encoders[index].nextIndex) / 360 * 1e9).rounded()
          let timestamp = 1_700_000_000_000_000_000 + Int64(after)
          encoders[index].withSamples(payload, rows: range.count, timestamp: timestamp) { parts in
            if index == 0 || row != 3600 { take(parts) }
          }
        }
      }
    }
    for index in encoders.indices { encoders[index].withEnd(take) }
    try log.series.finish()
    return log.series.files
  }

  private func run(_ form: LabelRun.Form, channels: [String] = ["MLII"]) throws -> LabelRun {
    var run = LabelRun(
      try Labeller(model: OfflineRig.model.get(), channels: channels), form: form, library: "test")
    run.canonical = form == .jsonl
    return run
  }

  /// - Returns: what was said, and why what failed did.
  private func label(_ run: LabelRun, _ files: [String], to place: String) -> (said: [String], failures: [ServiceError])
  {
    let said = Mutex<[String]>([])
    let failures = run.label(
      run.recordings(files), to: [place], jobs: 1,
      hear: { word in
        if case .message(let text) = word { said.withLock { $0.append(text) } }
      })
    return (said.withLock { $0 }, failures)
  }

  private func bytes(_ path: String) throws -> [UInt8] { try ByteFile.read(path, limit: 1 << 26) }

  @Test func `the parts of a split recording have, given together in any order, the labels of the one that was not`()
    throws
  {
    let whole = try record("whole.mcap")
    let parts = try record("split.mcap", splitSize: 20_000)
    #expect(whole.count == 1 && parts.count > 4)
    let run = try run(.jsonl)
    for files in [parts, parts.reversed()] {
      #expect(label(run, files, to: folder.path + "/split.jsonl").failures.isEmpty)
      #expect(label(run, whole, to: folder.path + "/whole.jsonl").failures.isEmpty)
      let labels = try bytes(folder.path + "/split.jsonl")
      #expect(labels == (try bytes(folder.path + "/whole.jsonl")) && labels.count > 10_000)
    }
  }

  @Test(arguments: [LabelRun.Form.csv, .edf, .atr])
  func `each session has a file of marks, and they are those of that session alone`(form: LabelRun.Form) throws {
    let files = try record(splitSize: 20_000)
    let whole = try record("whole.mcap")
    let run = try run(form)
    let (said, failures) = label(run, files, to: folder.path + "/ward.\(form.suffix)")
    #expect(failures.isEmpty)
    let sessions = ["bed7", "bed8", "bed7-2"]
    #expect(said.map { $0.prefix { $0 != ":" } } == sessions.map { "\(folder.path)/ward-\($0).\(form.suffix)"[...] })
    for name in sessions {
      var alone = run
      alone.selection.track = name
      let place = "\(folder.path)/alone.\(form.suffix)"
      #expect(label(alone, whole, to: place).failures.isEmpty)
      let made = "\(folder.path)/ward-\(name).\(form.suffix)"
      if form == .csv {
        #expect(try rows(made).map(\.row) == rows(place).map(\.row), "\(name)")
        // Counted from the nearest time that was sent, or from the first.
        #expect(zip(try rows(made), try rows(place)).allSatisfy { abs($0.time - $1.time) < 1000 }, "\(name)")
      } else {
        #expect(try bytes(made) == bytes(place), "\(name)")
      }
      #expect(try MarkFile(place, rate: 360).marks.count > 10)
    }
  }

  private func rows(_ table: String) throws -> [(row: LabelTable.Row, time: Int64)] {
    try #require(try LabelTable.read(table)).map { row in
      var row = row
      let time = row.time
      row.time = nil
      return (row, time ?? 0)
    }
  }

  @Test func `a recording with one session has the file that was asked for`() throws {
    let files = try record(streams: ["bed8"], restarts: false)
    let said = label(try run(.csv), files, to: folder.path + "/ward.csv").said
    #expect(said.count == 1 && said[0].hasPrefix(folder.path + "/ward.csv: "), "\(said)")
  }

  @Test func `MCAP holds the messages of every stream, at the time of their samples`() throws {
    let files = try record()
    for form in [LabelRun.Form.mcap, .jsonl] {
      #expect(label(try run(form), files, to: folder.path + "/l.\(form.suffix)").failures.isEmpty)
    }
    let comparison = try CanonicalComparison(folder.path + "/l.mcap", folder.path + "/l.jsonl")
    #expect(comparison.sentences.isEmpty && comparison.lanes == 2 && comparison.count > 50)
    var reader = try MCAPReader(folder.path + "/l.mcap")
    while let item = try reader.next() {
      guard case .message(let message) = item else { continue }
      #expect(message.logTime >= 1_700_000_000_000_000_000 && message.logTime < 1_700_000_100_000_000_000)
    }
  }

  @Test(arguments: [true, false]) func `labels of two sessions of one stream are all read, and not scored as one`(
    canonical: Bool
  ) throws {
    let files = try record(streams: ["bed7"])
    var run = try run(.jsonl)
    run.canonical = canonical
    let lines = folder.path + "/l.jsonl"
    #expect(label(run, files, to: lines).failures.isEmpty)
    #expect(label(try self.run(.csv), files, to: folder.path + "/l.csv").failures.isEmpty)
    let counts = try ["l-bed7.csv", "l-bed7-2.csv"].map { try MarkFile(folder.path + "/" + $0, rate: nil).marks.count }
    #expect(try MarkFile(lines, rate: nil).marks.count == counts.reduce(0, +) && counts.allSatisfy { $0 > 10 })
    let error = serviceError { _ = try LabelFile(contentsOf: lines) }
    #expect(error?.kind == .data && error?.description.contains("stream 'bed7' begins again here") == true)
  }

  @Test func `an annotation file of several lanes is refused, with what to do`() throws {
    let failures = label(try run(.atr, channels: []), try record(), to: folder.path + "/ward.rnl").failures
    #expect(failures.map(\.kind) == [.usage] && failures[0].description.contains("choose with --channels"))
    #expect(folder.names.allSatisfy { !$0.hasSuffix(".rnl") })
  }

  // MARK: parts

  @Test func `parts are found by what they say of themselves, and a copy is a recording of its own`() throws {
    let parts = try record(splitSize: 20_000)
    let other = try record("other.mcap", splitSize: 20_000)
    try #require(parts.count > 2)
    let copy = folder.path + "/copy.mcap"
    try ByteFile.write(try bytes(parts[0]), to: copy)
    #expect(
      WholeRecording.list([parts[1], "absent.mcap", other[0], parts[0], rig.path, parts[2], copy]).map(\.files) == [
        Array(parts[..<3]), ["absent.mcap"], [other[0]], [rig.path], [copy],
      ])
    #expect(
      WholeRecording.list(parts).map(\.name) == ["ward"] && WholeRecording.list([parts[0]])[0].name == "ward-0001")
  }

  @Test func `a part that is missing between two is said, and is a gap`() throws {
    var parts = try record(splitSize: 20_000)
    parts.remove(at: 1)
    let (said, failures) = label(try run(.jsonl), parts, to: folder.path + "/l.jsonl")
    #expect(failures.isEmpty && said.contains { $0.contains("a part of the recording is missing") })
    #expect(String(decoding: try bytes(folder.path + "/l.jsonl"), as: UTF8.self).contains("\"reset\""))
  }

  /// What a daemon admitted of one stream, with a gap in it.
  ///
  /// - Parameters:
  ///   - stream: its name.
  ///   - second: the name of its second channel.
  private func admitted(
    _ name: String, splitSize: Int? = nil, stream: String = "bed7", second: String = "V5"
  ) throws -> [String] {
    var settings = RecordingSeries.Settings(path: folder.path + "/" + name)
    settings.splitSize = splitSize
    settings.metadata = ["kind": RecordedMessages.admitted]
    let log = try MessageLog(settings, endpoints: 1, now: 1)
    let source = MessageLog.Source(input: "", endpoint: "control.sock", decoder: "runnel")
    func take(_ parts: MessageParts) {
      #expect(throws: Never.self) { try log.take(parts, endpoint: 0, from: source, at: 1) }
    }
    func tell(_ kind: Verdict.Kind) {
      var json = JSONWriter()
      Verdict(kind, input: "beds", number: 0).write(to: &json)
      OwnedMessage([Array("j/\(stream)/".utf8), json.bytes]).lend(take)
    }
    var channels = rig.channels
    channels[1].name = second
    var encoder = try RunnelEncoder(
      StreamDescription(stream: stream, rate: 360, channels: channels), epoch: 5, element: .int16)
    encoder.withDescription(take)
    tell(
      .session(
        Verdict.Start(
          stream: stream, endpoint: "tcp://127.0.0.1:5556", epoch: 5, cause: "first", start: 0, level: .sequenced)))
    for row in stride(from: 0, to: rig.rows, by: 360) {
      if row == 3600 {
        encoder.nextIndex += 720
        tell(.gap(3600..<4320))
      }
      rig.samples[row * 2..<(row + 360) * 2].withUnsafeBytes { encoder.withSamples($0, rows: 360, take) }
    }
    tell(.end(at: Int64(rig.rows + 720)))
    try log.series.finish()
    return log.series.files
  }

  @Test func `what a daemon admitted has the same labels when it was split, and a later part alone is refused`() throws
  {
    let (whole, parts) = (try admitted("whole.mcap"), try admitted("split.mcap", splitSize: 20_000))
    try #require(parts.count > 2)
    let run = try run(.jsonl)
    #expect(label(run, parts, to: folder.path + "/l.jsonl").failures.isEmpty)
    #expect(label(run, whole, to: folder.path + "/m.jsonl").failures.isEmpty)
    let labels = try bytes(folder.path + "/l.jsonl")
    #expect(labels == (try bytes(folder.path + "/m.jsonl")))
    #expect(String(decoding: labels, as: UTF8.self).contains("\"reset\""), "a gap of two seconds")
    let failures = label(run, [parts[1]], to: folder.path + "/n.jsonl").failures
    #expect(failures.map(\.kind) == [.data] && failures[0].description.contains("part 2 of a recording"))
  }

  /// Lines of labels of a recording, without the name of their stream.
  private func lines(_ files: [String], stream: String = "bed7") throws -> [String] {
    let (said, failures) = label(try run(.jsonl), files, to: folder.path + "/l.jsonl")
    #expect(said.count == 1 && failures.isEmpty, "\(said) \(failures)")
    return String(decoding: try bytes(folder.path + "/l.jsonl"), as: UTF8.self).split(separator: "\n").map { line in
      line.split(separator: "\"\(stream)\"").joined(separator: "NAME")
    }
  }

  @Test(arguments: [256, 1021]) func `a stream whose topic is long has its labels`(length: Int) throws {
    let long = String(repeating: "a", count: length)
    let labels = try lines(try record("short.mcap", streams: ["bed7"]))
    #expect(labels.count > 30)
    #expect(try lines(try record(streams: [long]), stream: long) == labels)
    let admittedLabels = try lines(try admitted("short-a.mcap"))
    #expect(try lines(try admitted("long.mcap", stream: long), stream: long) == admittedLabels)
  }

  @Test func `a recording whose clock passes the largest number has its labels`() throws {
    let late = UInt64(Int64.max) - 1_000_000_000
    let labels = try lines(try record("late.mcap", streams: ["bed7"], restarts: false, start: late))
    #expect(labels.count > 20)
    #expect(try lines(try record(streams: ["bed7"], restarts: false)) == labels)
  }

  @Test func `what a daemon admitted is labelled though no publisher could write its topics or its description`() throws
  {
    let labels = try lines(try admitted("short.mcap"))
    #expect(labels.count > 30)
    // An array's channels are named in the configuration, and its topics may have any length.
    let name = String(repeating: "c", count: 2000)
    #expect(try lines(try admitted("topic.mcap", stream: name), stream: name) == labels)
    let channel = String(repeating: "c", count: 80_000)
    #expect(try lines(try admitted("channel.mcap", second: channel)) == labels)
  }
}
