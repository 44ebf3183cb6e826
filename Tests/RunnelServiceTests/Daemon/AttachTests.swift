import RunnelCore
import RunnelWire
import RunnelZeroMQ
import Testing

@testable import RunnelService

/// Labels that carry what the network saw around them, over real sockets.
@Suite struct AttachTests {
  @Test(arguments: [1, 3])
  func `a label has the samples around it as a third part, and waits for those after it`(shards: Int) throws {
    let rig = try DaemonRig(pipeline: ["attach: {before: 100ms, after: 500ms}"], shards: shards)
    let publisher = try rig.publisher(.bed(), epoch: 1)
    try publisher.describe()
    let samples = wave(1800)
    for start in stride(from: 0, to: 1800, by: 36) { try publisher.send(Array(samples[start..<start + 36])) }
    // Scores speak of 0.35 s before; 0.15 s of labels wait still.
    let complete = 600 - 60
    var messages = try rig.receive(labels: complete)
    #expect(messages.count { $0.label != nil } == complete)
    try publisher.end()
    messages += try rig.receiveAll()
    let labels = messages.filter { $0.label != nil }
    #expect(labels.map(\.sequence) == (0..<UInt64(600 - 42)).map { $0 })
    let seen = try DaemonRig.conditioned([(0, samples)])
    for (number, label) in labels.enumerated() {
      let attached = try #require(label.attachment)
      let (first, last) = (max(number - 12, 0), min(number + 60, 599))
      #expect(attached.first == Int64(first) && attached.rows == last - first + 1 && attached.rate == 120)
      #expect(attached.values == (first...last).compactMap { seen[Int64($0)] })
      #expect(attached.isCut == (attached.rows < 73))
    }
    #expect(rig.daemon.report().labels == Int64(labels.count))
  }

  @Test func `a late subscriber gets the last label with what is attached`() throws {
    let rig = try DaemonRig(pipeline: ["attach: {before: 100ms}"])
    let publisher = try rig.publisher(.bed(), epoch: 1)
    try publisher.describe()
    try publisher.send(wave(720))
    let last = try #require(try rig.receive(labels: 720 / 3 - 42).last { $0.label != nil })
    let repeated = try rig.repeatedLabel(of: "l/bed7/")
    #expect(repeated?.attachment == last.attachment && last.attachment?.rows == 13)
  }

  @Test(arguments: [1, 2])
  func `a drain sends the labels that wait, with what there is`(shards: Int) throws {
    let rig = try DaemonRig(pipeline: ["attach: {after: 2s}"], shards: shards)
    let publisher = try rig.publisher(.bed(), epoch: 1)
    try publisher.describe()
    try publisher.send(wave(720))
    try rig.turn(until: { rig.accounting.rowsUsed == 720 && rig.accounting.rowsHeld == 0 })
    #expect(rig.daemon.report().labels == 0, "they wait")
    let report = try rig.daemon.drain()
    #expect(report.labels == 720 / 3 - 42)
  }

  /// Else a subscriber would count those that wait as lost.
  @Test func `a stale status names the seq of the label that waits`() throws {
    let time = ManualClock()
    let rig = try DaemonRig(pipeline: ["attach: {after: 1s}"], clock: time.clock)
    let publisher = try rig.publisher(.bed(), epoch: 1)
    try publisher.describe()
    try publisher.send(wave(720))
    try rig.turn(until: { rig.accounting.rowsUsed == 720 })
    time.advance(milliseconds: 5000)
    var receiver = MultipartReceiver()
    var messages: [LabelMessage] = []
    try rig.turn(
      until: {
        while case .message(let parts) = try receiver.receive(from: rig.labels) {
          messages.append(try LabelDecoder().decode(parts))
        }
        return messages.contains { if case .status(.stale, _) = $0.kind { true } else { false } }
      }, "the stale status comes")
    let stale = try #require(messages.first { if case .status(.stale, _) = $0.kind { true } else { false } })
    let newest = messages.filter { $0.consumesSequence }.map(\.sequence).max()
    #expect(stale.sequence == newest.map { $0 + 1 } && stale.sequence == 240 - 120)
  }

  @Test func `other shapes have no room for it and do not promise it`() throws {
    var label = LabelMessage(
      kind: .label, stream: "bed7", channel: "MLII", pipeline: "beats", epoch: 17, sequence: 42, at: 9, first: 9,
      last: 9, decided: 9, label: "V", id: 2, p: 0.75, scores: [0.25, 0.75], level: .sequenced, quality: .ok,
      missing: 0)
    label.attachment = LabelAttachment(first: 3, rate: 120, columns: 1, rows: 2, values: [1, 2], isCut: false)
    for (format, parts, promises) in [("runnel", 2, true), ("plotjuggler", 2, false), ("binary", 2, false)] {
      let text = ConfigurationExample.nineLines.replacing(
        #"{bind: "tcp://127.0.0.1:9872"}"#, with: #"{bind: "tcp://127.0.0.1:9872", format: \#(format)}"#)
      var writer = OutputWriter(try ConfigurationReader.read(text: text, file: "o.yaml").configuration.outputs[0])
      var encoder = LabelEncoder()
      let written = encoder.encode(label) { json in
        writer.write(label, json: json, arrival: 0) { body, third in (Array(body), third.map { Array($0) }) }
      }
      #expect((written?.1 == nil ? 1 : 2) == parts)
      #expect(String(decoding: written?.0 ?? [], as: UTF8.self).contains("attached") == promises)
    }
  }

  @Test(arguments: [
    ("attach: {}", "asks for nothing"), ("attach: {before: 0s}", "asks for nothing"),
    ("attach: {before: 2min}", "1min"), ("attach: {before: 5}", "unit"), ("attach: 1s", "attach"),
  ])
  func `a mistake in attach is told at its place`(key: String, words: String) throws {
    let error = #expect(throws: ConfigurationErrors.self) {
      try ConfigurationReader.read(
        text: """
          streams: {beds: {bind: "tcp://127.0.0.1:*"}}
          models: {beats: {file: \(DaemonRig.model)}}
          pipelines:
            beats:
              from: beds
              model: beats
              \(key)
          outputs: {labels: {bind: "tcp://127.0.0.1:*"}}
          """, file: "test.yaml")
    }
    #expect(error?.description.contains(words) == true, "\(error.map { "\($0)" } ?? "")")
    #expect(error?.description.contains("test.yaml:7:") == true)
  }
}
